"""Calibrate a workspace: learn from its current generation, write, make current."""

from collections.abc import Callable

from regift.graph.store import manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.ranking import calibration as calibrations
from regift.ranking.calibrate import SAMPLE
from regift.ranking.calibrate import calibrate as learn
from regift.ranking.calibration import Calibration
from regift.refresh.settings import params_of, read_bounds, read_settings


def calibrate(
    workspace: Workspace,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Calibration:
    """The new current calibration, which the next refresh reads.

    Settings and parameters are those of the generation, bounds those of the workspace. The same
    generation, sample and seed give the same file. Raises UsageError before the first refresh,
    Locked when another calibration runs. Cost: see `ranking/calibrate.py`.
    """
    with workspace.lock("calibrate"):
        manifest = manifest_of(workspace, None)
        with open_snapshot(workspace, read_settings(workspace), manifest) as graph:
            graph.bounds = read_bounds(workspace)
            made = learn(
                graph,
                ALL,
                {name: params_of(graph.settings, name) for name in ALL},
                generation=manifest.number,
                sample=sample,
                seed=seed,
                say=say,
            )
        calibrations.write(workspace, made)
        return made

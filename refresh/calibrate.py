"""Calibrate a workspace: learn from its current generation and from decisions, make current."""

from collections.abc import Callable

from regift.enforcement.casebook import Casebook
from regift.enforcement.feedback import of_head
from regift.graph.store import manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.ranking import calibration as calibrations
from regift.ranking.calibrate import SAMPLE
from regift.ranking.calibrate import calibrate as learn
from regift.ranking.calibration import Calibration
from regift.ranking.decided import Verdicts
from regift.ranking.decided import learn as take_in
from regift.refresh.settings import params_of, read_bounds, read_prior, read_settings


def calibrate(
    workspace: Workspace,
    *,
    sample: int = SAMPLE,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> Calibration:
    """The new current calibration, which the next refresh reads.

    Settings and parameters are those of the generation, bounds and the weight of decisions those of
    the workspace; decisions are those of the casebook now, and its head is named if there are any.
    The same generation, sample, seed and decisions give the same file. Raises UsageError before the
    first refresh, Locked when another calibration runs. Cost: see `ranking/calibrate.py`.
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
        with Casebook.open(workspace.casebook) as casebook:
            head, counted = of_head(casebook)
        verdicts = {
            each.typology: Verdicts(each.confirmed, each.refuted, not _statistical(each.typology))
            for each in counted
        }
        made = take_in(made, verdicts, head, read_prior(workspace))
        calibrations.write(workspace, made)
        return made


def _statistical(name: str) -> bool:
    """Whether a calibration has, or may have, strata of a typology."""
    return name in ALL and bool(ALL[name].nulls or ALL[name].chance)

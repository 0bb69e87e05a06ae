"""AMLSim's runs as workspaces: loaded by declared format, with a clock of a day, refreshed.

Labels are read for comparison and nothing else. What the real data's archives hold is told in the
README beside them.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.ranking.evaluation.truth import Instance, Truth
from regift.refresh.run import refresh

RUNS_20K = ("20K_cycle200", "20K_fanin200", "20K_fanin200cycle200")
FOLDERS = ("amlsim_20k", "amlsim_1k")

_LABELLED_20K = "SELECT nodeid FROM read_csv($file, all_varchar=true) WHERE isFraud = '1'"
_ALERTS_1K = """
    SELECT alert_id, list(tran_id ORDER BY tran_id),
           list_sort(list_distinct(flatten(list([orig_acct, bene_acct])))),
           CASE WHEN count(DISTINCT bene_acct) = 1 THEN 'fan_in'
                WHEN count(DISTINCT orig_acct) = 1 THEN 'fan_out'
                ELSE 'money_cycle' END
    FROM read_csv($file, all_varchar=true) WHERE is_sar = 'True' GROUP BY alert_id ORDER BY 1
"""


@dataclass(frozen=True)
class Run:
    """One run of the simulator; its truth has alerts as instances where it tells any."""

    name: str
    records: Path
    format: str
    truth: Truth


def absent(data: Path) -> Path | None:
    """The first folder of real data that is not there."""
    return next((data / name for name in FOLDERS if not (data / name).is_dir()), None)


def runs(data: Path, folder: Path) -> Iterator[Run]:
    """The runs with their labels; archives are unpacked into `folder`."""
    for name in RUNS_20K:
        with tarfile.open(data / "amlsim_20k" / f"{name}.tgz") as archive:
            for member in ("transactions.csv", "nodes.csv"):
                archive.extract(f"{name}/{member}", folder, filter="data")
        labels = duckdb.execute(_LABELLED_20K, {"file": str(folder / name / "nodes.csv")})
        labelled = frozenset(account for (account,) in labels.fetchall())
        yield Run(name, folder / name / "transactions.csv", "amlsim_20k", Truth(labelled))
    records = data / "amlsim_1k" / "transactions_1k.csv"
    alerts = tuple(
        Instance(name, "alert", (shape,), tuple(accounts), tuple(ids))
        for name, ids, accounts, shape in duckdb.execute(
            _ALERTS_1K, {"file": str(records)}
        ).fetchall()
    )
    labelled = frozenset(account for alert in alerts for account in alert.accounts)
    yield Run("1K", records, "amlsim_1k", Truth(labelled, alerts))


def loaded(run: Run, root: Path) -> Workspace:
    """A refreshed workspace with the run's records."""
    workspace = Workspace.create(root)
    settings = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(settings.replace('unit = "1s"', 'unit = "1d"'))
    options = ReadOptions(format=run.format)
    stage(workspace, LoadRequest(sources=(str(run.records),), table="transfers", options=options))
    refreshed(workspace)
    return workspace


def refreshed(workspace: Workspace) -> bool:
    """Bring it up to date; whether anything was done. SystemExit when a bound cut anything, since
    then nothing could be compared."""
    outcome = refresh(workspace)
    if outcome.truncated:
        raise SystemExit(f"{workspace.root.name}: the run was cut short: {outcome.truncated}")
    return outcome.fresh

"""Metrics as Prometheus' own parser reads them, and the file they stand in."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from regift.graph.workspace import Workspace, now_us
from regift.loaders.errors import RegiftError
from regift.refresh.metrics import ABOUT, metrics_text, write_metrics
from regift.refresh.run_log import logged, read_runs
from regift.refresh.schedule import us_of

FACTS: dict[str, Any] = {
    "generation": 42,
    "records": {"gifts": 10, "transfers": 3_000_000_000},
    "findings": {"money_cycle": 5, "paid_gift": 0},
    "truncated": {"money_cycle": {"time": {}}},
    "stages": {"find": 1.5},
    "rejects": 2,
    "staged_rows": 7,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / 'a "b"\\礼物')
    made.settings_file.write_text('[schedule]\nevery = "1h"\n')
    return made


def run(workspace: Workspace, command: str, error: BaseException | None, **facts: Any) -> None:
    with logged(workspace, command, print) as line:
        line |= facts
        if error is not None:
            raise error


def values(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Metric and its labels but the workspace's -> value; nothing stands there twice."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation == ABOUT[family.name]
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("workspace").endswith('a "b"\\礼物')
            key = (sample.name.removeprefix("regift_"), tuple(labels.values()))
            assert key not in found
            found[key] = sample.value
    return found


def test_of_a_good_run_a_failed_one_and_an_inbox(workspace: Workspace) -> None:
    assert metrics_text(workspace, read_runs(workspace), 0).splitlines()[2].endswith("} 0.0")
    run(workspace, "refresh", None, **FACTS)
    with pytest.raises(RegiftError):
        run(workspace, "refresh", RegiftError("x"))
    run(workspace, "inbox", None, files={"done": 3, "rejected": 1})
    runs = read_runs(workspace)
    good, bad, _ = runs.lines
    found = values(metrics_text(workspace, runs, now_us()))
    assert found["run_exit_code", ("refresh",)] == 1
    assert found["run_timestamp_seconds", ("refresh",)] == us_of(bad["ended_at"]) / 1e6
    assert found["success_timestamp_seconds", ("refresh",)] == us_of(good["ended_at"]) / 1e6
    assert found["due_timestamp_seconds", ()] == us_of(good["begun_at"]) / 1e6 + 3600
    assert {key: value for key, value in found.items() if key[0] in (
        "generation", "records", "findings", "cut", "stage_seconds", "open_rejects",
        "waiting_rows", "inbox_files",
    )} == {
        ("generation", ()): 42,
        ("records", ("gifts",)): 10,
        ("records", ("transfers",)): 3_000_000_000,
        ("findings", ("money_cycle",)): 5,
        ("findings", ("paid_gift",)): 0,
        ("cut", ("money_cycle",)): 1,
        ("cut", ("paid_gift",)): 0,
        ("stage_seconds", ("find",)): 1.5,
        ("open_rejects", ()): 2,
        ("waiting_rows", ()): 7,
        ("inbox_files", ("done",)): 3,
        ("inbox_files", ("rejected",)): 1,
    }  # fmt: skip


def test_the_file_is_replaced_and_everybody_may_read_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    run(workspace, "refresh", None, **FACTS)
    path = tmp_path / "regift.prom"
    path.write_text("old")
    old = path.open()
    write_metrics(workspace, path)
    assert old.read() == "old"
    old.close()
    assert path.stat().st_mode & 0o777 == 0o644
    assert values(path.read_text())["generation", ()] == 42
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["regift.prom"]
    with pytest.raises(RegiftError, match=r"cannot write .*absent/x.prom: No such file"):
        write_metrics(workspace, tmp_path / "absent" / "x.prom")

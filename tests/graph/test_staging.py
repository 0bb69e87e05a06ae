"""Loads: idempotent, first accepted wins, corrections and withdrawals, rejects that come back."""

from pathlib import Path
from typing import Any

import pytest

from regift.graph.loads import all_loads
from regift.graph.rejects import export_text, open_rejects
from regift.graph.retry import retry
from regift.graph.staging import LoadReport, LoadRequest, stage
from regift.graph.store import current_manifest, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.errors import TooManyBadRows, UsageError
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh
from regift.refresh.settings import read_settings

HEADER = "record_id,at,source,target,amount,currency,kind"
FIRST = "t1,2026-01-01T00:00:00Z,ann,bob,5.00,CNY,payment"
OTHER = "t1,2026-01-01T00:00:00Z,ann,bob,6.00,CNY,payment"
SECOND = "t2,2026-01-02T00:00:00Z,bob,cat,7.00,CNY,payment"
BAD = "t3,2026-01-02T00:00:00Z,bob,cat,-7.00,CNY,payment"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def put(workspace: Workspace, *rows: str, header: str = HEADER, **request: Any) -> LoadReport:
    """Stage rows of a CSV file."""
    path = workspace.root.parent / "rows.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    given = {"table": "transfers", "options": ReadOptions(), **request}
    return stage(workspace, LoadRequest(sources=(str(path),), **given))


def stored(workspace: Workspace, sql: str = "SELECT record_id, amount_minor FROM transfers") -> Any:
    """Rows of the generation that a refresh makes now."""
    refresh(workspace)
    manifest = current_manifest(workspace)
    assert manifest is not None
    with open_snapshot(workspace, read_settings(workspace), manifest, threads=1) as graph:
        return graph.con.execute(f"{sql} ORDER BY ALL").fetchall()


def counts(report: LoadReport) -> tuple[int, int, int]:
    return report.accepted, report.duplicates, report.rejected


def test_the_same_file_twice_is_one_load(workspace: Workspace) -> None:
    assert counts(put(workspace, FIRST, SECOND)) == (2, 0, 0)
    again = put(workspace, FIRST, SECOND)
    assert counts(again) == (0, 2, 0)
    assert again.load is None
    assert stored(workspace) == [("t1", 500), ("t2", 700)]
    assert counts(put(workspace, FIRST, SECOND)) == (0, 2, 0)


def test_the_same_row_twice_in_one_file_is_one_record(workspace: Workspace) -> None:
    assert counts(put(workspace, FIRST, FIRST, SECOND)) == (2, 1, 0)


def test_other_content_is_a_conflict_inside_a_file_across_staged_loads_and_generations(
    workspace: Workspace,
) -> None:
    inside = put(workspace, FIRST, OTHER, max_bad="1")
    assert counts(inside) == (1, 0, 1)
    assert inside.rules == {"conflict": 1}
    with pytest.raises(TooManyBadRows, match="line 2: conflict"):
        put(workspace, OTHER)
    assert stored(workspace) == [("t1", 500)]
    with pytest.raises(TooManyBadRows, match="conflict"):
        put(workspace, OTHER)
    rejects = open_rejects(workspace)
    assert {(row["line"], row["rule"], row["row"]) for row in rejects} == {
        (3, "conflict", OTHER),
        (2, "conflict", OTHER),
    }


def test_replace_corrects_and_keeps_the_old_row(workspace: Workspace) -> None:
    put(workspace, FIRST)
    stored(workspace)
    put(workspace, OTHER, action="replace", reason="typing error")
    assert stored(workspace) == [("t1", 600)]
    history = stored(
        workspace, "SELECT tbl, key, action, reason, row->>'amount_minor' FROM history"
    )
    assert history == [("transfers", '["t1"]', "replace", "typing error", "500")]


def test_replace_before_any_refresh_keeps_the_old_row_too(workspace: Workspace) -> None:
    put(workspace, FIRST)
    put(workspace, OTHER, action="replace", reason="typing error")
    assert stored(workspace) == [("t1", 600)]
    assert stored(workspace, "SELECT row->>'amount_minor' FROM history") == [("500",)]


def test_a_withdrawn_record_does_not_come_back_by_itself(workspace: Workspace) -> None:
    put(workspace, FIRST, SECOND)
    stored(workspace)
    gone = put(workspace, "t1", header="record_id", action="withdraw", reason="court order")
    assert counts(gone) == (1, 0, 0)
    with pytest.raises(TooManyBadRows, match="withdrawn"):
        put(workspace, FIRST)
    assert stored(workspace) == [("t2", 700)]
    with pytest.raises(TooManyBadRows, match="withdrawn"):
        put(workspace, FIRST)
    put(workspace, FIRST, action="replace", reason="court changed its mind")
    assert stored(workspace) == [("t1", 500), ("t2", 700)]
    assert stored(workspace, "SELECT key FROM withdrawn") == []


def test_an_unknown_key_cannot_be_withdrawn(workspace: Workspace) -> None:
    put(workspace, FIRST)
    with pytest.raises(TooManyBadRows, match="not_found"):
        put(workspace, "t9", header="record_id", action="withdraw", reason="test")


def test_max_bad_stages_all_good_rows_or_none(workspace: Workspace) -> None:
    with pytest.raises(TooManyBadRows, match="amount_negative"):
        put(workspace, FIRST, BAD)
    assert [load["state"] for load in all_loads(workspace)] == ["refused"]
    assert len(open_rejects(workspace)) == 1
    assert counts(put(workspace, FIRST, BAD, max_bad="50%")) == (1, 0, 1)
    assert len(open_rejects(workspace)) == 1, "the same row at the same place is one reject"
    with pytest.raises(UsageError, match="max-bad"):
        put(workspace, FIRST, max_bad="some")


def test_dry_run_changes_nothing(workspace: Workspace) -> None:
    report = put(workspace, FIRST, dry_run=True)
    assert (report.load, report.accepted) == (None, 1)
    with pytest.raises(TooManyBadRows):
        put(workspace, BAD, dry_run=True)
    assert all_loads(workspace) == []


def test_rejects_are_exported_mended_and_retried(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, FIRST, BAD, max_bad="1")
    export = export_text(workspace, open_rejects(workspace))
    mended = tmp_path / "mended.csv"
    mended.write_text(export.replace("-7.00", "7.00"))
    report, table = retry(workspace, mended, time_zone="Asia/Shanghai", max_bad="0")
    assert (report.accepted, table) == (1, "transfers")
    assert open_rejects(workspace) == []
    assert stored(workspace) == [("t1", 500), ("t3", 700)]


def test_a_retry_that_is_still_bad_loses_nothing(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, FIRST, BAD, max_bad="1")
    mended = tmp_path / "mended.csv"
    mended.write_text(export_text(workspace, open_rejects(workspace)))
    with pytest.raises(TooManyBadRows):
        retry(workspace, mended, time_zone="Asia/Shanghai", max_bad="0")
    assert BAD in {row["row"] for row in open_rejects(workspace)}


def test_a_resolved_reject_that_comes_again_is_open_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Tomorrow's file of the same name may have the same bad row at the same line."""
    put(workspace, FIRST, BAD, max_bad="1")
    mended = tmp_path / "mended.csv"
    mended.write_text(export_text(workspace, open_rejects(workspace)).replace("-7.00", "7.00"))
    retry(workspace, mended, time_zone="Asia/Shanghai", max_bad="0")
    assert open_rejects(workspace) == []
    with pytest.raises(TooManyBadRows):
        put(workspace, FIRST, BAD)
    assert [(row["load"], row["row"]) for row in open_rejects(workspace)] == [("L000003", BAD)]


def test_a_row_that_a_retry_could_not_mend_twice_stays_open(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The second time the reject is the very one that the retry was to resolve."""
    put(workspace, FIRST, BAD, max_bad="1")
    mended = tmp_path / "mended.csv"
    for _ in range(3):
        mended.write_text(export_text(workspace, open_rejects(workspace)))
        retry(workspace, mended, time_zone="Asia/Shanghai", max_bad="1")
        assert [row["row"] for row in open_rejects(workspace)] == [BAD]


def test_the_newest_account_row_wins(workspace: Workspace) -> None:
    header = "account,kind,updated_at"
    old, new = "ann,personal,2026-01-01T00:00:00Z", "ann,merchant,2026-01-02T00:00:00Z"
    kinds = "SELECT account, kind FROM accounts"
    put(workspace, new, old, header=header, table="accounts")
    assert stored(workspace, kinds) == [("ann", "merchant")]
    late = put(workspace, old, header=header, table="accounts")
    assert (late.accepted, late.older, late.rejected) == (0, 1, 0)
    newer = "ann,platform,2026-01-03T00:00:00Z"
    assert put(workspace, newer, header=header, table="accounts").accepted == 1
    assert stored(workspace, kinds) == [("ann", "platform")]
    with pytest.raises(TooManyBadRows, match="conflict"):
        put(workspace, "ann,personal,", header=header, table="accounts")


@pytest.mark.parametrize("loads", [1, 3], ids=["one load", "three loads"])
@pytest.mark.parametrize(
    ("there", "rows", "kind"),
    [
        ((), ("personal,", "merchant,2026-01-02", "platform,2026-01-03"), "personal"),
        ((), ("merchant,2026-01-02", "personal,", "platform,2026-01-03"), "platform"),
        (("mini_program,2026-01-01",), ("personal,", "merchant,2026-01-02", ","), "merchant"),
        (("mini_program,",), ("personal,", "merchant,2026-01-02", ","), "mini_program"),
    ],
)
def test_rows_without_updated_at_stay_where_they_are_first(
    workspace: Workspace, there: tuple[str, ...], rows: tuple[str, ...], kind: str, loads: int
) -> None:
    """In one load as in loads of their own (D-1)."""
    given = {"header": "account,kind,updated_at", "table": "accounts", "max_bad": "100%"}
    for part in (there, rows) if loads == 1 else ((row,) for row in (*there, *rows)):
        if part:
            texts = (f"ann,{row}T00:00:00Z" if row[-1] != "," else f"ann,{row}" for row in part)
            put(workspace, *texts, **given)
    assert stored(workspace, "SELECT kind FROM accounts") == [(kind,)]

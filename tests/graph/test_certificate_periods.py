"""Certificates with impossible periods are rejects: named, kept, mended; nothing else is lost."""

import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import put, select

from regift.graph.loads import all_loads
from regift.graph.rejects import export_text, open_rejects
from regift.graph.retry import retry
from regift.graph.workspace import Workspace
from regift.loaders.errors import TooManyBadRows
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh

HEADER = "account,partner_company,filing_number,valid_from,valid_to,scope"
ROWS = "SELECT filing_number, valid_from_us, valid_to_us FROM certificates ORDER BY ALL"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def paper(first: int, last: int | str = "", filing: str = "F1", scope: str = "") -> str:
    """A row valid from one day of January to another."""
    ends = f"2026-01-{last:02}T00:00:00Z" if last else ""
    return f"brand,chain,{filing},2026-01-{first:02}T00:00:00Z,{ends},{scope}"


def load(workspace: Workspace, *rows: str, **request: Any) -> tuple[int, dict[str, int]]:
    """Accepted rows and rejects by rule."""
    made = put(workspace, "certificates", HEADER, *rows, max_bad="100%", **request)
    return made.accepted, made.rules


def days(workspace: Workspace) -> list[tuple[str, int, int | None]]:
    """Filing, first day and last day of what a refresh takes in."""
    refresh(workspace)
    day, begin = 86_400_000_000, 1_767_225_600_000_000 - 86_400_000_000
    rows = select(workspace, ROWS)
    return [(f, (a - begin) // day, None if b is None else (b - begin) // day) for f, a, b in rows]


def test_a_period_that_ends_as_it_begins_or_before(workspace: Workspace) -> None:
    found = load(workspace, paper(5, 5), paper(7, 6), paper(8, 9))
    assert found == (1, {"period_empty": 2})
    assert days(workspace) == [("F1", 8, 9)]
    told = {row["message"] for row in open_rejects(workspace)}
    assert any("ends before or when it begins" in message for message in told)


def test_without_max_bad_nothing_is_loaded_and_the_line_is_named(workspace: Workspace) -> None:
    named = r'line 2: period_empty: the certificate \["brand","F1","2026-01-07T00:00:00Z"\] ends'
    with pytest.raises(TooManyBadRows, match=named):
        put(workspace, "certificates", HEADER, paper(7, 6))
    finer = paper(7, 6).replace("07T00:00:00Z", "07T00:00:00.25Z")
    with pytest.raises(TooManyBadRows, match=r"2026-01-07T00:00:00\.250000Z"):
        put(workspace, "certificates", HEADER, finer)


def test_of_two_that_overlap_the_first_stays(workspace: Workspace) -> None:
    assert load(workspace, paper(1, 10), paper(9, 20), paper(20, 25)) == (
        2, {"period_overlap": 1},
    )  # fmt: skip
    assert days(workspace) == [("F1", 1, 10), ("F1", 20, 25)]


def test_one_that_is_refused_is_in_the_way_of_a_later_one(workspace: Workspace) -> None:
    assert load(workspace, paper(1, 10), paper(9, 20), paper(10, 15)) == (
        1, {"period_overlap": 2},
    )  # fmt: skip
    assert load(workspace, paper(10, 15)) == (1, {})


def test_across_staged_loads_and_generations(workspace: Workspace) -> None:
    assert load(workspace, paper(1, 10)) == (1, {})
    assert load(workspace, paper(9, 20)) == (0, {"period_overlap": 1})
    assert days(workspace) == [("F1", 1, 10)]
    assert load(workspace, paper(2, 3), paper(12)) == (1, {"period_overlap": 1})
    assert load(workspace, paper(28)) == (0, {"period_overlap": 1})
    assert days(workspace) == [("F1", 1, 10), ("F1", 12, None)]


def test_another_filing_or_account_may_overlap(workspace: Workspace) -> None:
    other = paper(1, 10).replace("brand", "shop")
    assert load(workspace, paper(1, 10), paper(1, 10, "F2"), other) == (3, {})


def test_the_same_row_again_is_a_duplicate(workspace: Workspace) -> None:
    assert load(workspace, paper(1, 10)) == (1, {})
    assert load(workspace, paper(1, 10)) == (0, {})


def test_a_correction_may_make_room_and_may_not_take_it(workspace: Workspace) -> None:
    load(workspace, paper(1, 10), paper(20, 30))
    refresh(workspace)
    assert load(workspace, paper(8, 20), paper(1, 8), action="replace", reason="typed wrong") == (
        2, {},
    )  # fmt: skip
    assert days(workspace) == [("F1", 1, 8), ("F1", 8, 20), ("F1", 20, 30)]
    assert load(workspace, paper(1, 9), action="replace", reason="longer") == (
        0, {"period_overlap": 1},
    )  # fmt: skip
    assert days(workspace) == [("F1", 1, 8), ("F1", 8, 20), ("F1", 20, 30)]


def test_a_correction_that_is_refused_makes_no_room(workspace: Workspace) -> None:
    load(workspace, paper(1, 10), paper(20, 30))
    found = load(workspace, paper(25, 28), paper(10, 12), paper(20, 26),
                 action="replace", reason="both")  # fmt: skip
    assert found == (1, {"period_overlap": 2})
    assert days(workspace) == [("F1", 1, 10), ("F1", 10, 12), ("F1", 20, 30)]


def test_a_withdrawn_period_is_in_nobodys_way(workspace: Workspace) -> None:
    load(workspace, paper(1, 10))
    assert load(workspace, paper(1, 10), action="withdraw", reason="not theirs") == (1, {})
    assert load(workspace, paper(5, 12)) == (1, {})
    assert days(workspace) == [("F1", 5, 12)]


def test_a_scope_with_an_unknown_channel(workspace: Workspace) -> None:
    rows = (paper(1, 2, scope="channel:wechat"), paper(3, 4, scope="art; Channel: mini_program"))
    assert load(workspace, *rows) == (1, {"scope_channel_unknown": 1})
    assert days(workspace) == [("F1", 3, 4)]


def test_a_mended_reject_comes_in(workspace: Workspace, tmp_path: Path) -> None:
    load(workspace, paper(1, 10), paper(9, 20))
    mended = tmp_path / "mended.csv"
    text = export_text(workspace, open_rejects(workspace))
    mended.write_text(text.replace("2026-01-09", "2026-01-10"))
    retry(workspace, mended, time_zone="UTC", max_bad="0")
    assert open_rejects(workspace) == []
    assert days(workspace) == [("F1", 1, 10), ("F1", 10, 20)]


def staged(workspace: Workspace) -> list[tuple[int, int | None]]:
    """Periods after all loads, as they follow each other."""
    held: dict[int, int | None] = {}
    for each in all_loads(workspace):
        path = workspace.staged / each["load"] / "rows.parquet"
        for row in pq.read_table(path).to_pylist() if path.exists() else []:
            if row["_op"] == "withdraw":
                del held[row["valid_from_us"]]
            else:
                held[row["valid_from_us"]] = row["valid_to_us"]
    return list(held.items())


loads = st.lists(
    st.tuples(
        st.sampled_from(("load", "load", "replace", "withdraw")),
        st.lists(st.tuples(st.integers(1, 9), st.integers(0, 4)), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck))
@given(loads)
def test_what_is_stored_never_overlaps(loads: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "w")
        for action, rows in loads:
            written = [paper(first, first + length or "") for first, length in rows]
            reason = None if action == "load" else "test"
            made = put(workspace, "certificates", HEADER, *written, max_bad="100%", action=action,
                       reason=reason, options=ReadOptions())  # fmt: skip
            assert made.accepted + made.duplicates + made.rejected == len(rows)
        for (a, b), (c, d) in combinations(staged(workspace), 2):
            assert (b is not None and b <= c) or (d is not None and d <= a)

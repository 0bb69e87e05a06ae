"""Dossiers beside the cases of a generation: merged, grown, changed, and without evidence."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from casebooks import CLEARED, book, case, decided

from regift.enforcement import dossier_cases, dossiers
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.dossiers import Subject
from regift.loaders.errors import UsageError

RULES = EXAMPLE_RULES
A, B = "C-" + "a" * 16, "C-" + "b" * 16


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Casebook]:
    with book(tmp_path / "casebook.sqlite", "ann") as casebook:
        yield casebook


def generation(
    log: Casebook, cases: dict[str, list[str]], content: str = "content-"
) -> duckdb.DuckDBPyConnection:
    """A generation with these findings in these cases, and the dossiers beside it."""
    con = duckdb.connect()
    con.execute("CREATE TABLE case_members (case_id VARCHAR, finding VARCHAR)")
    con.execute("CREATE TABLE findings (finding VARCHAR, typology VARCHAR, content VARCHAR)")
    for case_id, found in cases.items():
        for finding in found:
            con.execute("INSERT INTO case_members VALUES (?, ?)", [case_id, finding])
            con.execute(
                "INSERT INTO findings VALUES (?, 'paid_gift', ?)", [finding, content + finding[1:]]
            )
    dossier_cases.attach(con, log)
    return con


def test_without_dossiers_every_case_is_open(log: Casebook) -> None:
    con = generation(log, {A: ["fa1", "fa2"]})
    assert dossier_cases.states(con) == {}
    assert dossier_cases.dossiers_of(con, log, A) == []
    assert dossier_cases.evidence(con) == {}
    assert dossier_cases.subject_of(con, log, A[:8], 7) == Subject(
        None, A, 7, (("fa1", "paid_gift", "content-a1"), ("fa2", "paid_gift", "content-a2"))
    )


def test_a_late_record_renames_the_case_and_the_dossier_stays(log: Casebook) -> None:
    """The example of D-10: f0 comes before the others, so the case has another id."""
    dossiers.decide(log, case("a"), decided(), RULES)
    con = generation(log, {B: ["f0", "fa1", "fa2"]}, content="other-")
    (shown,) = dossier_cases.dossiers_of(con, log, B)
    assert (shown["dossier"], shown["shared"], shown["since"], shown["changed"]) == ("D-1", 2, 1, 2)
    assert [act["act"] for act in shown["acts"]] == ["open", "decide"]
    assert dossier_cases.states(con) == {B: "decided"}
    assert dossier_cases.case_of(con, log, "D-1") == B
    assert len(dossier_cases.subject_of(con, log, "D-1", 2).findings) == 3


@pytest.mark.parametrize(
    ("second", "state"),
    [
        ("same", "decided"),
        ("milder", "review"),
        ("cleared", "review"),
        ("open", "open"),
        ("reversed", "decided"),
    ],
)
def test_a_merged_case_tells_when_its_dossiers_disagree(
    log: Casebook, second: str, state: str
) -> None:
    dossiers.decide(log, case("a"), decided("restrict"), RULES)
    if second == "open":
        dossiers.note(log, case("b"), "looked at")
    elif second == "cleared":
        dossiers.decide(log, case("b"), CLEARED, RULES)
    else:
        measure = "notice" if second == "milder" else "restrict"
        dossiers.decide(log, case("b"), decided(measure), RULES)
    if second == "reversed":
        dossiers.reverse(log, case("b"), "wrong")
    con = generation(log, {A: ["fa1", "fb2"]})
    assert dossier_cases.states(con) == {A: state}
    rows = con.execute("SELECT dossiers FROM case_states").fetchall()
    assert rows == [(["D-1", "D-2"],)]


def test_a_case_that_split_and_one_without_evidence(log: Casebook) -> None:
    dossiers.decide(log, case("a"), decided(), RULES)
    dossiers.decide(log, case("c"), CLEARED, RULES)
    dossiers.decide(log, case("d"), decided("notice", "eve"), RULES)
    con = generation(log, {A: ["fa1"], B: ["fa2", "f9"]})
    assert dossier_cases.states(con) == {A: "decided", B: "decided"}
    assert dossier_cases.evidence(con) == {1: ("whole", [A, B]), 2: ("gone", []), 3: ("gone", [])}
    assert dossier_cases.asks_reversal(con) == [3], "a cleared case without evidence asks nothing"
    with pytest.raises(UsageError, match=f"D-1 has become {A} and {B}: name one"):
        dossier_cases.case_of(con, log, "D-1")
    with pytest.raises(UsageError, match="D-3 has no case any more"):
        dossier_cases.case_of(con, log, "D-3")
    subject = dossier_cases.subject_of(con, log, "D-3", 2)
    assert dossiers.reverse(log, subject, "no evidence").state == "reversed"
    with pytest.raises(UsageError, match="there is no dossier D-4"):
        dossier_cases.subject_of(con, log, "D-4", 2)


def test_the_gate_proposes_whom_a_decision_is_against(log: Casebook) -> None:
    con = generation(log, {A: ["fa1"], B: ["fb1"]})
    con.execute("CREATE TABLE proposals (account VARCHAR, case_id VARCHAR, measure VARCHAR)")
    con.execute(
        "INSERT INTO proposals VALUES ('x', $1, NULL), ('y', $1, 'notice'), ('z', $2, 'ban')",
        [A, B],
    )
    subject = dossier_cases.subject_of(con, log, A, 1)
    assert dossier_cases.accounts_of(con, subject) == {"x": False, "y": True}

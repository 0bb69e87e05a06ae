"""Measures flow into the degree by way of a refresh: only what is done after them counts."""

from pathlib import Path
from typing import Any

from workspaces import GIFTS, put, select

from regift.enforcement import dossiers, measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES, NO_VIOLATION
from regift.enforcement.dossiers import Decision, Subject
from regift.enforcement.measures import Planned
from regift.graph.workspace import Workspace
from regift.refresh.run import refresh

CHAIN = [
    "g1,2022-07-01T00:00:00Z,brand,ann,x,issue",
    "g2,2022-07-02T00:00:00Z,ann,bob,x,gift",
    "g3,2022-07-03T00:00:00Z,bob,mini,x,gift",
    "g4,2022-07-04T00:00:00Z,mini,cat,x,gift",
]
LATER = [
    "h1,2090-01-01T00:00:00Z,brand,dan,y,issue",
    "h2,2090-01-02T00:00:00Z,dan,eve,y,gift",
    "h3,2090-01-03T00:00:00Z,eve,mini,y,gift",
]
"""After every measure that this test takes."""


def proposed(workspace: Workspace) -> list[tuple[Any, ...]]:
    refresh(workspace)
    return select(workspace, "SELECT DISTINCT measure, degree, parts FROM proposals "
                             "WHERE account = 'mini'")  # fmt: skip


def parts(workspace: Workspace) -> dict[str, tuple[int, int]]:
    ((_, _, found),) = proposed(workspace)
    return {part["part"]: (part["n"], part["points"]) for part in found}


def test_a_measure_counts_when_something_follows_it(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    put(workspace, "gifts", GIFTS, *CHAIN)
    put(workspace, "accounts", "account,kind", "mini,mini_program", "ann,personal")
    before = proposed(workspace)
    assert [(measure, degree) for measure, degree, _ in before] == [("notice", 3)]
    with Casebook.open(workspace.casebook) as casebook:
        planned = Planned("mini", "notice", "R4", "it gave it on")
        (number,) = measures.plan(casebook, [planned], EXAMPLE_RULES)
        measures.approve(casebook, [number], "it did", EXAMPLE_RULES)
    assert proposed(workspace) == before
    ((account, clause, step),) = select(workspace, "SELECT account, clause, step FROM strikes")
    assert (account, clause, step) == ("mini", "R4", "notice")
    put(workspace, "gifts", GIFTS, *LATER)
    told = parts(workspace)
    assert told["facts"] == (3, 4)
    assert told["confrontation"] == (1, 3)
    assert told["repetition"] == (1, 0)  # 63 years are many half-lives
    with Casebook.open(workspace.casebook) as casebook:
        measures.close(casebook, number, "over")
    told = parts(workspace)
    assert told["repetition"] == (1, 0)
    assert "confrontation" not in told
    with Casebook.open(workspace.casebook) as casebook:
        (number,) = measures.plan(casebook, [planned], EXAMPLE_RULES)
        measures.approve(casebook, [number], "again", EXAMPLE_RULES)
        measures.reverse(casebook, number, "it was another one")
    assert parts(workspace) == told


def test_what_people_refuted_counts_no_more(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    put(workspace, "gifts", GIFTS, *CHAIN)
    put(workspace, "accounts", "account,kind", "mini,mini_program", "ann,personal")
    assert [degree for _, degree, _ in proposed(workspace)] == [3]
    ((case,),) = select(workspace, "SELECT case_id FROM cases")
    seen = select(workspace, "SELECT finding, typology, content FROM findings")
    subject = Subject(None, case, 1, tuple((f, t, c) for f, t, c in seen))
    cleared = Decision(NO_VIOLATION, None, "a museum")
    with Casebook.open(workspace.casebook) as casebook:
        dossiers.decide(casebook, subject, cleared, EXAMPLE_RULES)
    assert [(measure, degree) for measure, degree, _ in proposed(workspace)] == [(None, None)]
    ((why,),) = select(workspace, "SELECT DISTINCT why FROM proposals WHERE account = 'mini'")
    assert why == "refuted by a decision"
    put(workspace, "gifts", GIFTS, *LATER)
    assert {degree for _, degree, _ in proposed(workspace)} == {None, 3}
    with Casebook.open(workspace.casebook) as casebook:
        dossiers.reverse(casebook, Subject(1, case, 1, ()), "it is no museum")
    assert {degree for _, degree, _ in proposed(workspace)} == {6}

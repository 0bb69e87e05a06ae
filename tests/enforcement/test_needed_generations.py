"""Which generations open decisions rest on, over the life of a dossier and its measures."""

from pathlib import Path

from casebooks import CLEARED, FAR_US, book, case, decided

from regift.enforcement import dossier_measures, dossiers, measures
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Planned
from regift.enforcement.needed_generations import needed


def test_from_the_first_note_until_nothing_of_it_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    with book(path, "ann") as ann, book(path, "bob") as bob, book(path, "cat") as cat:
        assert needed(ann.con, 0) == {}
        dossiers.note(ann, case("a", generation=3), "look")
        dossiers.note(ann, case("b", generation=3), "look")
        assert needed(ann.con, 0) == {3: ["D-1", "D-2"]}
        dossiers.decide(ann, case("b", generation=4), CLEARED, EXAMPLE_RULES)
        assert needed(ann.con, 0) == {3: ["D-1"]}
        dossiers.decide(ann, case("a", generation=5), decided("ban"), EXAMPLE_RULES)
        assert needed(ann.con, 0) == {3: ["D-1"], 5: ["D-1"]}
        dossiers.approve(bob, case("a", generation=6), "seen", EXAMPLE_RULES)
        assert needed(ann.con, 0) == {3: ["D-1"], 5: ["D-1"]}  # a measure is in force
        dossiers.appeal(ann, case("a", generation=7), "they write")
        dossiers.overturn(cat, case("a", generation=7), "wrong account")
        assert needed(ann.con, FAR_US) == {}


def test_a_measure_in_force_keeps_its_plan_and_a_dossier_that_was_decided_not(
    tmp_path: Path,
) -> None:
    with book(tmp_path / "casebook.sqlite", "ann") as ann:
        notice = [Planned("gil", "notice", "R4", "many")]
        (number,) = dossier_measures.plan(ann, [(case("a", generation=8), notice)], EXAMPLE_RULES)
        assert needed(ann.con, 0) == {8: ["D-1"]}
        dossier_measures.approve(ann, [number], "seen", EXAMPLE_RULES)
        assert dossiers.get(ann, 1).state == "decided"
        assert needed(ann.con, 0) == {8: ["D-1"]}
        again = [Planned("gil", "rectify", "R4", "many")]
        subject = dossier_measures.seen(ann, 1, 9, case("a").findings)
        (later,) = dossier_measures.plan(ann, [(subject, again)], EXAMPLE_RULES)
        assert needed(ann.con, 0) == {8: ["D-1"], 9: ["D-1"]}
        dossier_measures.decline(ann, [later], "no")
        measures.close(ann, number, "stopped")
        assert needed(ann.con, 0) == {}


def test_a_measure_that_has_ended_by_itself_keeps_nothing(tmp_path: Path) -> None:
    with book(tmp_path / "casebook.sqlite", "ann") as ann:
        dossiers.decide(ann, case("a", generation=2), decided("notice"), EXAMPLE_RULES)
        ann.con.execute("UPDATE measures SET until_us = 1000")
        assert needed(ann.con, 999) == {2: ["D-1"]}
        assert needed(ann.con, 1000) == {}

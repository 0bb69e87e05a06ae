"""Casebooks for tests: one with every kind of row, and the people who write them."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from regift.enforcement import (
    allow_list,
    certificates,
    dossier_measures,
    dossiers,
    forgetting,
    measures,
)
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.dossiers import Decision, Subject
from regift.enforcement.measures import Handed, Planned
from regift.enforcement.replay import erase, forget

FAR_US = 4_000_000_000_000_000
"""A moment in 2096."""


def case(letter: str, *more: str, number: int | None = None, generation: int = 1) -> Subject:
    """A case with the findings `f<letter>1`, `f<letter>2` and more."""
    findings = [(f"f{letter}{n}", "paid_gift", f"content-{letter}{n}") for n in (1, 2)]
    findings += [(name, "money_cycle", f"content-{name}") for name in more]
    return Subject(number, f"C-{letter * 16}", generation, tuple(findings))


def decided(measure: str = "restrict", *accounts: str, clause: str | None = "R4") -> Decision:
    """A decision against accounts, `ann` by default."""
    return Decision(measure, clause, "they sold it on", accounts or ("ann",))


CLEARED = Decision("no_violation", None, "a family")


@contextlib.contextmanager
def book(path: Path, who: str) -> Iterator[Casebook]:
    """The casebook as one person has it open."""
    with Casebook.open(path, who) as opened:
        yield opened


def filled(path: Path) -> None:
    """A casebook with every kind of decision in it, and one erased row."""
    with book(path, "ann") as ann, book(path, "bob") as bob, book(path, "cat") as cat:
        ann.judge("x", "y", "same", "one phone")
        ann.note("export", {"list": "suspects"})
        dossiers.assign(ann, case("a"), "ann")
        dossiers.note(ann, case("a"), "礼物🎁 'quoted'")
        dossiers.decide(ann, case("a"), decided("ban", "ann", "dan"), EXAMPLE_RULES)
        dossiers.approve(bob, case("a"), "seen", EXAMPLE_RULES)
        dossiers.appeal(ann, case("a"), "they write that ...")
        dossiers.uphold(cat, case("a"), "nothing new")
        dossiers.decide(bob, case("b"), CLEARED, EXAMPLE_RULES)
        dossiers.decide(bob, case("c"), decided("notice", "eve"), EXAMPLE_RULES)
        dossiers.reverse(cat, case("c"), "wrong account")
        numbers = measures.plan(
            ann,
            [
                Planned("gil", "restrict", "R4", "many", None, 10, FAR_US),
                Planned("hal", "rectify", "R1", "some", 1),
            ],
            EXAMPLE_RULES,
        )
        measures.approve(bob, numbers, "yes", EXAMPLE_RULES)
        measures.export(bob, [Handed(numbers[0], 7, 8, FAR_US)], "actions-1")
        measures.recheck(cat, numbers[0], "continues", "three more")
        measures.extend(cat, numbers[0], "again", due_us=9, until_us=FAR_US)
        measures.close(cat, numbers[1], "it stopped")
        plans = [Planned("ida", "ban", "R4", "40"), Planned("jan", "notice", "R4", "1")]
        first, second = dossier_measures.plan(ann, [(case("k"), plans)], EXAMPLE_RULES)
        dossier_measures.approve(bob, [first], "seen", EXAMPLE_RULES, "R5")
        dossier_measures.decline(cat, [second], "a test account")
        measures.export(bob, [Handed(first, 7, 8, FAR_US)], "actions-2", lifted=[numbers[1]])
        allow_list.add(ann, "zoe", FAR_US, "a test account")
        allow_list.add(bob, "zoe", FAR_US + 1, "longer")
        allow_list.add(bob, "yan", FAR_US, "press")
        allow_list.remove(ann, "yan", "over")
        certificates.review(ann, "brand", "F'1🎁", "accepted", "the register has it")
        certificates.review(bob, "brand", "F'1🎁", "refused", "the register has it no more")
        certificates.remind(cat, "brand", "asked by mail")
        forgetting.ask(ann, "max", "forgotten-1", "max asked")
        forgetting.ask(ann, "moe", "forgotten-2", "asked by mail")
        forgetting.cancel(bob, "moe", "took it back")
        erase(cat, 2, "not ours to keep")
        forget(cat, forgetting.waiting(cat.con), 2)


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a casebook file."""
    con = sqlite3.connect(path)
    try:
        names = [
            name
            for (name,) in con.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
        ]
        return {
            name: con.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in names
        }
    finally:
        con.close()


def changed(path: Path, *statements: str) -> None:
    """Change a casebook past regift."""
    con = sqlite3.connect(path, isolation_level=None)
    try:
        for statement in statements:
            con.execute(statement)
    finally:
        con.close()

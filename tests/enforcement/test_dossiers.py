"""Dossiers: which act is allowed when and to whom, and what each leaves behind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from casebooks import CLEARED, book, case, decided, tables

from regift.enforcement import allow_list, dossiers, measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES, DecisionRules
from regift.enforcement.dossiers import Decision, Dossier, Subject
from regift.enforcement.feedback import Feedback, feedback
from regift.graph.workspace import now_us
from regift.loaders.errors import RegiftError, UsageError

RULES = EXAMPLE_RULES
A = case("a")

Act = Callable[[Casebook, Subject], Dossier]
ACTS: dict[str, tuple[str, Act]] = {
    "assign": ("ann", lambda log, at: dossiers.assign(log, at, "eve")),
    "note": ("ann", lambda log, at: dossiers.note(log, at, "n")),
    "decide": ("ann", lambda log, at: dossiers.decide(log, at, decided(), RULES)),
    "propose": ("ann", lambda log, at: dossiers.decide(log, at, decided("ban"), RULES)),
    "clear": ("ann", lambda log, at: dossiers.decide(log, at, CLEARED, RULES)),
    "approve": ("bob", lambda log, at: dossiers.approve(log, at, "r", RULES)),
    "appeal": ("ann", lambda log, at: dossiers.appeal(log, at, "r")),
    "uphold": ("cat", lambda log, at: dossiers.uphold(log, at, "r")),
    "overturn": ("cat", lambda log, at: dossiers.overturn(log, at, "r")),
    "reverse": ("ann", lambda log, at: dossiers.reverse(log, at, "r")),
}
"""Act -> who does it, so that persons allow it, and how."""

WAYS: dict[str, tuple[str, ...]] = {
    "open": ("note",),
    "awaiting approval": ("propose",),
    "decided": ("propose", "approve"),
    "cleared": ("clear",),
    "appealed": ("decide", "appeal"),
    "upheld": ("decide", "appeal", "uphold"),
    "overturned": ("decide", "appeal", "overturn"),
    "reversed": ("decide", "reverse"),
}
"""State -> acts that lead there."""

NEXT: dict[str, dict[str, str]] = {
    "open": {"decide": "decided", "propose": "awaiting approval", "clear": "cleared"},
    "awaiting approval": {
        **{"decide": "decided", "propose": "awaiting approval", "clear": "cleared"},
        **{"approve": "decided", "reverse": "reversed"},
    },
    "decided": {"appeal": "appealed", "reverse": "reversed"},
    "cleared": {"reverse": "reversed"},
    "appealed": {"uphold": "upheld", "overturn": "overturned", "assign": "appealed"},
    "upheld": {"reverse": "reversed"},
    "overturned": {"decide": "decided", "propose": "awaiting approval", "clear": "cleared"},
    "reversed": {"decide": "decided", "propose": "awaiting approval", "clear": "cleared"},
}
"""State -> act -> state, of definition D-15; `note` and, when open, `assign` change none."""


def act(path: Path, name: str, at: Subject = A) -> Dossier:
    who, done = ACTS[name]
    with book(path, who) as casebook:
        return done(casebook, at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "casebook.sqlite"


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("name", ACTS)
def test_every_act_in_every_state(path: Path, state: str, name: str) -> None:
    for each in WAYS[state]:
        made = act(path, each)
    assert made.state == state
    before = tables(path)
    wanted = {"note": state, **({"assign": "open"} if state == "open" else {}), **NEXT[state]}
    if name in wanted:
        assert act(path, name).state == wanted[name]
    else:
        with pytest.raises(RegiftError, match=f"D-1 is {state}.*needs one that is"):
            act(path, name)
        assert tables(path) == before
    with book(path, "ann") as casebook:
        casebook.verify()


def test_what_a_case_without_a_dossier_allows(path: Path) -> None:
    for name in ("approve", "appeal", "uphold", "overturn", "reverse"):
        with pytest.raises(RegiftError, match="C-aaaaaaaaaaaaaaaa has no dossier: "):
            act(path, name)
    assert tables(path)["audit"] == []
    assert act(path, "decide").name == "D-1"
    assert act(path, "decide", case("b")).name == "D-2"


def test_who_hands_a_dossier_on_is_no_second_person(path: Path) -> None:
    with book(path, "eve") as casebook:
        dossiers.assign(casebook, A, "eve")
        dossiers.assign(casebook, A, "cat")
    act(path, "propose")
    with book(path, "eve") as casebook, pytest.raises(RegiftError, match="was assigned it"):
        dossiers.approve(casebook, A, "r", RULES)
    assert act(path, "approve").approved_by == "bob"


def test_two_people(path: Path) -> None:
    act(path, "assign", A)
    act(path, "propose")
    for who, why in (("ann", "ann decided it"), ("eve", "eve is or was assigned it")):
        with book(path, who) as casebook, pytest.raises(RegiftError, match=f"second person: {why}"):
            dossiers.approve(casebook, A, "r", RULES)
    act(path, "approve")
    act(path, "appeal")
    for who, why in (("ann", "ann decided it"), ("bob", "bob approved it")):
        for end in (dossiers.uphold, dossiers.overturn):
            with book(path, who) as casebook, pytest.raises(RegiftError, match=why):
                end(casebook, A, "r")
    assert act(path, "overturn").ended_by == "cat"


def test_what_a_decision_needs(path: Path) -> None:
    wrong = {
        "there is no measure 'jail': the ladder has notice": decided("jail"),
        "there is no clause 'R9'": decided(clause="R9"),
        "restrict needs the clause": decided(clause=None),
        "the reason is empty": Decision("restrict", "R4", " ", ("ann",)),
        "no_violation measures nobody": Decision("no_violation", None, "r", ("ann",)),
    }
    with book(path, "ann") as casebook:
        for said, decision in wrong.items():
            with pytest.raises(UsageError, match=said):
                dossiers.decide(casebook, A, decision, RULES)
        assert casebook.rows() == []


def test_measures_follow_the_dossier(path: Path) -> None:
    with book(path, "ann") as casebook:

        def measured() -> list[tuple[str, str]]:
            return [(account, step) for account, _, _, step in casebook.state().measured]

        rules = DecisionRules(("notice", "ban"), ("R4",), "ban", {"ban": 5}, {"ban": 10**15})
        dossiers.decide(casebook, A, decided("ban", "礼", "ann"), rules)
        assert measured() == []
        dossiers.decide(casebook, A, decided("ban", "ann", "bob"), rules)
        with book(path, "bob") as bob:
            approved = dossiers.approve(bob, A, "r", rules)
        assert measured() == [("ann", "ban"), ("bob", "ban")]
        assert approved.approved_us is not None
        found = measures.listed(casebook, states=["approved"])
        assert [(m.account, m.dossier) for m in found] == [("ann", 1), ("bob", 1)]
        assert all(m.due_us is not None and m.due_us <= approved.approved_us for m in found)
        assert {m.state for m in measures.listed(casebook)} == {"reversed", "approved"}
        before = casebook.state()
        dossiers.reverse(casebook, A, "wrong")
        assert measured() == []
        assert casebook.state().head != before.head
        casebook.verify()


def test_a_merged_case_and_a_grown_one(path: Path) -> None:
    act(path, "decide")
    act(path, "clear", case("b"))
    merged = Subject(None, "C-aaaaaaaaaaaaaaaa", 2, A.findings + case("b").findings)
    for name in ("note", "decide", "reverse"):
        with pytest.raises(UsageError, match="dossiers D-1, D-2: name the dossier"):
            act(path, name, merged)
    named = Subject(2, merged.case_id, 2, merged.findings)
    assert act(path, "reverse", named).name == "D-2"
    grown = Subject(None, "C-0000000000000000", 2, (("f0", "paid_gift", "x"), *A.findings))
    assert act(path, "reverse", grown).name == "D-1"
    act(path, "decide", grown)
    assert ("f0", "paid_gift") in {row[1:3] for row in tables(path)["dossier_findings"]}


def test_who_is_on_the_allow_list_is_not_measured(path: Path) -> None:
    with book(path, "ann") as casebook:
        allow_list.add(casebook, "dan", now_us() + 10**12, "press")
        with pytest.raises(RegiftError, match=r"dan is on the allow-list \(press\)"):
            dossiers.decide(casebook, A, decided("notice", "ann", "dan"), RULES)
        assert [row.action for row in casebook.rows()] == ["allow add"]


def test_feedback_counts_decisions_that_stand(path: Path) -> None:
    for letter, ways in {
        "a": WAYS["decided"],
        "b": WAYS["cleared"],
        "c": WAYS["overturned"],
        "d": WAYS["reversed"],
        "e": WAYS["appealed"],
        "f": WAYS["open"],
    }.items():
        for name in ways:
            act(path, name, case(letter, *(["m"] if letter == "a" else [])))
    with book(path, "ann") as casebook:
        assert feedback(casebook) == [
            Feedback("money_cycle", 1, 1, 0),
            Feedback("paid_gift", 3, 1, 2),
        ]

"""D-14: who may be proposed for which measure, and what is said where nobody may."""

from dataclasses import replace
from typing import Any

import pytest
from ledger import DAY, Found, Ledger, calibration, gift, ranked, transfer

KINDS = {"shop": ("official_account", None), "mini": ("mini_program", None)}


def fact(n: int, account: str = "shop", role: str = "giver", **more: object) -> Found:
    return Found(
        n, "multi_level_gift", (("gifts", f"g{n}"),), ((account, role), ("u", "receiver")),
        ("x",), n * DAY, n * DAY, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def world(*findings: Found, **more: object) -> Ledger:
    gifts = tuple(gift(f"g{n}", "shop>u", "x", n) for n in range(1, 13))
    money = (transfer("t1", "shop>u", 100, 1), transfer("t2", "u>shop", 100, 2))
    return Ledger(findings, gifts, money, kinds=KINDS, **more)  # type: ignore[arg-type]


def cycle(n: int, typology: str = "money_cycle", role: str = "relay") -> Found:
    records = (("transfers", "t1"), ("transfers", "t2"))
    return Found(n, typology, records, (("shop", role), ("u", "relay")), (), DAY, 2 * DAY)


def proposed(ledger: Ledger, account: str = "shop") -> tuple[str | None, str | None, str]:
    with ranked(ledger) as con:
        rows = con.execute(
            "SELECT measure, clause, why FROM proposals WHERE account = ?", [account]
        ).fetchall()
    assert len(rows) == 1
    return rows[0]


LADDER = "(example: notice from 1, rectify from 6, restrict from 11, take_down from 20)"


def degree(points: int, facts: int) -> str:
    """What is said of facts under R4."""
    return (
        f"degree {2 + points} {LADDER}; 2 for clause R4; "
        f"{points} for facts that name the account: {facts}"
    )


@pytest.mark.parametrize(
    ("facts", "points", "measure"),
    [(1, 1, "notice"), (2, 1, "notice"), (3, 4, "rectify"), (9, 4, "rectify"),
     (10, 9, "restrict")],
)  # fmt: skip
def test_the_measure_follows_the_degree(facts: int, points: int, measure: str) -> None:
    found = proposed(world(*(fact(n) for n in range(1, facts + 1))))
    assert found == (
        measure,
        "R4",
        degree(points, facts),
    )


def test_facts_of_all_cases_count() -> None:
    """Three facts on three items too far apart for one case: each case proposes `rectify`."""
    findings = tuple(
        replace(fact(n), items=(f"i{n}",), first_us=n * 90 * DAY, last_us=n * 90 * DAY)
        for n in (1, 2, 3)
    )
    gifts = tuple(gift(f"g{n}", "shop>u", f"i{n}", n * 90) for n in (1, 2, 3))
    with ranked(Ledger(findings, gifts, kinds=KINDS)) as con:
        rows = con.sql("SELECT measure FROM proposals WHERE account = 'shop'").fetchall()
    assert rows == [("rectify",)] * 3


@pytest.mark.parametrize(
    ("more", "doubt"),
    [
        ({"complete": False}, "evidence is incomplete"),
        ({"detail": '{"lower_bound": true}'}, "a custody gap in the chain"),
        ({"detail": '{"linked": "associated"}'}, "it rests on a link by one identifier"),
    ],
)
def test_doubtful_facts_lift_to_rectify_at_most(more: dict[str, object], doubt: str) -> None:
    measure, _, why = proposed(world(*(fact(n, **more) for n in range(1, 11))))
    assert measure == "rectify"
    assert why.endswith(f"; doubtful ones lift to rectify at most (example): {doubt}")
    clear = proposed(world(*(fact(n) for n in range(1, 11)), fact(11, **more)))
    assert clear[0] == "restrict"


def test_a_custody_gap_before_a_fact_is_a_doubt_and_one_after_it_is_not() -> None:
    facts = tuple(fact(n) for n in range(2, 12))

    def gap(day: int) -> Found:
        return Found(99, "custody_gap", (("gifts", "g1"),), (("u", "giver"),), ("x",), day * DAY,
                     day * DAY)  # fmt: skip

    assert proposed(world(*facts, gap(1)))[0] == "rectify"
    assert proposed(world(*facts, gap(12)))[0] == "restrict"


def test_two_families_without_a_calibration_are_worth_a_notice() -> None:
    both = world(cycle(1), cycle(2, "pass_through"))
    assert proposed(both) == (
        "notice", "R1", "2 families without a calibration: at most notice (example)",
    )  # fmt: skip
    nothing = (None, "R1", "no fact, and no two families that show an act")
    assert proposed(world(cycle(1))) == nothing
    assert proposed(world(cycle(1), cycle(2))) == nothing


def test_identity_and_habit_alone_never_pass() -> None:
    papers = Found(1, "shared_controller", (("identifiers", "p"),), (("shop", "member"),))
    assert proposed(world(papers, cycle(2, "fan_in")))[0] is None
    assert proposed(world(papers, replace(cycle(2), first_us=0)))[0] == "notice"


def test_labels_pass_no_gate() -> None:
    label = {"account": "shop", "at_us": 0, "code": "spam", "origin": "mod"}
    assert proposed(world(cycle(1), labels=(label,)))[0] is None


def test_a_paid_gift_is_a_fact_by_its_price_alone() -> None:
    paid = replace(fact(1), typology="paid_gift")
    assert proposed(world(replace(paid, detail='{"tier": "price"}')))[:2] == ("notice", "R2")
    assert proposed(world(replace(paid, detail='{"tier": "sum"}')))[0] is None


def test_people_and_unknown_accounts_are_evidence_only() -> None:
    example = degree(1, 1)
    measure, clause, why = proposed(world(fact(1)), "u")
    assert (measure, clause, why) == (None, "R4", f"evidence only: unknown account; {example}")
    personal = replace(world(fact(1)), kinds={"u": ("personal", None)})
    assert proposed(personal, "u")[2] == f"evidence only: personal account; {example}"


@pytest.mark.parametrize("role", ["organiser", "broker"])
def test_who_runs_it_is_measured_whoever_it_is(role: str) -> None:
    runs = replace(fact(1), subjects=(("u", role),))
    assert proposed(world(runs), "u")[0] == "notice"


def test_who_is_only_ever_the_source_is_possibly_affected() -> None:
    why = "possibly affected: only ever the source"
    assert proposed(world(fact(1, role="source"))) == (None, "R4", why)
    assert proposed(world(fact(1, role="source"), fact(2)))[0] == "notice"


def test_who_is_named_but_on_no_record_gets_nothing() -> None:
    named = replace(fact(1), subjects=(("mini", "giver"), ("u", "receiver")))
    assert proposed(world(named), "mini") == (
        None, None, "possibly affected: only ever the source",
    )  # fmt: skip


def rates(cycle: int, relay: int) -> object:
    """A calibration with these rates of the two families of the tests above."""
    return calibration({"money_cycle": {"all": cycle}, "closed_circulation": {"all": relay}})


@pytest.mark.parametrize(
    ("given", "measure", "why"),
    [
        (None, "notice", "2 families without a calibration: at most notice (example)"),
        (rates(1000, 99), "rectify",
         "2 families that chance does not explain: at most rectify (example)"),
        (rates(1001, 99), None, "no fact, and no two families that show an act"),
        (calibration({"money_cycle": {"all": 99}}), "notice",
         "2 families without a calibration: at most notice (example)"),
    ],
)  # fmt: skip
def test_two_families_under_a_calibration(given: Any, measure: str | None, why: str) -> None:
    """D-14 (b): each at most a tenth by chance; where a rate is missing only `notice`."""
    ledger = world(cycle(1), cycle(2, "closed_circulation"), calibration=given)
    found, _, told = proposed(ledger)
    assert (found, told) == (measure, why)

"""The degree of a violation: each part by itself, decay, and all of it against its oracle."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import DAY, Found, Ledger, gift, ranked, transfer
from ledgers import NAMES, ledgers
from oracles import degree as oracle

from regift.ranking.constants import MEASURES
from regift.ranking.gate_rules import DegreeRules, GateRules, InForce
from regift.ranking.rank import rank

FEW = settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
KINDS: dict[str, tuple[str | None, str | None]] = {"shop": ("official_account", None)}
TABLE = ((1, 1), (2, 2), (4, 4))


def rules(**degree: Any) -> GateRules:
    return GateRules(ladder=((1, "notice"), (3, "rectify"), (5, "restrict"), (8, "ban")),
                     degree=DegreeRules(**degree))  # fmt: skip


def fact(n: int, *others: str, **more: Any) -> Found:
    named = tuple((other, "receiver") for other in others or ("u",))
    given = {
        "n": n, "typology": "multi_level_gift", "records": (("gifts", f"g{n}"),),
        "subjects": (("shop", "giver"), *named), "items": ("x",), "first_us": n * DAY,
        "last_us": n * DAY,
    }  # fmt: skip
    return Found(**{**given, **more})


def world(degree: GateRules, *findings: Found, **more: Any) -> Ledger:
    others = sorted({a for f in findings for a, _ in f.subjects} - {"shop"})
    gifts = tuple(
        gift(f"g{n}", f"shop>{other}", "x", n, price_minor=150, currency="CNY")
        for n, other in zip(range(1, 9), others * 8, strict=False)
    )
    given = {"findings": findings, "gifts": gifts, "kinds": KINDS, "rules": degree}
    return Ledger(**{**given, **more})


def told(ledger: Ledger, account: str = "shop") -> tuple[str | None, int, dict[str, list[int]]]:
    """Measure, degree and {part: [n, points]}."""
    with ranked(ledger) as con:
        ((measure, degree, parts),) = con.execute(
            "SELECT measure, degree, parts FROM proposals WHERE account = ?", [account]
        ).fetchall()
    assert degree == sum(part["points"] for part in parts)
    return measure, degree, {part["part"]: [part["n"], part["points"]] for part in parts}


def test_parts_are_counted_apart() -> None:
    """Two facts on one item and two others; records once each; the clause that weighs most."""
    found = (fact(1, "u", "v"), fact(2, records=(("gifts", "g1"), ("gifts", "g2"))))
    given = rules(clause=(("R4", 2),), facts=TABLE, items=TABLE, people=TABLE,
                  money=(("CNY", ((300, 1), (301, 9))),))  # fmt: skip
    assert told(world(given, *found)) == (
        "ban", 8,
        {"clause": [2, 2], "facts": [2, 2], "items": [1, 1], "people": [2, 2], "money": [300, 1]},
    )  # fmt: skip


def test_a_currency_without_a_table_has_no_points() -> None:
    assert told(world(rules(facts=TABLE, money=(("USD", ((1, 5),)),)), fact(1))) == (
        "notice", 1, {"clause": [1, 0], "facts": [1, 1], "items": [1, 0], "people": [1, 0],
                      "money": [150, 0]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "half_life", "expected"),
    [
        (3, None, [1, 5]),
        (3, 6, [1, 5]),  # newest record: day 8, one microsecond short of a half-life
        (2, 6, [1, 2]),
        (3, 1, [1, 0]),
        (4, None, None),  # taken at the moment of the last fact, not before it
    ],
)
def test_a_measure_counts_after_which_it_was_done_again(
    at: int, half_life: int | None, expected: list[int] | None
) -> None:
    given = rules(facts=((1, 1),), strike=5, half_life_us=half_life and half_life * DAY)
    strike = ("shop", at * DAY + (at == 3), "R4", "notice")
    if at == 3:
        strike = ("shop", 2 * DAY + 1, "R4", "notice")
    ledger = world(given, fact(4), fact(1), strikes=(strike, ("u", 0, "R4", "ban")))
    _, degree, parts = told(ledger)
    assert parts.get("repetition") == expected
    assert degree == 1 + (expected[1] if expected else 0)


def test_each_strike_is_halved_by_itself() -> None:
    """Three points halved once are one, twice nothing: not one and a half together three."""
    strikes = tuple(("shop", day * DAY, "R4", "notice") for day in (0, 0, 4, 6))
    given = rules(facts=((1, 1),), strike=3, half_life_us=4 * DAY)
    assert told(world(given, fact(7), strikes=strikes))[2]["repetition"] == [4, 0 + 0 + 1 + 3]


def test_a_strike_of_a_clause_that_was_not_in_force_counts_for_nothing() -> None:
    given = replace(rules(facts=((1, 1),), strike=3), spans=(("R4", 2 * DAY, 4 * DAY),))
    for day, expected in ((1, None), (2, [1, 3]), (4, None)):
        ledger = world(given, fact(7), strikes=(("shop", day * DAY, "R4", "notice"),))
        assert told(ledger)[2].get("repetition") == expected
    other = world(given, fact(7), strikes=(("shop", 2 * DAY, "R9", "notice"),))
    assert "repetition" not in told(other)[2]


def test_a_measure_alone_raises_nothing() -> None:
    """What it was taken for is not done again: the next proposal is the same."""
    given = rules(facts=TABLE, strike=5, confrontation=((1, 5),))
    before = world(given, fact(1), fact(2))
    late = (("shop", 3 * DAY, "R4", "notice"),)
    assert told(before) == told(replace(before, strikes=late, measured=late))
    again = replace(before, findings=(*before.findings, fact(4)), strikes=late, measured=late)
    measure, degree, parts = told(again)
    assert (measure, degree) == ("ban", 2 + 5 + 5)
    assert (parts["repetition"], parts["confrontation"]) == ([1, 5], [1, 5])


def test_evasion_that_counts_is_confrontation() -> None:
    evasion = Found(9, "evasion", (("gifts", "g1"), ("gifts", "g2")), (("shop", "seller"),),
                    ("x",), DAY, 2 * DAY)  # fmt: skip
    given = rules(facts=((1, 1),), confrontation=((1, 4),))
    assert told(world(given, fact(1), evasion))[:2] == ("restrict", 5)
    source = replace(evasion, subjects=(("shop", "source"), ("u", "seller")))
    assert told(world(given, fact(1), source))[1] == 1
    with ranked(world(given, evasion, kinds=KINDS)) as con:
        rows = con.sql("SELECT degree, parts FROM proposals").fetchall()
    assert set(rows) == {(None, None)}  # without a fact there is no degree


def test_doubtful_facts_are_in_the_degree_and_lift_no_further_than_the_cap() -> None:
    given = rules(facts=((1, 3), (2, 8)))
    assert told(world(given, fact(1), fact(2)))[:2] == ("ban", 8)
    assert told(world(given, fact(1), fact(2, complete=False)))[:2] == ("rectify", 8)
    both = replace(given, ladder=((1, "notice"), (3, "restrict"), (8, "ban")))
    assert told(world(both, fact(1), fact(2, complete=False)))[:2] == ("restrict", 8)


def test_conduct_before_its_clause_is_in_no_part() -> None:
    clauses = (InForce("R4", "multi_level_gift", 0, None, 3 * DAY, None),)
    given = replace(
        rules(clause=(("R4", 1),), facts=TABLE, items=TABLE, people=TABLE, strike=7,
              confrontation=((1, 7),), money=(("CNY", ((151, 9),)),)),
        clauses=clauses,
    )  # fmt: skip
    early = (fact(1, "v", items=("y",)), fact(2, "w"))
    strikes = (("shop", 2 * DAY, "R4", "notice"),)
    one = world(given, *early, fact(3), strikes=())
    assert told(one)[2] == {
        "clause": [1, 1], "facts": [1, 1], "items": [1, 1], "people": [1, 1], "money": [150, 0],
    }  # fmt: skip
    assert told(replace(one, findings=(fact(3),), gifts=one.gifts[:3])) == told(one)
    measured = replace(one, measured=((("shop"), DAY // 2, "R4", "notice"),), strikes=strikes)
    assert told(measured)[2]["confrontation"] == [1, 7]


@pytest.mark.parametrize("name", ["a\"b';--", "账号🎁"])
def test_words_of_users_are_no_sql(name: str) -> None:
    clauses = (InForce(name, "multi_level_gift", 0, None, 0, None),)
    given = replace(
        rules(clause=((name, 2),), money=((name, ((1, 3),)),)), clauses=clauses,
        spans=((name, 0, None),),
    )  # fmt: skip
    ledger = world(given, fact(1), gifts=(), transfers=(transfer("t", "shop>u", 5, 1,
                   currency=name),))  # fmt: skip
    found = replace(fact(1), records=(("transfers", "t"),), items=())
    measure, degree, parts = told(replace(ledger, findings=(found,)))
    assert (measure, degree, parts["money"]) == ("restrict", 5, [5, 3])


def test_a_generation_that_knew_no_degree_counts_facts() -> None:
    plain = GateRules().plain
    for key in ("degree", "spans", "caps_example"):
        del plain[key]
    plain["ladder"] = [[1, "notice"], [3, "rectify"]]
    old = GateRules.of(plain)
    found = tuple(fact(n) for n in range(1, 5))
    assert [told(world(old, *found[:n]))[0] for n in (1, 2, 3, 4)] == [
        "notice", "notice", "rectify", "rectify",
    ]  # fmt: skip
    with ranked(world(old, *found)) as con:
        new = {each["account"]: each for each in rank(con, "account")}
        con.execute("ALTER TABLE proposals DROP COLUMN degree")
        con.execute("ALTER TABLE proposals DROP COLUMN parts")
        for row in rank(con, "account"):
            assert row == new[row["account"]] | {"degree": None, "parts": []}


@st.composite
def degrees(draw: Any) -> Ledger:
    """Ledgers with evasion, measures and strikes, and rules whose tables they reach."""
    ledger = draw(ledgers())
    turned = ("closed_circulation", "pass_through")
    found = tuple(
        replace(f, typology="evasion") if f.typology in turned and draw(st.booleans()) else f
        for f in ledger.findings
    )
    times = st.integers(0, 100).map(lambda day: day * DAY)
    clause = st.sampled_from(("R1", "R2", "R4", "R5"))
    who = sorted({a for f in found for a, _ in f.subjects}) or NAMES
    early = st.integers(0, 60).map(lambda day: day * DAY)
    row = st.tuples(st.sampled_from(who), early, clause, st.sampled_from(MEASURES))
    rows = st.lists(row, min_size=6, max_size=12).map(tuple)
    ends = st.one_of(st.none(), times)
    clauses = tuple(
        InForce(draw(clause), f, draw(st.integers(0, 2)), None, draw(times) // 2, draw(ends))
        for f in sorted({f.typology for f in found}) * 2
    )
    tables = {
        name: draw(st.sampled_from(((), ((1, 1), (2, 3)), ((2, 1), (3, 2)))))
        for name in ("facts", "items", "people", "confrontation")
    }
    degree = DegreeRules(
        clause=(("R2", 1), ("R4", 2)), money=(("CNY", ((500, 1), (700, 2))), ("USD", ((100, 1),))),
        strike=draw(st.integers(0, 5)), half_life_us=draw(st.sampled_from((None, DAY, 20 * DAY))),
        **tables,
    )  # fmt: skip
    spans = tuple((c, draw(times), draw(ends)) for c in ("R2", "R4", "R5"))
    given = GateRules(
        ladder=((2, "notice"), (4, "rectify"), (5, "restrict"), (7, "ban")), degree=degree,
        shaky_cap=draw(st.sampled_from(("notice", "rectify"))), left_out_kinds=(),
        unknown_left_out=False, clauses=draw(st.sampled_from((None, clauses))),
        spans=draw(st.sampled_from((None, spans))),
    )  # fmt: skip
    return replace(ledger, findings=found, rules=given, measured=draw(rows), strikes=draw(rows))


@FEW
@given(degrees())
def test_the_gate_says_what_the_oracle_says(ledger: Ledger) -> None:
    with ranked(ledger) as con:
        named = con.sql(
            "SELECT DISTINCT finding, account FROM pieces SEMI JOIN case_members USING (finding)"
        ).fetchall()
        cases = dict(con.sql("SELECT finding, case_id FROM case_members").fetchall())
        rows = con.sql("SELECT account, case_id, measure, degree, parts FROM proposals").fetchall()
    acts = oracle.acts_of(ledger, named)
    here = defaultdict(set)
    for account, of in acts.items():
        for act in of:
            if oracle.is_fact(act.found) and act.clause is not None:
                here[account].add(cases[act.found.id])
    for account, case, measure, degree, parts in rows:
        if case in here[account]:
            step, expected, of = oracle.proposed(ledger, account, acts[account])
            assert (degree, parts) == (expected, oracle.rows_of(of))
            assert measure == (MEASURES[step - 1] if step else None)
        else:
            assert (degree, parts) == (None, None)

"""The clause is the one in force when it happened, in its channel; nothing else depends on it."""

from dataclasses import replace
from typing import Any

import pytest
from ledger import DAY, Found, Ledger, gift, ranked, transfer

from regift.ranking.derive import TABLES
from regift.ranking.gate_rules import DegreeRules, GateRules, InForce

KINDS = {
    "shop": ("official_account", None),
    "mini": ("mini_program", None),
    "u": ("personal", None),
}


def clause(
    id: str, typology: str = "multi_level_gift", place: int = 0, channel: str | None = None,
    begins: int = 0, ends: int | None = None,
) -> InForce:  # fmt: skip
    return InForce(id, typology, place, channel, begins * DAY, None if ends is None else ends * DAY)


def fact(n: int, **more: Any) -> Found:
    return Found(
        n, "multi_level_gift", (("gifts", f"g{n}"),), (("shop", "giver"), ("u", "receiver")),
        ("x",), n * DAY, n * DAY, **more,
    )  # fmt: skip


def world(*clauses: InForce, facts: int = 4, channel: str | None = None, **more: Any) -> Ledger:
    gifts = tuple(gift(f"g{n}", "shop>u", "x", n, channel=channel) for n in range(1, facts + 1))
    found = tuple(fact(n) for n in range(1, facts + 1))
    given = {"findings": found, "gifts": gifts, "kinds": KINDS, "rules": GateRules(clauses=clauses)}
    return Ledger(**{**given, **more})


def proposed(ledger: Ledger, account: str = "shop") -> tuple[str | None, str | None, str]:
    with ranked(ledger) as con:
        (row,) = con.execute(
            "SELECT measure, clause, why FROM proposals WHERE account = ?", [account]
        ).fetchall()
    return row


LADDER = "(example: notice from 1, rectify from 6, restrict from 11, take_down from 20)"


def told(facts: int, clause: str = "R4") -> str:
    """What is said of one or of three and more facts; a clause that the degree knows or not."""
    worth, points = {"R4": 2, "R3": 2}.get(clause, 0), 4 if facts > 2 else 1
    of_clause = f"; {worth} for clause {clause}" if worth else ""
    said = f"{points} for facts that name the account: {facts}"
    return f"degree {worth + points} {LADDER}{of_clause}; {said}"


def test_conduct_before_its_clause_is_shown_and_gets_nothing() -> None:
    assert proposed(world(clause("R4", begins=5))) == (None, None, "not in force")
    assert proposed(world(clause("R4", ends=1))) == (None, None, "not in force")
    assert proposed(world(clause("R4"))) == ("rectify", "R4", told(4))


def test_what_came_before_the_clause_counts_towards_no_step() -> None:
    """Facts on days 1 to 4. The first moment of a clause is in, its end is out."""
    left = "; findings that do not count: {}, not in force"
    assert proposed(world(clause("R4", begins=4))) == (
        "notice", "R4", told(1) + left.format(3),
    )  # fmt: skip
    assert proposed(world(clause("R4", ends=4))) == (
        "rectify", "R4", told(3) + left.format(1),
    )  # fmt: skip


def test_families_before_their_clause_count_for_nothing() -> None:
    money = (transfer("t1", "shop>u", 100, 1), transfer("t2", "u>shop", 100, 2))
    found = tuple(
        Found(n, name, (("transfers", "t1"), ("transfers", "t2")),
              (("shop", "relay"), ("u", "relay")), (), DAY, 2 * DAY)
        for n, name in ((1, "money_cycle"), (2, "pass_through"))
    )  # fmt: skip
    more = {"findings": found, "gifts": (), "transfers": money}
    both = world(clause("R5", "money_cycle"), clause("R5", "pass_through"), **more)
    assert proposed(both)[0] == "notice"
    one = world(clause("R5", "money_cycle"), clause("R5", "pass_through", begins=9), **more)
    assert proposed(one) == (None, "R5", "no fact, and no two families that show an act")


def test_each_event_is_judged_by_the_version_of_its_time() -> None:
    """What says most decides: three of four facts are of the second version."""
    versions = (clause("old", ends=2), clause("new", begins=2))
    assert proposed(world(*versions)) == ("notice", "new", told(4, "new"))


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("mini_program", "R4"), (None, "R3"), ("official_account", "R3"), ("merchant", None)],
)
def test_the_clause_is_that_of_the_channel(channel: str | None, expected: str | None) -> None:
    """A record that names no channel has that of its giver, here an official account."""
    rules = (clause("R4", channel="mini_program"), clause("R3", channel="official_account"))
    measure, clause_told, why = proposed(world(*rules, channel=channel))
    assert clause_told == expected
    assert (measure, why) == (
        ("rectify", told(4, expected)) if expected else (None, "no clause of the policy covers it")
    )


def test_of_a_payment_the_channel_is_the_kind_of_the_account() -> None:
    money = (transfer("t1", "mini>shop", 100, 1),)
    found = Found(1, "second_level_sale", (("transfers", "t1"),),
                  (("mini", "seller"), ("shop", "buyer")), (), DAY, DAY)  # fmt: skip
    ledger = world(
        clause("R4", "second_level_sale", channel="mini_program"),
        clause("R3", "second_level_sale", channel="official_account"),
        findings=(found,), gifts=(), transfers=money,
    )  # fmt: skip
    assert proposed(ledger, "mini")[1] == "R4"
    assert proposed(ledger, "shop")[1] == "R3"


def test_a_later_choice_holds_where_the_first_is_not_in_force() -> None:
    rules = (clause("R2", place=0, begins=9), clause("R3", place=1))
    assert proposed(world(*rules))[1] == "R3"
    assert proposed(world(clause("R2", place=0), clause("R3", place=1)))[1] == "R2"


def test_dates_move_clause_and_measure_alone() -> None:
    """Every table of the ranking but `proposals` is the same, row for row."""
    tables = [table for table in TABLES if table != "proposals"]

    def shown(begins: int) -> tuple[list[Any], list[Any]]:
        with ranked(world(clause("R4", begins=begins))) as con:
            rows = [con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]
            return rows, con.sql("FROM proposals ORDER BY ALL").fetchall()

    (early, proposals), (late, others) = shown(0), shown(900)
    assert early == late
    assert proposals != others


def test_the_allow_list_takes_the_measure_and_nothing_else() -> None:
    ledger = world(clause("R4"))
    allowed = replace(ledger, allowed=(("shop", 1_798_761_600_000_000, "a museum; see note"),))
    assert proposed(allowed) == (
        None, "R4", "allow-listed until 2027-01-01T00:00:00Z: a museum; see note",
    )  # fmt: skip
    for table in ("account_scores", "cases", "pieces", "reasons"):
        with ranked(ledger) as one, ranked(allowed) as other:
            sql = f"FROM {table} ORDER BY ALL"
            assert one.sql(sql).fetchall() == other.sql(sql).fetchall()


@pytest.mark.parametrize(
    ("rules", "measured"),
    [
        (GateRules(), {"shop"}),
        (GateRules(left_out_kinds=("official_account",), unknown_left_out=False), {"u", "who"}),
        (GateRules(left_out_kinds=(), unknown_left_out=False), {"shop", "u", "who"}),
        (GateRules(left_out_kinds=(), unknown_left_out=True), {"shop", "u"}),
    ],
)
def test_who_is_measured(rules: GateRules, measured: set[str]) -> None:
    found = replace(fact(1), subjects=(("shop", "giver"), ("u", "receiver"), ("who", "receiver")))
    gifts = (gift("g1", "shop>u", "x", 1), gift("g2", "u>who", "x", 1))
    found = replace(found, records=(("gifts", "g1"), ("gifts", "g2")))
    with ranked(Ledger((found,), gifts, kinds=KINDS, rules=rules)) as con:
        rows = con.sql("SELECT account FROM proposals WHERE measure IS NOT NULL").fetchall()
    assert {account for (account,) in rows} == measured


def test_steps_and_caps_are_the_rules() -> None:
    rules = GateRules(
        ladder=((2, "rectify"), (4, "ban")), shaky_cap="notice",
        degree=DegreeRules(facts=((1, 1), (2, 2), (4, 4))),
    )  # fmt: skip
    assert proposed(world(facts=1, rules=rules))[0] is None
    assert proposed(world(facts=2, rules=rules))[0] == "rectify"
    own = replace(rules, ladder_example=False)
    assert proposed(world(facts=2, rules=own))[2] == (
        "degree 2 (rule: rectify from 2, ban from 4); 2 for facts that name the account: 2"
    )
    assert proposed(world(facts=4, rules=rules))[0] == "ban"
    doubtful = tuple(fact(n, complete=False) for n in (1, 2))
    assert proposed(world(facts=2, rules=rules, findings=doubtful))[0] == "notice"

"""Cases, covers and roles against D-10 in plain Python; its example; ids, lineage."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import DAY, Found, Ledger, gift, ranked, transfer
from ledgers import ledgers
from oracles.cases import cases as oracle
from oracles.cases import covers as oracle_covers
from oracles.cases import roles as oracle_roles

from regift.graph.snapshot import Settings
from regift.loaders.errors import RegiftError, UsageError
from regift.ranking import cases
from regift.ranking.join_kernel import join_class, roots, start
from regift.ranking.lineage import lineage

FEW = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))


def hop(n: int, item: str, day: int, *accounts: str) -> Found:
    subjects = tuple((a, "giver") for a in accounts)
    return Found(n, "multi_level_gift", (("gifts", f"g{n}"),), subjects, (item,), day * DAY)


def chain(*findings: Found) -> Ledger:
    """One gift record a finding, between its first two accounts."""
    gifts = tuple(
        gift(f"g{f.n}", f"{f.subjects[0][0]}>{f.subjects[1][0]}", f.items[0], f.first_us // DAY)
        for f in findings
    )
    return Ledger(findings, gifts)


def members(ledger: Ledger) -> dict[str, str]:
    with ranked(ledger) as con:
        return dict(con.sql("SELECT finding, case_id FROM case_members").fetchall())


@FEW
@given(ledgers(), st.integers(2, 7), st.integers(1, 5))
def test_cases_are_those_of_the_definition(ledger: Ledger, most: int, hub: int) -> None:
    """Components, ids, refusals, rings under rings and roles, each from the definition alone."""
    with patch.multiple(cases, CASE_MAX=most, CASE_HUB=hub), ranked(ledger) as con:
        found = dict(con.sql("SELECT finding, case_id FROM case_members").fetchall())
        related = set(con.sql("SELECT case_id, other FROM related_cases").fetchall())
        covers = set(con.sql("FROM covers").fetchall())
        roles = {(c, a): r for c, a, r in con.sql("FROM case_accounts").fetchall()}
    assert (found, related) == oracle(ledger, most=most, hub=hub)
    assert covers == oracle_covers(ledger, found)
    assert roles == oracle_roles(ledger, found)


POINTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from((0, 0, 1, 2, 4, 7, 11)), st.integers(0, 7)),
    max_size=24,
    unique=True,
)
SETS = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=4), min_size=8, max_size=8)


@settings(FEW, max_examples=examples(250))
@given(POINTS, SETS, st.integers(1, 8), st.integers(0, 8))
def test_kernel_is_all_pairs(
    points: list[tuple[int, int, int]], sets: list[frozenset[int]], most: int, gap: int
) -> None:
    """Components and refused pairs of components, for dense ties that records rarely have."""
    cells = [(f, a) for f, each in enumerate(sets) for a in sorted(each)]
    state, after = start(8, np.array([f for f, _ in cells]))
    group, time, finding = np.array(sorted(points), np.int64).reshape(-1, 3).T.copy()
    account, stamp = np.array([a for _, a in cells]), np.zeros(11, np.int64)
    refused = join_class(state, after, account, stamp, group, time, finding, gap, most)
    found = roots(state).tolist()

    member = [{f} for f in range(8)]
    said = set()
    pairs = sorted(
        (abs(t - u), min(f, g), max(f, g))
        for a, t, f in points for b, u, g in points
        if a == b and f != g and abs(t - u) <= gap
    )  # fmt: skip
    for _, f, g in pairs:
        if member[f] is not member[g]:
            union = member[f] | member[g]
            if len(frozenset().union(*(sets[each] for each in union))) > most:
                said.add((f, g))
            else:
                for each in union:
                    member[each] = union
    assert [{g for g in range(8) if found[g] == found[f]} for f in range(8)] == member
    component = [min(each) for each in member]
    assert {
        frozenset((component[finding[i]], component[finding[j]])) for i, j in refused
    } == {frozenset((component[f], component[g])) for f, g in said}  # fmt: skip


def test_thirty_days_join_and_a_moment_more_does_not() -> None:
    near = chain(hop(1, "x", 0, "a", "b"), hop(2, "x", 30, "c", "d"))
    assert len(set(members(near).values())) == 1
    far = replace(near, gifts=(near.gifts[0], near.gifts[1] | {"at_us": 30 * DAY + 1}))
    assert len(set(members(far).values())) == 2


def test_a_coarse_clock_stretches_the_gap() -> None:
    ledger = chain(hop(1, "x", 0, "a", "b"), hop(2, "x", 299, "c", "d"))
    coarse = replace(ledger, settings=Settings(clock_unit_us=7 * DAY))
    assert len(set(members(ledger).values())) == 2
    assert len(set(members(coarse).values())) == 1


def sale(n: int, day: int, giver: str, receiver: str) -> Found:
    subjects = ((giver, "giver"), (receiver, "receiver"))
    return Found(n, "second_level_sale", (("gifts", f"g{n}"),), subjects, (f"i{n}",), day * DAY)


def test_one_principal_makes_one_case_and_a_hub_none() -> None:
    """A seller's sales are one case; that its buyers sell on too does not hang theirs on it."""
    sales = (sale(1, 0, "s", "b"), sale(2, 9, "s", "c"), sale(3, 9, "b", "d"))
    assert _together(members(chain(*sales))) == [{1, 2}, {3}]
    linked = replace(chain(*sales), entities={"b": "b", "s": "b"})
    assert _together(members(linked)) == [{1, 2, 3}]
    late = (sale(1, 0, "s", "b"), sale(2, 31, "s", "c"))
    assert _together(members(chain(*late))) == [{1}, {2}]
    shop = chain(*(sale(n, 0, "shop", f"u{n}") for n in range(1, 102)))
    assert len(set(members(shop).values())) == 101
    assert len(set(members(shop.with_findings(shop.findings[:100])).values())) == 1


def _together(case_of: dict[str, str]) -> list[set[int]]:
    """Numbers of the findings of each case, as `ledger` makes ids of them."""
    number = {f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}": n for n in range(200)}
    made: dict[str, set[int]] = {}
    for finding, case in case_of.items():
        made.setdefault(case, set()).add(number[finding[-16:]])
    return sorted(made.values(), key=min)


def ring(n: int, records: str, accounts: str, day: int = 0) -> Found:
    subjects = tuple((a, "relay") for a in accounts)
    return Found(n, "money_cycle", tuple(("transfers", r) for r in records), subjects, (),
                 day * DAY, day * DAY)  # fmt: skip


MONEY = tuple(transfer(name, "a>b", 100, 0) for name in "pqrstuvw")


def test_what_is_small_does_not_glue_what_is_large() -> None:
    """A ring inside of two others goes to one of them: by what they share, then the shorter."""
    one, two = ring(1, "pqrs", "abcd"), ring(2, "rtuvw", "efghi")
    between = ring(3, "r", "cx")
    assert _together(members(Ledger((one, two, between), (), MONEY))) == [{1, 3}, {2}]
    half = ring(3, "rt", "cx")
    assert _together(members(Ledger((one, two, half), (), MONEY))) == [{1}, {2, 3}]
    less = ring(3, "rx", "cx")
    assert _together(members(Ledger((one, less), (), (*MONEY, transfer("x", "c>x", 1, 0))))) == [
        {1, 3}
    ]
    third = ring(3, "rxy", "cx")
    more = (*MONEY, transfer("x", "c>x", 1, 0), transfer("y", "x>c", 1, 0))
    assert _together(members(Ledger((one, third), (), more))) == [{1}, {3}]


def test_who_is_all_in_another_case_is_in_that_case() -> None:
    """No stranger comes into a case by its accounts: who has one more stays outside."""
    large, inside, beside = ring(1, "pqr", "abc"), ring(2, "st", "bc", 20), ring(3, "uv", "bcz", 41)
    assert _together(members(Ledger((large, inside, beside), (), MONEY))) == [{1, 2}, {3}]
    far = ring(2, "st", "bc", 31)
    assert _together(members(Ledger((large, far), (), MONEY))) == [{1}, {2}]


def test_a_ring_with_a_detour_is_told_under_the_ring() -> None:
    short, long = ring(1, "pqr", "abc"), ring(2, "qrst", "bcde")
    other = ring(3, "tuvw", "efgh")
    with ranked(Ledger((short, long, other), (), MONEY)) as con:
        told = con.sql("SELECT finding, covered FROM covers").fetchall()
        assert _together(dict(con.sql("SELECT finding, case_id FROM case_members").fetchall())) == [
            {1, 2}, {3},
        ]  # fmt: skip
    assert told == [(short.id, long.id)]


def test_a_case_stops_at_200_accounts_and_names_the_other() -> None:
    ring = tuple((f"a{n:03}", "relay") for n in range(199))
    other = (("a000", "relay"), ("b1", "relay"), ("b2", "relay"))
    both = (("transfers", "t1"),)
    ledger = Ledger(
        (Found(1, "money_cycle", both, ring), Found(2, "money_cycle", both, other)),
        transfers=(transfer("t1", "a000>a001", 100, 0),),
    )
    one, two = (f"C-{f.id[-16:]}" for f in ledger.findings)
    with ranked(ledger) as con:
        rows = con.sql("SELECT * FROM related_cases ORDER BY case_id, other").fetchall()
    why = (
        f"they share record transfers:t1 ({ledger.findings[1].id}, {ledger.findings[0].id}); "
        "one case would have more than 200 accounts"
    )
    assert rows == sorted([(one, two, why), (two, one, why)])
    smaller = replace(ledger.findings[1], subjects=other[:2])
    assert len(set(members(ledger.with_findings((ledger.findings[0], smaller))).values())) == 1


def test_a_plain_gift_between_people_who_pay_each_other_is_in_no_case() -> None:
    detail = '{"tier": "plain", "pair_rate": 0.2}'
    spouses = replace(hop(1, "x", 0, "s", "r"), typology="paid_gift", detail=detail)
    ledger = chain(spouses, hop(2, "x", 0, "r", "c"))
    assert members(ledger) == {ledger.findings[1].id: f"C-{ledger.findings[1].id[-16:]}"}
    rare = replace(spouses, detail='{"tier": "plain", "pair_rate": 0.199999}')
    assert len(members(ledger.with_findings((rare, ledger.findings[1])))) == 2


def test_example_of_d10() -> None:
    """Case {f1, f2}; a late record adds f0 before f1: the case is C-(f0), lineage says grew."""
    f1, f2, f0 = hop(1, "x", 5, "a", "b"), hop(2, "x", 9, "b", "c"), hop(3, "x", 1, "z", "a")
    before, after = chain(f1, f2), chain(f1, f2, f0)
    with ranked(before) as con:
        old = con.sql("FROM case_members").to_arrow_table()
    with ranked(after) as con:
        new = con.sql("FROM case_members").to_arrow_table()
    was, now = f"C-{f1.id[-16:]}", f"C-{f0.id[-16:]}"
    assert set(old["case_id"].to_pylist()) == {was}
    assert lineage(old, new).to_pylist() == [{"old": was, "new": now, "kept": 2, "what": ["grew"]}]


def generation(**found: str) -> pa.Table:
    pairs = [(case, f) for case, names in found.items() for f in names]
    return pa.table({"case_id": [c for c, _ in pairs], "finding": [f for _, f in pairs]})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": "12"}, {"a": "12"}, [("a", "a", 2, ["same"])]),
        ({"a": "12"}, {"b": "1"}, [("a", "b", 1, ["shrank"])]),
        ({"a": "12"}, {"b": "134"}, [("a", "b", 1, ["grew", "shrank"])]),
        ({"a": "1234"}, {"b": "12", "c": "34"},
         [("a", "b", 2, ["split"]), (None, "c", 0, ["split"])]),
        ({"a": "12", "b": "34"}, {"c": "1234"},
         [("a", "c", 2, ["merged"]), ("b", "c", 2, ["merged"])]),
        ({"a": "123", "b": "45"}, {"c": "12", "d": "345"},
         [("a", "c", 2, ["split"]), ("b", "d", 2, ["grew"])]),
        ({"a": "12"}, {"b": "3"}, [("a", None, 0, ["gone"]), (None, "b", 0, ["new"])]),
    ],
)  # fmt: skip
def test_lineage(
    old: dict[str, str], new: dict[str, str], expected: list[tuple[object, ...]]
) -> None:
    rows = lineage(generation(**old), generation(**new)).to_pylist()
    assert [tuple(row.values()) for row in rows] == expected


def test_short_ids_and_what_they_resolve_to() -> None:
    ids = ["C-aaaaaa0000000000", "C-aaaaaa0100000000", "C-bbbbbb0000000000"]
    with ranked(Ledger()) as con:
        con.executemany("INSERT INTO case_members VALUES (?, 'f')", [[each] for each in ids])
        shown = cases.short_ids(con)
        assert shown == dict(zip(ids, ["C-aaaaaa00", "C-aaaaaa01", "C-bbbbbb"], strict=True))
        assert [cases.resolve(con, short) for short in shown.values()] == ids
        with pytest.raises(UsageError, match="may be C-aaaaaa0000000000 or C-aaaaaa0100000000"):
            cases.resolve(con, "C-aaaaaa")
        for few in ("C-bbbbb", "C-", ""):
            with pytest.raises(UsageError, match="too short for a case: write at least 6 digits"):
                cases.resolve(con, few)
        for wrong in ("C-ccccc", "C-cccccc", "C-______", "C-%"):
            with pytest.raises(UsageError, match="there is no case"):
                cases.resolve(con, wrong)


def test_roles_by_flow() -> None:
    """m pays 100 to o, who keeps 51 of it or 50; the item goes from brand over s to r."""
    money = (transfer("t1", "m>o", 100, 0), transfer("t2", "o>n", 49, 0))
    gifts = (gift("g1", "brand>s", "x", 0, kind="issue"), gift("g2", "s>r", "x", 1))
    names = tuple((a, "member") for a in ("m", "o", "n", "s", "r", "brand", "nobody"))
    records = (("transfers", "t1"), ("transfers", "t2"), ("gifts", "g2"))
    ledger = Ledger((Found(1, "closed_circulation", records, names, ("x",)),), gifts, money)
    expected = {"m": "source", "o": "sink", "n": "sink", "s": "relay", "r": "receiver",
                "brand": "organiser", "nobody": "member"}  # fmt: skip
    assert _roles(ledger) == expected
    passed = replace(ledger, transfers=(money[0], transfer("t2", "o>n", 50, 0)))
    assert _roles(passed) == expected | {"o": "relay"}
    routed = replace(ledger.findings[0], subjects=(*names[1:], ("m", "router")))
    assert _roles(ledger.with_findings((routed,))) == expected | {"m": "broker"}


def _roles(ledger: Ledger) -> dict[str, str]:
    with ranked(ledger) as con:
        return dict(con.sql("SELECT account, role FROM case_accounts").fetchall())


def test_a_finding_of_no_known_typology_is_an_error() -> None:
    with pytest.raises(RegiftError, match="'peel_chain' cannot be ranked"):
        ranked(Ledger((Found(1, "peel_chain", (), (("a", "giver"),)),)))

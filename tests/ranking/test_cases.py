"""Cases against all pairs in plain Python; the example of D-10; ids, roles, lineage."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import DAY, Found, Ledger, gift, ranked, transfer
from ledgers import ledgers
from oracles.cases import cases as oracle

from regift.graph.snapshot import Settings
from regift.loaders.errors import RegiftError, UsageError
from regift.ranking import cases
from regift.ranking.join_kernel import join_class, roots, start
from regift.ranking.lineage import lineage

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


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
def test_components_ids_and_refusals_are_those_of_all_pairs(
    ledger: Ledger, most: int, hub: int
) -> None:
    with patch.multiple(cases, CASE_MAX=most, CASE_HUB=hub), ranked(ledger) as con:
        found = dict(con.sql("SELECT finding, case_id FROM case_members").fetchall())
        related = set(con.sql("SELECT case_id, other FROM related_cases").fetchall())
    assert (found, related) == oracle(ledger, most=most, hub=hub)


POINTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from((0, 0, 1, 2, 4, 7, 11)), st.integers(0, 7)),
    max_size=24,
    unique=True,
)
SETS = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=4), min_size=8, max_size=8)


@settings(FEW, max_examples=250)
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


def test_accounts_of_one_entity_join_and_a_hub_does_not() -> None:
    ledger = chain(hop(1, "x", 0, "a", "b"), hop(2, "y", 1, "c", "d"))
    assert len(set(members(ledger).values())) == 2
    assert len(set(members(replace(ledger, entities={"a": "a", "c": "a"})).values())) == 1
    shop = chain(*(hop(n, f"i{n}", 0, "shop", f"u{n}") for n in range(1, 102)))
    assert len(set(members(shop).values())) == 101
    assert len(set(members(shop.with_findings(shop.findings[:100])).values())) == 1


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
        ({"a": "1234"}, {"b": "12", "c": "34"}, [("a", "b", 2, ["split"])]),
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
        for wrong in ("C-bbbbb", "C-cccccc", "C-______", "C-%"):
            with pytest.raises(UsageError, match="there is no case"):
                cases.resolve(con, wrong)


def test_the_role_that_carries_most_is_shown() -> None:
    rows = (("source", "router"), ("router", "relay"))
    findings = tuple(
        replace(hop(n, "x", n, "a", "b"), subjects=(("a", first), ("b", second)))
        for n, (first, second) in enumerate(zip(*rows, strict=True), 1)
    )
    with ranked(chain(*findings)) as con:
        shown = dict(con.sql("SELECT account, role FROM case_accounts").fetchall())
    assert shown == {"a": "router", "b": "relay"}


def test_a_finding_of_no_known_typology_is_an_error() -> None:
    with pytest.raises(RegiftError, match="'peel_chain' cannot be ranked"):
        ranked(Ledger((Found(1, "peel_chain", (), (("a", "giver"),)),)))

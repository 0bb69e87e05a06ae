"""Scores against D-12 in decimals; points that add up; what must not matter or fall."""

import random
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from examples import examples
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ledger import DAY, Found, Ledger, gift, ranked, transfer
from ledgers import NAMES, ledgers
from oracles.cases import cases as case_oracle
from oracles.scores import scores as oracle

from regift.ranking.rank import rank
from regift.ranking.units import UNITS
from regift.ranking.weights import weight_nano

FEW = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
GIVER_RECEIVER = (("b", "giver"), ("c", "receiver"))


def told(ledger: Ledger, *, threads: int = 1) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """(unit, id) -> S in nano-nats and the score, of everything that has evidence."""
    with ranked(ledger, threads=threads) as con:
        rows = con.sql(
            """
            SELECT 'case', case_id, s, score FROM cases
            UNION ALL SELECT 'account', account, s, score FROM account_scores
            UNION ALL SELECT unit, id, s, score FROM group_scores
            """
        ).fetchall()
    return {(unit, id): (s, score) for unit, id, s, score in rows}


def rounded(points: Decimal) -> Decimal:
    """To a tenth, halves up; what is a hair's breadth short of a half may go up too."""
    return points.quantize(Decimal("0.1"), ROUND_HALF_UP)


@FEW
@given(ledgers())
def test_scores_are_those_of_the_definition(ledger: Ledger) -> None:
    expected = oracle(ledger, case_oracle(ledger)[0])
    found = {unit: each for unit, each in told(ledger).items() if each[0] > 0}
    assert found.keys() == expected.keys()
    for unit, (s, score) in found.items():
        nats, exact = expected[unit]
        assert abs(s - nats * 10**9) < 40
        assert score in (rounded(exact), rounded(exact + Decimal("0.00001")))


@FEW
@given(ledgers())
def test_points_add_up_and_every_term_names_what_it_rests_on(ledger: Ledger) -> None:
    with ranked(ledger) as con:
        sums = con.sql(
            """
            WITH scored AS (
                SELECT 'case' AS unit, case_id AS id, score FROM cases
                UNION ALL SELECT 'account', account, score FROM account_scores
                UNION ALL SELECT unit, id, score FROM group_scores)
            SELECT score, coalesce(sum(points), 0), min(points), min(len(findings)),
                   count(DISTINCT reasons.family) = count(reasons.family)
            FROM scored LEFT JOIN reasons USING (unit, id) GROUP BY unit, id, score
            """
        ).fetchall()
    for score, points, least, named, once in sums:
        assert score == points
        assert once
        assert score == 0 or (least > 0 and named > 0)


@FEW
@given(ledgers(), st.integers(0, 99))
def test_row_order_and_threads_do_not_matter(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    shuffled = replace(
        ledger,
        **{
            name: tuple(chance.sample(rows, len(rows)))
            for name in ("findings", "gifts", "transfers", "labels")
            for rows in [getattr(ledger, name)]
        },
    )
    with ranked(ledger) as one, ranked(shuffled, threads=3) as two:
        for unit in UNITS:
            assert rank(one, unit) == rank(two, unit)


@FEW
@given(ledgers(), st.permutations(NAMES))
def test_account_names_are_only_the_last_tie_break(ledger: Ledger, order: list[str]) -> None:
    names = dict(zip(NAMES, (f"账户'{name}" for name in order), strict=True))
    original, renamed = told(ledger), told(ledger.renamed(names))
    for unit in ("case", "operator"):
        assert {k: v for k, v in original.items() if k[0] == unit} == {
            k: v for k, v in renamed.items() if k[0] == unit
        }
    for account, other in names.items():
        assert original.get(("account", account)) == renamed.get(("account", other))


@FEW
@given(ledgers(), st.integers(0, 8))
def test_one_more_finding_lowers_no_account(ledger: Ledger, place: int) -> None:
    assume(ledger.findings)
    fewer = ledger.with_findings(
        tuple(f for n, f in enumerate(ledger.findings) if n != place % len(ledger.findings))
    )
    more = told(ledger)
    for unit, (s, _) in told(fewer).items():
        if unit[0] != "case":
            assert more[unit][0] >= s


@FEW
@given(ledgers())
def test_splitting_an_account_among_linked_ones_lowers_no_case(ledger: Ledger) -> None:
    """Every record and finding keeps its accounts, but a0 acts under a new linked name on each."""
    n = iter(range(10_000))
    parts: dict[tuple[str, str], str] = {}

    def renamed(table: str, rows: tuple[dict[str, object], ...]) -> tuple[dict[str, object], ...]:
        out = []
        for row in rows:
            new = parts.setdefault((table, str(row["record_id"])), f"a0-{next(n)}")
            out.append(row | {c: new for c in ("source", "target") if row[c] == "a0"})
        return tuple(out)

    gifts, transfers = renamed("gifts", ledger.gifts), renamed("transfers", ledger.transfers)
    findings = tuple(
        replace(
            f,
            subjects=tuple(
                each
                for account, role in f.subjects
                for each in (
                    [(account, role)]
                    if account != "a0"
                    else [(name, role) for key, name in parts.items() if key in f.records]
                    or [(account, role)]
                )
            ),
        )
        for f in ledger.findings
    )
    entity = ledger.entities["a0"]
    linked = ledger.entities | dict.fromkeys(parts.values(), entity)
    split = replace(ledger, findings=findings, gifts=gifts, transfers=transfers, entities=linked)
    before, after = told(ledger), told(split)
    for unit, (s, _) in before.items():
        if unit[0] == "case":
            assert after[unit][0] >= s


def one(typology: str, *records: tuple[str, str], **more: object) -> Found:
    return Found(1, typology, records, GIVER_RECEIVER, **more)  # type: ignore[arg-type]


GIFTS = (gift("g1", "b>c", "x", 0), gift("g2", "b>c", "x", 1), gift("g3", "z>c", "x", 1))


@pytest.mark.parametrize(
    ("finding", "score_b", "score_c"),
    [
        (one("multi_level_gift", ("gifts", "g1")), "90.0", "90.0"),
        (one("closed_circulation", ("gifts", "g1")), "35.0", "35.0"),
        (one("closed_circulation", ("gifts", "g1"), ("gifts", "g2")), "57.8", "57.8"),
        (one("closed_circulation", ("gifts", "g1"), ("gifts", "g3")), "35.0", "57.8"),
        (one("fan_in", ("gifts", "g1"), ("gifts", "g2")), "7.5", "7.5"),
        (one("paid_gift", ("gifts", "g1"), detail='{"tier": "price"}'), "80.0", "80.0"),
        (one("paid_gift", ("gifts", "g1"), detail='{"tier": "sum"}'), "40.0", "40.0"),
        (one("paid_gift", ("gifts", "g1"), detail='{"tier": "plain", "pair_rate": 2.7}'),
         "2.7", "2.7"),
        (one("shared_controller", ("identifiers", "p"), ("identifiers", "q")), "20.0", "20.0"),
    ],
)  # fmt: skip
def test_one_finding(finding: Found, score_b: str, score_c: str) -> None:
    """Strong records add up (0.35 twice: 1 - 0.65^2), weak ones do not (0.075 twice: once)."""
    scores = told(Ledger((finding,), GIFTS))
    assert scores["account", "b"][1] == Decimal(score_b)
    assert scores["account", "c"][1] == Decimal(score_c)
    assert ("account", "z") not in scores


def test_a_source_carries_less() -> None:
    finding = replace(one("multi_level_gift", ("gifts", "g1")), subjects=(("b", "source"),))
    assert told(Ledger((finding,), GIFTS))["account", "b"][1] == Decimal("27.0")


def test_families_fuse_on_one_record_and_the_largest_of_a_family_counts() -> None:
    findings = tuple(
        replace(one(name, ("gifts", "g1")), n=n)
        for n, name in enumerate(("multi_level_gift", "closed_circulation", "money_cycle"), 1)
    )
    with ranked(Ledger(findings, GIFTS)) as con:
        (row, _) = rank(con, "account")
    assert row["score"] == 93.5  # 1 - 0.1 * 0.65
    assert [(r["term"], r["points"]) for r in row["reasons"]] == [
        ("multi_level_gift", 78.8),
        ("money_cycle", 14.7),
    ]
    assert row["reasons"][0]["findings"] == [findings[0].id, findings[1].id]
    assert row["reasons"][0]["text"] == (
        "1 multi_level_gift, 1 closed_circulation on 1 record, strongest gifts:g1"
    )


def test_labels_are_one_term_and_open_no_case() -> None:
    labels = tuple(
        {"account": "u", "at_us": at, "code": "spam", "origin": "mod"} for at in (0, 1_500_000)
    )
    with ranked(Ledger(labels=labels)) as con:
        (row,) = rank(con, "account")
        assert rank(con, "case") == []
    assert (row["case"], row["measure"], row["score"]) == (None, None, 30.0)
    assert row["reasons"] == [
        {
            "term": "external",
            "points": 30.0,
            "text": "2 labels from other systems",
            "findings": [
                "label:mod:spam:1970-01-01T00:00:00Z",
                "label:mod:spam:1970-01-01T00:00:01.5Z",
            ],
        }
    ]


def test_nothing_is_surer_than_the_cap() -> None:
    assert weight_nano(100, 100, 0) == 9_210_340_372
    assert weight_nano(0, 90, 0) == 0


def test_ties_are_broken_by_value_then_families_then_name() -> None:
    """Four equal scores: an item of 9.00, money of 1.00 (two families), money of 1.00, nothing."""
    gifts = (gift("g1", "p>q", "x", 0), gift("g4", "m>n", "free", 0))
    money = (transfer("t2", "e>d", 100, 0), transfer("t3", "g>f", 100, 0))
    findings = (
        Found(1, "money_cycle", (("gifts", "g1"),), (("q", "relay"),)),
        Found(2, "closed_circulation", (("transfers", "t2"),), (("d", "relay"),)),
        Found(3, "money_cycle", (("transfers", "t3"),), (("f", "relay"), ("g", "relay"))),
        Found(4, "money_cycle", (("gifts", "g4"),), (("m", "relay"),)),
    )
    items = ({"item": "x", "price_minor": 900, "currency": "CNY"},)
    with ranked(Ledger(findings, gifts, money, items)) as con:
        rows = rank(con, "account")
        assert [row["id"] for row in rows] == ["q", "d", "f", "g", "m"]
        assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
        assert [row["materiality_minor"] for row in rows] == [900, 100, 100, 100, 0]


def test_an_item_counts_once_and_currencies_are_not_added() -> None:
    gifts = tuple(
        gift(f"g{n}", "b>c", "x", n, price_minor=100 * n, currency="USD") for n in (1, 2, 3)
    )
    money = (transfer("t1", "b>c", 250, 0), transfer("t2", "b>c", 20, 0))
    records = (*(("gifts", f"g{n}") for n in (1, 2, 3)), ("transfers", "t1"), ("transfers", "t2"))
    ledger = Ledger((Found(1, "money_cycle", records, GIVER_RECEIVER),), gifts, money)
    with ranked(ledger) as con:
        rows = con.sql("SELECT DISTINCT materiality_minor, currency FROM account_scores").fetchall()
    assert rows == [(300, "USD")]


def test_far_records_of_one_account_share_no_case_but_one_score() -> None:
    findings = tuple(
        Found(n, "closed_circulation", (("gifts", f"g{n}"),), (("b", "giver"),), (f"i{n}",),
              n * 100 * DAY, n * 100 * DAY)
        for n in (1, 2)
    )  # fmt: skip
    gifts = tuple(gift(f"g{n}", "b>c", f"i{n}", n * 100) for n in (1, 2))
    scores = told(Ledger(findings, gifts))
    assert scores["account", "b"][1] == Decimal("57.8")
    assert [score for (unit, _), (_, score) in scores.items() if unit == "case"] == [35, 35]

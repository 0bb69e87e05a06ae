"""Rows of `rank` as CLI.md says; explanations add up; counterfactuals equal scoring again."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from ledger import DAY, Found, Ledger, gift, ranked, transfer
from ledgers import ledgers

from regift.loaders.errors import UsageError
from regift.queries import ALL
from regift.ranking.derive import TABLES
from regift.ranking.explain import Asked, explain_unit
from regift.ranking.explain_finding import explain
from regift.ranking.rank import rank, size
from regift.ranking.units import UNITS

FEW = settings(max_examples=examples(6), deadline=None, suppress_health_check=list(HealthCheck))

GIFT = Found(1, "multi_level_gift", (("gifts", "g2"),), (("b", "giver"), ("c", "receiver")),
             ("x",), DAY, DAY)  # fmt: skip
CYCLE = Found(2, "money_cycle", (("transfers", "t1"), ("transfers", "t2")),
              (("b", "relay"), ("c", "relay")), (), 2 * DAY, 3 * DAY)  # fmt: skip
WORLD = Ledger(
    (GIFT, CYCLE),
    (gift("g1", "brand>b", "x", 0), gift("g2", "b>c", "x", 1)),
    (transfer("t1", "b>c", 100, 2), transfer("t2", "c>b", 100, 3)),
    kinds={"b": ("mini_program", "op")},
)
WHY = (
    "degree 3 (example: notice from 1, rectify from 6, restrict from 11, take_down from 20); "
    "2 for clause R4; 1 for facts that name the account: 1"
)
REASONS = [
    {"term": "multi_level_gift", "points": 69.7, "findings": [GIFT.id],
     "text": "1 multi_level_gift on 1 record, strongest gifts:g2"},
    {"term": "money_cycle", "points": 26.1, "findings": [CYCLE.id],
     "text": "1 money_cycle on 2 records, strongest transfers:t1"},
]  # fmt: skip


def test_a_row_has_the_keys_of_the_contract() -> None:
    case = f"C-{GIFT.id[-16:]}"
    with ranked(WORLD) as con:
        first, second = rank(con, "account")
        assert [row["id"] for row in rank(con, "operator")] == ["op"]
        assert [(row["entity"], row["case"]) for row in rank(con, "entity")] == [
            ("b", case), ("c", case),
        ]  # fmt: skip
        (whole,) = rank(con, "case")
    assert first == {
        "rank": 1, "unit": "account", "id": "b", "account": "b", "case": case, "score": 95.8,
        "entity": "b", "measure": "notice", "clause": "R4", "why": WHY, "degree": 3,
        "parts": [
            {"part": "clause", "of": "R4", "n": 1, "points": 2},
            {"part": "facts", "of": None, "n": 1, "points": 1},
            {"part": "items", "of": None, "n": 1, "points": 0},
            {"part": "people", "of": None, "n": 1, "points": 0},
        ],
        "reasons": REASONS,
        "families": 2, "materiality_minor": 200, "currency": "CNY", "uncalibrated": True,
        "complete": True,
    }  # fmt: skip
    assert (second["id"], second["measure"]) == ("c", None)
    assert (whole["id"], whole["case"], whole["measure"]) == (case, case, "notice")
    assert json.loads(json.dumps(first)) == first


def test_top_and_least_score_select_but_do_not_renumber() -> None:
    more = Found(3, "fan_in", (("gifts", "g1"),), (("brand", "giver"),), ("x",), 0, 0)
    with ranked(WORLD.with_findings((GIFT, CYCLE, more))) as con:
        assert size(con, "account") == 3
        assert [row["id"] for row in rank(con, "account", top=2)] == ["b", "c"]
        rows = rank(con, "account", min_score=Decimal("95.8"))
        assert [row["id"] for row in rows] == ["b", "c"]
        assert [row["rank"] for row in rank(con, "account", only="brand")] == [3]
        assert rank(con, "account", min_score=Decimal("95.9")) == []
        with pytest.raises(UsageError, match="'item' is not ranked"):
            rank(con, "item")


def test_a_case_explained() -> None:
    with ranked(WORLD) as con:
        told = explain(con, f"C-{GIFT.id[-16:-8]}")
        assert not con.sql("FROM duckdb_tables() WHERE table_name = 'own_evidence'").fetchall()
    assert [(t["points"], [r["record"] for r in t["records"]]) for t in told["terms"]] == [
        (69.7, ["gifts:g2"]),
        (26.1, ["transfers:t1", "transfers:t2"]),
    ]
    assert told["without"] == [
        {"finding": GIFT.id, "score": 57.8},
        {"finding": CYCLE.id, "score": 90.0},
    ]
    assert [(a["account"], a["role"], a["measure"]) for a in told["accounts"]] == [
        ("b", "relay", "notice"),
        ("c", "relay", None),
    ]
    assert told["related"] == []
    assert (told["line"], told["above_line"]) == (60.0, True)
    assert told["terms"][0]["text"] == (
        "69.7 of 95.8 points: 1 finding of circulation on 1 record, the strongest gifts:g2 with "
        "2.303 (it counts beside others from 0.357 on)"
    )
    assert told["minimal"]["text"] == "1 of 3 records are enough for 90.0, the line is 60: gifts:g2"
    assert (told["clears"]["findings"], told["clears"]["exact"]) == ([GIFT.id], True)


def test_a_line_elsewhere() -> None:
    """At 90 the gift alone is on the line; at 96 nothing is."""
    case = f"C-{GIFT.id[-16:-8]}"
    with ranked(WORLD) as con:
        at, above = (explain(con, case, Asked(Decimal(line))) for line in ("90", "96"))
    assert [each["record"] for each in at["minimal"]["records"]] == ["gifts:g2"]
    assert at["clears"]["findings"] == [GIFT.id]
    assert (above["minimal"], above["clears"], above["above_line"]) == (None, None, False)


def test_why_not() -> None:
    """Of an account below the line, and of one that nothing names."""
    with ranked(WORLD) as con:
        below = explain(con, "c", Asked(Decimal("99.9")))
        nothing = explain(con, "brand")
        with pytest.raises(UsageError, match="no case, finding or account nobody"):
            explain(con, "nobody")
    assert [each["text"] for each in below["why_not"]] == [
        "place 2 of 2 with 95.8: 4.1 points are missing to 99.9",
        "looked at: 1 gifts and 2 transfers that name it, with 1 other accounts",
        "it gave no item on; a gift is found from level 2 on",
        "its strongest record has 2.303, counts beside others from 0.357 on",
        f"{GIFT.id} (multi_level_gift) names it as receiver",
        f"{CYCLE.id} (money_cycle) names it as relay",
    ]
    assert (nothing["rank"], nothing["score"], nothing["terms"]) == (None, 0.0, [])
    assert [each["what"] for each in nothing["why_not"]] == [
        "why_unlisted", "why_records", "why_no_level",
    ]  # fmt: skip


def test_why_a_finding_opens_no_case() -> None:
    detail = '{"tier": "plain", "pair_rate": 0.5}'
    spouses = replace(GIFT, n=9, typology="paid_gift", detail=detail)
    with ranked(WORLD.with_findings((spouses,))) as con:
        told = explain(con, "b")["why_not"][-1]["text"]
    assert told == (
        f"{spouses.id} (paid_gift) names it as giver, and opens no case: the two pay each other "
        "anyway"
    )


def test_what_was_not_checked() -> None:
    cut = {"expansions": {"roots": 2, "accounts": ["c"], "complete_to_length": 3}}
    ran = [{"typology": name, "truncated": {}} for name in ALL if name != "fan_in"]
    ran[0] = {"typology": "money_cycle", "truncated": cut}
    run = {"typologies": ran, "calibration": "K-1", "switched_off": ["x is off"]}
    with ranked(WORLD) as con:
        told = [each["text"] for each in explain(con, "c", Asked(run=run))["unchecked"]]
        other = [each["what"] for each in explain(con, "brand", Asked(run=run))["unchecked"]]
    assert told[:2] == [
        "money_cycle was cut short at this very account: expansions",
        "money_cycle was cut short: expansions: 2 roots cut, complete to length 3; at c",
    ]
    assert "fan_in was not searched in this generation" in told
    assert "no identifiers: accounts of one hand are not known as one" in told
    assert told[-1] == "x is off"
    assert "cut_here" not in other
    assert "uncalibrated" not in other


def test_an_account_and_a_finding_explained() -> None:
    with ranked(WORLD) as con:
        account, finding = explain(con, "c"), explain(con, CYCLE.id)
    assert [(f["finding"], f["role"]) for f in account["findings"]] == [
        (GIFT.id, "receiver"),
        (CYCLE.id, "relay"),
    ]
    assert (finding["score"], finding["case_score"]) == (57.8, 95.8)
    assert finding["without"] == [{"finding": CYCLE.id, "score": 90.0}]
    assert finding["accounts"][0] == {
        "account": "b", "role": "relay", "records": ["transfers:t1", "transfers:t2"],
        "nano_nats": 430_782_916,
    }  # fmt: skip
    assert [term["points"] for term in finding["terms"]] == [57.8]


def test_an_account_may_be_called_like_a_case_and_like_sql() -> None:
    for name in ("C-1", "o'b\"x", "送礼🎁", "100%_"):
        subjects = ((name, "giver"),)
        found = Found(1, "multi_level_gift", (("gifts", "g"),), subjects, ("x",))
        with ranked(Ledger((found,), (gift("g", f"{name}>u", "x", 0),))) as con:
            assert explain(con, name)["score"] == 90.0


@FEW
@given(ledgers(most_findings=6))
def test_counterfactuals_equal_scoring_again_without_the_finding(ledger: Ledger) -> None:
    """For accounts the whole world again; a case is compared with its other findings alone."""
    with ranked(ledger) as con:
        accounts = [explain_unit(con, "account", row["id"]) for row in rank(con, "account")]
        cases = [explain_unit(con, "case", row["id"]) for row in rank(con, "case")]
        members = con.sql("SELECT case_id, finding FROM case_members").fetchall()
    for found in ledger.findings:
        kept = ledger.with_findings(tuple(f for f in ledger.findings if f is not found))
        with ranked(kept) as con:
            scores = {row["id"]: row["score"] for row in rank(con, "account")}
        for told in accounts:
            for each in told["without"]:
                if each["finding"] == found.id:
                    assert each["score"] == scores.get(told["id"], 0.0)
    for told in cases:
        inside = {finding for case, finding in members if case == told["id"]}
        for each in told["without"]:
            rest = tuple(f for f in ledger.findings if f.id in inside and f.id != each["finding"])
            assert each["score"] == _united(ledger.with_findings(rest))


def _united(ledger: Ledger) -> float:
    """The score of one case of all findings: one operator and labels left out make it so."""
    everybody = {row[c] for row in ledger.gifts + ledger.transfers for c in ("source", "target")}
    everybody |= {a for f in ledger.findings for a, _ in f.subjects}
    one = Ledger(
        ledger.findings, ledger.gifts, ledger.transfers,
        kinds=dict.fromkeys(everybody, (None, "all")), calibration=ledger.calibration,
    )  # fmt: skip
    with ranked(one) as con:
        return next((float(row["score"]) for row in rank(con, "operator")), 0.0)


@FEW
@given(ledgers())
def test_terms_add_up_and_every_number_leads_to_records(ledger: Ledger) -> None:
    with ranked(ledger) as con:
        for unit in UNITS:
            for row in rank(con, unit):
                told = explain_unit(con, unit, row["id"])
                assert sum(round(10 * t["points"]) for t in told["terms"]) == round(
                    10 * row["score"]
                )
                assert all(t["records"] and t["findings"] for t in told["terms"])


def test_a_generation_that_keeps_the_tables_can_be_ranked_and_explained() -> None:
    """Nothing else that derive makes is needed afterwards."""
    with ranked(WORLD) as con:
        made = {name for (name,) in con.sql(
            "SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}  # fmt: skip
        assert made == set(TABLES)

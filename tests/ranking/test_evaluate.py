"""A generation against the truth: who is found, by what rule, and what the reader is told."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from judged import generation, planted, truth

from regift.loaders.errors import UsageError
from regift.ranking.evaluation.evaluate import Judged, evaluate, shown
from regift.ranking.evaluation.truth import Truth, read_truth

RING = [("t1", "a", "b", 900), ("t2", "b", "c", 900), ("t3", "c", "a", 900)]
OTHER = [("t4", "d", "e", 100), ("t5", "e", "d", 100), ("t6", "d", "f", 100)]


def judged(findings: dict[str, Any], known: Truth, **more: Any) -> Judged:
    """Six accounts, two groups of three transfers."""
    scores = more.pop("scores", {"a": 9, "b": 5, "d": 5})
    with generation("a b c d e f", RING + OTHER, findings=findings, scores=scores) as con:
        return evaluate(con, known, ["money_cycle", "shared_controller"], resamples=0, **more)


def one(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (row,) = (row for row in rows if wanted.items() <= row.items())
    return row


# --- found ------------------------------------------------------------------------------------

CYCLE = planted("P-1", "money_cycle", "a b c", "t1 t2 t3")


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ("t1 t2 t3", True),
        ("t1", True),
        ("t1 t4", True),
        ("t1 t4 t5", False),
        ("t4 t5", False),
    ],
)
def test_half_of_the_records_of_a_finding_are_the_instances(records: str, found: bool) -> None:
    evidence = [f"transfers:{record}" for record in records.split()]
    got = judged({"f": ("money_cycle", "abc", evidence)}, truth(CYCLE))
    row = one(got.recall, typology="money_cycle")
    assert (row["planted"], row["found"], row["searched"]) == (1, int(found), True)
    assert [miss["id"] for miss in got.misses] == ([] if found else ["P-1"])


def test_another_typology_does_not_count() -> None:
    got = judged({"f": ("shared_controller", "abc", ["transfers:t1"])}, truth(CYCLE))
    assert one(got.recall, typology="money_cycle")["found"] == 0


def test_every_typology_that_must_find_it_is_asked() -> None:
    known = truth(CYCLE | {"also": ["shared_controller", "lockstep"]})
    got = judged({"f": ("money_cycle", "abc", ["transfers:t1"])}, known)
    found = {row["typology"]: (row["found"], row["searched"]) for row in got.recall}
    assert found == {
        "money_cycle": (1, True), "shared_controller": (0, True), "lockstep": (0, False)
    }  # fmt: skip
    assert [miss["typology"] for miss in got.misses] == ["shared_controller"]


@pytest.mark.parametrize(
    ("accounts", "found"), [("ab", True), ("abd", True), ("abdef", False), ("ad", False)]
)
def test_identity_is_found_by_accounts(accounts: str, found: bool) -> None:
    """A finding that rests on identifiers has no gift and no transfer."""
    known = truth(planted("P-1", "shared_controller", "a b c", "t1"))
    got = judged({"f": ("shared_controller", accounts, ["identifiers:x"])}, known)
    assert one(got.recall)["found"] == int(found)


def test_an_instance_without_records_is_found_by_accounts() -> None:
    known = truth(planted("P-1", "money_cycle", "a b c"))
    got = judged({"f": ("money_cycle", "abc", ["transfers:t1"])}, known)
    assert one(got.recall)["found"] == 1


def test_accounts_do_not_replace_records() -> None:
    """The same people in other business are not the instance."""
    got = judged({"f": ("money_cycle", "abc", ["transfers:t4"])}, truth(CYCLE))
    assert one(got.recall)["found"] == 0


def test_instances_that_no_search_can_see_whole_are_counted_apart() -> None:
    lost = {"table": "transfers", "record_id": "t9", "at": "", "source": "e", "target": "d"}
    lacking = planted("P-2", "money_cycle", "d e", "t4", missing=[lost], beyond=["window"])
    slow = planted("P-3", "money_cycle", "d f", "t6", missing=[], beyond=["window"])
    findings = {
        "f": ("money_cycle", "abc", ["transfers:t1"]),
        "g": ("money_cycle", "df", ["transfers:t6"]),
    }
    got = judged(findings, truth(CYCLE, lacking, slow))
    keys = ("planted", "found", "missing_planted", "missing_found", "beyond_planted")
    row = one(got.recall)
    assert [row[key] for key in (*keys, "beyond_found")] == [1, 1, 1, 0, 1, 1]
    assert [(miss["id"], miss["state"]) for miss in got.misses] == [("P-2", "missing")]


def test_a_leak_is_no_part_of_the_pattern_but_no_innocent_record() -> None:
    leaky = planted("P-1", "money_cycle", "a b c", "t1 t2 t3", leaks=["t4"])
    findings = {"f": ("money_cycle", "de", ["transfers:t4", "transfers:t5"])}
    got = judged(findings, truth(leaky), at=3)
    assert one(got.recall)["found"] == 0
    assert got.evidence == {"records": 2, "planted": 1}


# --- lists ------------------------------------------------------------------------------------


def test_precision_of_a_tie_is_expected() -> None:
    """a, then b or d, then the others, of which c is labelled."""
    got = judged({}, truth(CYCLE), at=2)
    row = one(got.at, at=2)
    assert row["labelled"] == "3/2"
    assert (row["precision"], row["lift"], row["recall"]) == (0.75, 1.5, 0.5)
    assert (row["tied"], row["tied_in"]) == (2, 1)
    assert {row["at"] for row in got.at} == {2, 20, 50, 100}
    assert (got.accounts, got.labelled, got.unknown) == (6, 3, 0)


def test_a_score_of_nothing_is_no_place() -> None:
    got = judged({}, truth(CYCLE), scores={"d": 0, "e": 0, "f": 0}, at=1)
    assert one(got.at, at=1)["tied"] == 6
    assert got.false_alarms == []


def test_labelled_accounts_of_no_record_are_told_and_count() -> None:
    got = judged({}, Truth(frozenset({"a", "nobody"})), at=1)
    assert (got.accounts, got.labelled, got.unknown) == (7, 2, 1)
    assert one(got.at, at=1)["recall"] == 0.5
    assert (got.recall, got.rings, got.evidence, got.transactions) == ([], [], {}, [])


def test_false_alarms_and_look_alikes_by_name() -> None:
    known = truth(CYCLE, innocent={"payroll": "a d e", "refund": "d", "swap": "f"})
    got = judged({"f": ("money_cycle", "de", ["transfers:t4"])}, known, at=3)
    assert [
        (row["rank"], row["account"], row["look_alikes"], row["typologies"])
        for row in got.false_alarms
    ] == [(3, "d", ["payroll", "refund"], ["money_cycle"])]
    assert got.look_alikes == [
        {"kind": "payroll", "accounts": 3, "among_first": 1},
        {"kind": "refund", "accounts": 1, "among_first": 1},
        {"kind": "swap", "accounts": 1, "among_first": 0},
    ]


def test_an_account_that_only_labels_rank_is_a_false_alarm_too() -> None:
    got = judged({}, truth(CYCLE), at=3)
    assert [(row["account"], row["typologies"]) for row in got.false_alarms] == [("d", [])]


def test_rings_within_a_budget() -> None:
    findings = {
        "f": ("money_cycle", "defg", ["transfers:t4", "transfers:t5"]),
        "g": ("money_cycle", "abc", ["transfers:t1"]),
    }
    assert [
        (row["unit"], row["reached"], row["of"])
        for budget in (1, 2)
        for row in judged(findings, truth(CYCLE), budget=budget).rings
    ] == [("case", 0, 1), ("account", 1, 1), ("case", 1, 1), ("account", 1, 1)]


def test_evidence_of_the_head() -> None:
    findings = {
        "f": ("money_cycle", "ab", ["transfers:t1", "transfers:t2", "identifiers:x"]),
        "g": ("money_cycle", "de", ["transfers:t4"]),
    }
    assert judged(findings, truth(CYCLE), at=1).evidence == {"records": 1, "planted": 1}
    assert judged(findings, truth(CYCLE), at=3).evidence == {"records": 3, "planted": 2}


def test_records_are_ranked_by_what_they_weigh_for_one_account() -> None:
    findings = {"f": ("money_cycle", "ab", ["transfers:t1", "transfers:t4"])}
    got = judged(findings, truth(CYCLE), beside=("count",))
    by_list = {row["list"]: row for row in got.transactions}
    # t1 alone weighs anything, its ends are named; of the five others two are planted.
    assert by_list["regift"]["r_precision"] == pytest.approx((1 + 2 * 2 / 5) / 3)
    assert {row["planted"] for row in got.transactions} == {3}
    assert by_list["amount"]["average_precision"] == 1.0
    assert set(by_list) == {"regift", "one_off", "amount", "degree_sum"}


def test_who_only_pays_into_a_pattern_is_neither_found_nor_a_false_alarm() -> None:
    """Of a, b, c only a and b act; P-2 lacks a record, so d says nothing either; e is innocent."""
    ring = CYCLE | {
        "accounts": [{"account": who, "role": "r", "acts": who != "c"} for who in "abc"]
    }
    lost = planted("P-2", "money_cycle", "d", "t4") | {"missing": [{"record_id": "t9"}]}
    scores = {"d": 9, "a": 8, "c": 7, "e": 6, "b": 5}
    got = judged({}, truth(ring, lost), scores=scores)
    (row,) = got.acting
    assert (row["accounts"], row["labelled"]) == (4, 2)
    # a, then e, then b: (1/1 + 2/3) / 2.
    assert row["average_precision"] == pytest.approx(5 / 6, abs=1e-6)
    assert row["at_20"] == 0.5
    assert judged({}, Truth(frozenset("a"))).acting == []


def test_intervals_hold_the_measure_and_follow_the_seed() -> None:
    names = " ".join(f"n{i:03}" for i in range(100))
    rings = [planted(f"P-{i}", "money_cycle", f"n{4 * i:03} n{4 * i + 1:03}") for i in range(12)]
    with generation(names, scores={f"n{i:03}": 100 - i for i in range(40)}) as con:
        first, again, other = (
            evaluate(con, truth(*rings), [], resamples=200, seed=seed).lists[0]
            for seed in (1, 1, 2)
        )
    assert first == again
    assert (first["low"], first["high"]) != (other["low"], other["high"])
    assert first["low"] < first["average_precision"] < first["high"] < 1


def test_expected_hits_are_shown_exactly() -> None:
    assert [shown(Fraction(n, 3)) for n in (6, 7)] == [2, "7/3"]


# --- files ------------------------------------------------------------------------------------


def written(tmp_path: Path, content: str, name: str = "truth") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "content",
    [
        "account,label\n007,1\n礼物🎁,yes\nc,0\nd,False\n",
        "\ufefflabel,note,account\n1,x,007\nTRUE,x,礼物🎁\nno,,c\n",
        '[{"account": "007", "label": 1}, {"account": "礼物🎁", "label": true},'
        ' {"account": "c", "label": false}]',
    ],
)
def test_labels_of_ones_own(tmp_path: Path, content: str) -> None:
    got = read_truth(written(tmp_path, content))
    assert got == Truth(frozenset({"007", "礼物🎁"}))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("u17\nu18\n", "no column account and no column label"),
        ("account,label\na,1,x\n", "is no list of labels"),
        ("account;label\na;1\n", "this file has account;label"),
        ("account,class\na,1\n", "has no column label: a list of labels has account and label"),
        ("account,label\na,maybe\n", "label 'maybe' of account 'a' says nothing"),
        ("account,label\n,1\n", "label '1' of account '' says nothing"),
        ("account,label\na,\n", "label '' of account 'a' says nothing"),
        ("account,label\na,1\na,0\n", "account 'a' is labelled both 0 and 1"),
        ("account,label\na,0\n", "labels no account with 1"),
        ("account,label\n", "labels no account with 1"),
        ("[]", "labels no account with 1"),
        ('[{"account": 7, "label": 1}]', "entry 1: write"),
        ('["a"]', "entry 1: write"),
        ('[{"account": "a"}]', "label 'none' of account 'a' says nothing"),
        ("{", "is not JSON"),
        ("{}", "no 'planted'"),
        ('{"planted": 3, "innocent": []}', "is no truth.json"),
        ('{"planted": [{"id": "P"}], "innocent": []}', "no 'variant'"),
        ('{"planted": ["P"], "innocent": []}', "is no truth.json"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: str, told: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_truth(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_truth(tmp_path / "truth.json")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_truth(tmp_path)


def test_truth_of_the_simulator(tmp_path: Path) -> None:
    given = {
        "seed": 1,
        "planted": [planted("P-1", "money_cycle", "a b", "t1", also=["lockstep"], items=[])],
        "innocent": [{"id": "N-1", "kind": "refund", "accounts": [{"account": "c"}]}],
    }
    got = read_truth(written(tmp_path, json.dumps(given)))
    assert got.labelled == {"a", "b"}
    assert got.planted[0].typologies == ("money_cycle", "lockstep")
    assert (got.planted[0].state, got.innocent[0].kind) == ("whole", "refund")

"""`regift enforce`: from the ranking to measures, by people, and what becomes of them."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import Ran, asked, run
from enforced import START, person, sale, set_clock, taken_in

from regift.enforcement import policy
from regift.enforcement.casebook import Casebook

REASON = ("--reason", "seen")


@pytest.fixture
def place(enforced: Path) -> Path:
    """The world of `enforced`, to be changed."""
    return enforced


def enforce(place: Path, *args: str | Path) -> Ran:
    return run("enforce", *args, "-w", place)


def planned(place: Path, *args: str) -> list[dict[str, Any]]:
    ran = enforce(place, "plan", *args, "--json")
    assert ran.code == 0, ran.stderr
    return ran.rows


def states(place: Path) -> dict[str, str]:
    """account -> step and state of its newest measure."""
    rows = enforce(place, "list", "--json").rows
    return {row["account"]: f"{row['measure']} {row['state']}" for row in rows}


def done(place: Path, *args: str | Path) -> Ran:
    ran = enforce(place, *args)
    assert ran.code == 0, ran.stderr
    return ran


def log(place: Path) -> list[tuple[str, str]]:
    """(actor, action) of the log."""
    with Casebook.open(place / "casebook.sqlite") as casebook:
        casebook.verify()
        return [(row.actor, row.action) for row in casebook.rows()]


def test_a_plan_in_the_order_of_the_ranking_by_legal_subject(place: Path) -> None:
    rows = planned(place, "--dry-run")
    told = [(row["account"], row["measure"], row["subject"], row["shared"]) for row in rows]
    assert told == [
        ("star", "take_down", "star", None),
        ("mini", "restrict", "mini", "operator acme"),
        ("shop", "notice", "mini", "operator acme"),
        ("=礼物", "notice", "=礼物", None),
    ]
    assert [row["number"] for row in rows] == [None] * 4
    assert [row["clause"] for row in rows] == ["R4", "R4", "R3", "R4"]
    ranked = {row["account"]: row for row in run("rank", "--json", "-w", place).rows}
    for row in rows:
        same = {"measure", "clause", "why", "reasons", "rank", "score", "degree", "parts"}
        assert {key: row[key] for key in same} == {key: ranked[row["account"]][key] for key in same}
    beside = {row["account"]: row["collateral"] for row in rows}
    assert (beside["star"]["counterparties"], beside["star"]["items_held"]) == (0, 40)
    assert (beside["shop"]["counterparties"], beside["shop"]["items_held"]) == (1, 1)
    assert beside["shop"]["legal_subject"] == [{"account": "mini", "state": "proposed restrict"}]
    assert (beside["shop"]["linked"], beside["shop"]["linked_accounts"]) == ([], 0)
    assert beside["mini"]["linked"] == [
        {"account": "twin", "how": ["controller", "entity"], "state": "none"}
    ]
    assert beside["star"]["linked"] == [
        {"account": "=礼物", "how": ["associated"], "state": "proposed notice"}
    ]
    assert log(place) == [("ann", "refresh")], "a dry run writes nothing"
    assert states(place) == {}


def test_planning_again_adds_nothing(place: Path) -> None:
    ran = done(place, "plan", "--capacity", "2", "--json")
    assert [(row["number"], row["account"], row["dossier"]) for row in ran.rows] == [
        (1, "star", "D-1"),
        (2, "mini", "D-2"),
        (3, "shop", "D-3"),
    ]
    assert "left out: 1 are beyond the capacity" in ran.stderr
    assert "to the newest record: 2026-12-31T00:00:00Z" in ran.stderr
    before = log(place)
    again = enforce(place, "plan", "--capacity", "2")
    assert (again.code, again.stdout) == (0, "")
    assert "left out: 3 have the same or a severer measure planned or in force" in again.stderr
    assert "left out: 1 are beyond the capacity" in again.stderr
    assert log(place) == before
    assert [row["account"] for row in planned(place, "--line", "71")] == []
    (last,) = planned(place)
    assert last["account"] == "=礼物"
    assert last["collateral"]["linked"][0]["state"] == "planned take_down"
    assert [act for _, act in log(place)] == [
        "refresh",
        *["case open", "case plan"] * 3,
        "measure plan",
        *("case open", "case plan", "measure plan"),
    ]


def test_the_whole_ladder_with_two_people(
    place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    planned(place)
    before = log(place)
    refused = enforce(place, "approve", "2", "1", *REASON)
    assert (refused.code, refused.line) == (
        *(1, "regift: measure 1 (take_down) needs a second person: ann planned it"),
    )
    assert log(place) == before, "all or nothing"
    with person("bob"):
        done(place, "approve", "1", "2", *REASON)
    done(place, "approve", "3", "--reason", "one is enough", "--clause", "R1")
    done(place, "decline", "4", "--reason", "a gift shop")
    assert states(place) == {
        "star": "take_down approved",
        "mini": "restrict approved",
        "shop": "notice approved",
        "=礼物": "notice reversed",
    }
    dossiers = {row["dossier"]: row for row in run("case", "dossiers", "--json", "-w", place).rows}
    told = [tuple(dossiers[f"D-{n}"][key] for key in DECIDED) for n in (1, 2, 3, 4)]
    assert told == [
        ("decided", "take_down", "R4", "ann", "bob"),
        ("decided", "restrict", "R4", "bob", None),
        ("decided", "notice", "R1", "ann", None),
        ("open", None, None, None, None),
    ]
    file = tmp_path / "actions.jsonl"
    done(place, "export", "-o", file)
    assert run("audit", "verify", "--against", file, "-w", place).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    assert asked(place, "SELECT account, clause, step FROM measured ORDER BY ALL") == [
        ("mini", "R4", "restrict"),
        ("shop", "R1", "notice"),
        ("star", "R4", "take_down"),
    ]
    set_clock(monkeypatch, timedelta(days=8))
    nothing = enforce(place, "recheck", "--json")
    assert [(row["number"], row["outcome"]) for row in nothing.rows] == [(2, None), (3, None)]
    assert "cannot be said: records end at 2026-12-31" in nothing.rows[0]["why"]
    assert log(place)[-1] == ("ann", "refresh")
    taken_in(place, sale(90, "mini", START + timedelta(days=5)))
    taken_in(place, late(START + timedelta(days=8)))
    looked = done(place, "recheck", "--json")
    assert [(row["number"], row["outcome"], row["proposed"]) for row in looked.rows] == [
        (2, "continues", "step up"),
        (3, "stopped", "close"),
    ]
    assert len(looked.rows[0]["facts"]) == 2
    assert (looked.rows[0]["planned"], looked.rows[0]["step"]) == (5, "take_down")
    assert "enforce approve 5 --reason TEXT" in looked.stderr
    acts = log(place)
    assert done(place, "recheck", "--json").rows == looked.rows
    assert log(place) == acts, "what was recorded is not recorded again"
    done(place, "close", "3", "--reason", "it stopped")
    done(place, "extend", "2", "--due", "7d", *REASON)
    with person("bob"):
        done(place, "approve", "5", *REASON)
    step_up = enforce(place, "list", "--account", "mini", "--json").rows[1]
    assert (step_up["follows"], step_up["dossier"], step_up["state"]) == (2, "D-2", "approved")
    lines = done(place, "export").rows[1:]
    assert [(row["action"], row["measure"]) for row in lines] == [("lift", 3), ("apply", 5)]
    assert [(row["reason"], row["ended_by"]) for row in lines] == [
        ("it stopped", "ann"),
        ("seen", None),
    ]
    acts_of_2 = enforce(place, "list", "--account", "mini", "--json").rows[0]["history"]
    assert [(act["act"], act["actor"]) for act in acts_of_2] == [
        ("plan", "ann"),
        ("approve", "bob"),
        ("export", "ann"),
        ("recheck", "ann"),
        ("extend", "ann"),
    ]
    assert run("audit", "verify", "-w", place).code == 0


DECIDED = ("state", "measure", "clause", "decided_by", "approved_by")


def late(at: Any) -> str:
    """A row that says nothing but how long the records go on."""
    return f"z{at:%m%d},{at:%Y-%m-%dT%H:%M:%SZ},brand,zoe,z{at:%m%d},issue,,\n"


def test_an_appeal_and_a_reversal_of_a_planned_measure(place: Path) -> None:
    planned(place)
    with person("bob"):
        done(place, "approve", "1", "2", *REASON)
    done(place, "export", "-o", place.parent / "a.jsonl")
    assert run("case", "appeal", "D-1", *REASON, "-w", place).code == 0
    for login in ("ann", "bob"):
        with person(login):
            refused = run("case", "overturn", "D-1", *REASON, "-w", place)
        assert (refused.code, "needs somebody else" in refused.line) == (1, True)
    with person("cat"):
        assert run("case", "overturn", "D-1", "--reason", "not theirs", "-w", place).code == 0
    assert run("case", "reverse", "D-2", "--reason", "wrong", "-w", place).code == 0
    assert states(place)["star"] == "take_down reversed"
    assert states(place)["mini"] == "restrict reversed"
    lines = done(place, "export").rows[1:]
    assert [(row["action"], row["account"], row["reason"]) for row in lines] == [
        ("lift", "star", "not theirs"),
        ("lift", "mini", "wrong"),
    ]
    assert run("refresh", "-q", "-w", place).code == 0
    assert asked(place, "FROM measured") == []
    again = enforce(place, "plan")
    # What was overturned is no longer proposed; what was reversed may be decided otherwise.
    assert "left out: 1 were declined, cleared, reversed or overturned" in again.stderr
    assert again.stdout == ""


def test_a_case_that_is_decided_takes_planned_measures_back(place: Path) -> None:
    (case,) = [row["case"] for row in planned(place) if row["account"] == "mini"]
    decision = ("--measure", "notice", "--clause", "R4", *REASON)
    assert run("case", "decide", case, *decision, "-w", place).code == 0
    rows = enforce(place, "list", "--account", "mini", "--json").rows
    assert [(row["measure"], row["state"]) for row in rows] == [
        ("restrict", "reversed"),
        ("notice", "approved"),
    ]
    refused = enforce(place, "approve", "2", *REASON)
    assert "measure 2 (restrict against mini) is reversed: approve needs" in refused.line


def test_a_cleared_case_is_planned_again_on_new_evidence_only(place: Path) -> None:
    case = next(row["case"] for row in planned(place, "--dry-run") if row["account"] == "=礼物")
    cleared = ("--measure", "no_violation", *REASON)
    assert run("case", "decide", case, *cleared, "-w", place).code == 0
    assert "=礼物" not in [row["account"] for row in planned(place)]
    taken_in(place, sale(91, "=礼物", START - timedelta(days=40)))
    (row,) = planned(place)
    assert (row["account"], row["dossier"]) == ("=礼物", "D-1")


def test_a_case_of_two_dossiers_is_for_a_person(place: Path) -> None:
    """Two sales too far apart to be one case, each with a dossier; a third one joins them."""
    taken_in(place, sale(92, "=礼物", START - timedelta(days=100)))
    cases = sorted(
        row[0] for row in asked(place, "SELECT case_id FROM case_accounts WHERE account = '=礼物'")
    )
    assert len(cases) == 2
    for case in cases:
        assert run("case", "note", case, "look", "-w", place).code == 0
    taken_in(place, sale(93, "=礼物", START - timedelta(days=75)))
    ran = enforce(place, "plan", "--json")
    assert "=礼物" not in [row["account"] for row in ran.rows]
    assert "left out: 1 have a case with several dossiers" in ran.stderr


def test_who_is_allowed_or_waits_is_left_out(place: Path) -> None:
    cases = {row["account"]: row["case"] for row in planned(place, "--dry-run")}
    until = ("--until", "2028-01-01T00:00:00Z", "--reason", "press")
    assert run("allow", "add", "star", *until, "-w", place).code == 0
    ban = ("--measure", "ban", "--clause", "R4", *REASON, "--account", "buyer1")
    assert run("case", "decide", cases["mini"], *ban, "-w", place).code == 0
    ran = enforce(place, "plan", "--json")
    assert [row["account"] for row in ran.rows] == ["=礼物", "shop"]
    assert "left out: 1 are on the allow-list" in ran.stderr
    assert "left out: 1 have a case that waits for an approval or an appeal" in ran.stderr
    (waits,) = enforce(place, "list", "--account", "buyer1", "--json").rows
    for act in ("approve", "decline"):
        refused = enforce(place, act, str(waits["number"]), *REASON)
        assert "is awaiting approval: end that first" in refused.line
    assert run("allow", "add", "shop", *until, "-w", place).code == 0
    number = str(next(row["number"] for row in ran.rows if row["account"] == "shop"))
    assert "shop is on the allow-list (press)" in enforce(place, "approve", number, *REASON).line


def test_who_is_allowed_after_an_approval_is_not_handed_over(place: Path, tmp_path: Path) -> None:
    done(place, "plan")
    done(place, "approve", "3", *REASON)
    until = ("--until", "2030-01-01", "--reason", "press")
    assert run("allow", "add", "shop", *until, "-w", place).code == 0
    held = done(place, "export", "-o", tmp_path / "a.jsonl")
    assert "held back: measure 3 (notice against shop), which is on the allow-list" in held.stderr
    assert "nothing to hand over" in held.stderr
    assert run("allow", "remove", "shop", *REASON, "-w", place).code == 0
    assert [row["account"] for row in done(place, "export").rows[1:]] == ["shop"]


def test_a_closed_measure_is_planned_again_only_for_a_fact_since(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(place)
    done(place, "approve", "4", *REASON)
    done(place, "close", "4", *REASON)
    again = enforce(place, "plan")
    assert "left out: 1 had the same or a severer measure, closed" in again.stderr
    set_clock(monkeypatch, timedelta(days=9))
    taken_in(place, sale(94, "=礼物", START + timedelta(days=8)))
    assert [row["account"] for row in planned(place)] == ["=礼物"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("approve", "9", *REASON), 2, "there is no measure 9: `regift enforce list` has them"),
        (("approve", "2", "--reason", " "), 2, "the reason is empty"),
        (("approve", "2"), 2, "Missing option '--reason'"),
        (("approve", "2", *REASON, "--clause", "R9"), 2, "there is no clause 'R9'"),
        (("close", "2", *REASON), 1, "is planned: close needs one that is approved"),
        (("extend", "2", "--due", "soon", *REASON), 2, "soon"),
        (("extend", "2", "--due", "0d", *REASON), 2, "write a time from now"),
        (("extend", "2", "--due", "7d", *REASON), 1, "is planned: extend needs one"),
        (("extend", "2", "--due", "999999999w", *REASON), 2, "'999999999w' is too long"),
        (("export", "--jitter", "3d"), 2, "--jitter needs --seed"),
        (("export", "--jitter", "3d", "--seed", ""), 2, "--jitter needs --seed"),
        (("export", "--jitter", "99999999d", "--seed", "s"), 2, "'99999999d' is too long"),
        (("export", "-o", "a.xlsx"), 2, "does not say its format"),
        (("export", "--again", "actions-1"), 2, "there is no action file actions-1"),
        (("export", "--again", "../actions-1"), 2, "there is no action file"),
        (("plan", "--line", "x"), 2, "--line 'x' is not a number"),
        (("plan", "--capacity", "0"), 2, "--capacity"),
    ],
)
def test_errors_are_one_line_and_change_nothing(
    place: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    planned(place)
    before = log(place)
    ran = enforce(place, *args)
    assert (ran.code, said in ran.line) == (code, True), ran.line
    assert log(place) == before


def own_policy(place: Path, *changes: tuple[str, str]) -> None:
    """Let the workspace use the shipped policy with changes, as a later version of it."""
    text = (policy.SHIPPED / "wechat-3.24.toml").read_text(encoding="utf-8")
    for old, new in (('version = "', 'version = "9'), *changes):
        assert old in text
        text = text.replace(old, new, 1)
    (place / "policies").mkdir()
    (place / "policies" / "ours.toml").write_text(text, encoding="utf-8")


def test_a_clause_that_was_not_in_force_then(place: Path) -> None:
    planned(place)
    own_policy(place, ("[[clause]]\n", LATER + "\n[[clause]]\n"))
    refused = enforce(place, "approve", "2", *REASON, "--clause", "R8")
    assert refused.code == 2
    assert "clause R8 was not in force when what measure 2 is for happened" in refused.line


def test_a_step_that_the_ladder_has_lost(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A measure planned by it cannot be approved; one in force is looked at again all the same."""
    planned(place)
    done(place, "approve", "2", *REASON)
    done(place, "export", "-o", place.parent / "a.jsonl")
    text = (policy.SHIPPED / "wechat-3.24.toml").read_text(encoding="utf-8")
    begins = text.index('[[step]]\nmeasure = "restrict"')
    ends = text.index('[[step]]\nmeasure = "ban"')
    own_policy(place, (text[begins:ends], ""))
    with person("bob"):
        refused = enforce(place, "approve", "1", *REASON)
    told = "there is no measure 'take_down': the ladder has notice, rectify, ban"
    assert (refused.code, refused.line) == (2, f"regift: {told}")
    unfit = enforce(place, "plan")
    assert (unfit.code, unfit.line.endswith("now: `regift refresh` first")) == (1, True)
    set_clock(monkeypatch, timedelta(days=9))
    taken_in(place, sale(90, "mini", START + timedelta(days=6)))
    taken_in(place, late(START + timedelta(days=9)))
    (row,) = done(place, "recheck", "--json").rows
    assert (row["outcome"], row["proposed"], row["step"]) == ("continues", "step up", "ban")


def test_what_is_lifted_is_what_was_applied(place: Path, tmp_path: Path) -> None:
    """Also where the policy names other functions by then."""
    planned(place)
    done(place, "approve", "2", *REASON)
    done(place, "export", "-o", tmp_path / "a.jsonl")
    own_policy(place, ('functions = ["gifting", "payment", "traffic"]', 'functions = ["traffic"]'))
    done(place, "close", "2", *REASON)
    done(place, "export", "-o", tmp_path / "b.jsonl")
    for name, action in (("a", "apply"), ("b", "lift")):
        told = json.loads((tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[1])
        assert (told["action"], told["functions"]) == (action, ["gifting", "payment", "traffic"])


LATER = """[[clause]]
id = "R8"
title = { en = "a later one" }
source = "ours"
from = 2027-06-01
channels = ["any"]
typologies = ["money_cycle"]
"""


def test_a_clock_that_went_back_writes_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(place, "--capacity", "1")
    before = log(place)
    set_clock(monkeypatch, timedelta(hours=-2))
    for args in (("approve", "1", *REASON), ("decline", "1", *REASON), ("plan",)):
        with person("bob"):
            ran = enforce(place, *args)
        assert (ran.code, "the clock says 2026-12-31T22:00:00" in ran.line) == (1, True)
    assert log(place) == before


PLANNER = """
import sys, time
sys.path.insert(0, sys.argv[2])
begins, began = int(sys.argv[3]) * 1_000, time.time_ns()
real = time.time_ns
time.time_ns = lambda: begins + real() - began
from command_line import run
ran = run("enforce", "plan", "--json", "-w", sys.argv[1])
sys.stdout.write(ran.stdout)
sys.exit(ran.code)
"""
"""A process of its own with the clock of the world, going on."""


def test_two_plans_at_once_take_nobody_twice(place: Path) -> None:
    begins = int((START + timedelta(hours=2)).timestamp() * 1_000_000)
    args = [sys.executable, "-c", PLANNER, str(place), str(Path(__file__).parents[1]), str(begins)]
    both = [subprocess.Popen(args, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate(timeout=300)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert sum(len(lines.splitlines()) for lines in told) == 4
    rows = enforce(place, "list", "--json").rows
    assert sorted(row["account"] for row in rows) == ["=礼物", "mini", "shop", "star"]
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert len(log(place)) == 1 + 4 * 2 + 1

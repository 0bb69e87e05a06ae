"""Measures that are looked at again: what is recorded, what is proposed, and who decides it."""

from datetime import timedelta
from pathlib import Path

import pytest
from command_line import Ran, run
from enforced import START, person, sale, set_clock, taken_in

from regift.enforcement.casebook import Casebook

REASON = ("--reason", "seen")
DRY = ("--dry-run", "--json")


def enforce(place: Path, *args: str | Path) -> Ran:
    return run("enforce", *args, "-w", place)


@pytest.fixture
def measured(enforced: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """mini is restricted (measure 2), handed over, and sold again on the sixth day."""
    assert enforce(enforced, "plan").code == 0
    assert enforce(enforced, "approve", "2", *REASON).code == 0
    assert enforce(enforced, "export", "-o", enforced.parent / "a.jsonl").code == 0
    set_clock(monkeypatch, timedelta(days=9))
    at = START + timedelta(days=6)
    taken_in(enforced, sale(90, "mini", at) + sale(91, "other", START + timedelta(days=9)))
    return enforced


def looked(place: Path) -> dict[str, object]:
    ran = enforce(place, "recheck", "--json")
    assert ran.code == 0, ran.stderr
    (row,) = ran.rows
    return row


def test_a_seller_who_goes_on_within_one_finding_continues(
    enforced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap without a certificate is one finding, which began before the measure."""
    assert enforce(enforced, "plan").code == 0
    assert enforce(enforced, "approve", "3", *REASON).code == 0
    assert enforce(enforced, "export", "-o", enforced.parent / "a.jsonl").code == 0
    set_clock(monkeypatch, timedelta(days=9))
    at = START + timedelta(days=6)
    taken_in(
        enforced,
        f"u9,{at:%Y-%m-%dT%H:%M:%SZ},shop,bob,own-3,issue,1.00,CNY\n"
        + sale(91, "other", START + timedelta(days=9)),
    )
    row = looked(enforced)
    assert (row["account"], row["outcome"]) == ("shop", "continues")
    assert len(row["facts"]) == 1  # type: ignore[arg-type]


def test_a_declined_step_up_is_not_planned_again_for_the_same(measured: Path) -> None:
    first = looked(measured)
    assert (first["proposed"], first["planned"], first["step"]) == ("step up", 5, "take_down")
    assert enforce(measured, "decline", "5", *REASON).code == 0
    second = looked(measured)
    assert (second["outcome"], second["proposed"], second["planned"]) == (
        *("continues", "extend", None),
    )
    assert str(second["why"]).endswith("; measure 5 was declined, and nothing is new since")
    taken_in(measured, sale(92, "mini", START + timedelta(days=8)))
    assert looked(measured)["planned"] == 6


def test_a_severer_measure_that_is_in_force_is_no_step_up(measured: Path) -> None:
    looked(measured)
    with person("bob"):
        assert enforce(measured, "approve", "5", *REASON).code == 0
    row = looked(measured)
    assert row["proposed"] == "extend"
    assert str(row["why"]).endswith("; measure 5 (take_down) is in force already")


def test_an_appeal_holds_the_step_up(measured: Path) -> None:
    assert run("case", "appeal", "D-2", *REASON, "-w", measured).code == 0
    row = looked(measured)
    assert (row["outcome"], row["proposed"]) == ("continues", "extend")
    assert str(row["why"]).endswith("; D-2 is appealed")


def test_one_that_is_over_by_itself_cannot_be_extended(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked(measured)
    set_clock(monkeypatch, timedelta(days=31))
    ran = enforce(measured, "extend", "2", "--due", "7d", *REASON)
    assert ran.code == 1
    assert "measure 2 is over since 2027-01-31T01:00:00" in ran.line
    assert enforce(measured, "close", "2", *REASON).code == 0
    lines = enforce(measured, "export").rows[1:]
    assert [(row["action"], row["measure"]) for row in lines] == [("lift", 2)]


def test_an_extension_is_told_with_its_new_end(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked(measured)
    ran = enforce(measured, "extend", "2", "--due", "40d", *REASON, "--json")
    assert (ran.rows[0]["state"], ran.rows[0]["due_at"][:10]) == ("exported", "2027-02-19")
    lines = enforce(measured, "export").rows[1:]
    assert [(row["action"], row["measure"], row["until_at"][:10]) for row in lines] == [
        ("extend", 2, "2027-02-19")
    ]
    assert enforce(measured, "export").stdout == ""
    assert enforce(measured, "list", "--due", "--json").rows == []


def test_what_was_never_handed_over_is_said(
    enforced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert enforce(enforced, "plan").code == 0
    assert enforce(enforced, "approve", "4", *REASON).code == 0
    (status,) = run("status", "--json", "-w", enforced).rows
    assert status["measures"] == {"planned": 3, "approved": 1, "due": 0}
    set_clock(monkeypatch, timedelta(days=8))
    row = looked(enforced)
    assert (row["outcome"], row["why"]) == (
        *(None, "never handed over: `regift enforce export` first"),
    )
    (status,) = run("status", "--json", "-w", enforced).rows
    assert status["measures"] == {"planned": 3, "approved": 1, "due": 1}


def test_a_recheck_that_fails_writes_nothing(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcome and step up are one transaction."""
    monkeypatch.setattr(
        "regift.enforcement.dossier_measures.plan", lambda *_: (_ for _ in ()).throw(OSError("no"))
    )
    with Casebook.open(measured / "casebook.sqlite") as casebook:
        before = casebook.head()
    assert enforce(measured, "recheck").code == 1
    with Casebook.open(measured / "casebook.sqlite") as casebook:
        assert casebook.head() == before


def test_a_cleared_case_is_no_licence_for_another_one(
    enforced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found of mini was no violation; fifty days later it sells again, another case."""

    def proposed() -> dict[object, object]:
        return {row["account"]: row["case"] for row in enforce(enforced, "plan", *DRY).rows}

    first = proposed()["mini"]
    assert run("case", "decide", str(first), "--measure", "no_violation", *REASON, "-w", enforced)
    assert "mini" not in proposed()
    set_clock(monkeypatch, timedelta(days=9))
    taken_in(enforced, sale(90, "mini", START + timedelta(days=6)))
    assert proposed()["mini"] not in (None, first)

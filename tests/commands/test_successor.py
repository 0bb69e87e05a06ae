"""Who goes on where a linked account was measured, from the decision to its reversal.

Records of the small world are of 2026-01; what comes after a decision of today is dated 2090.
"""

from pathlib import Path

import pytest
from command_line import asked, loaded, run

HEADER = "record_id,at,source,target,item,kind\n"
DECISION = ("--measure", "notice", "--clause", "R4", "--reason", "sold on")


def found(place: Path) -> list[tuple[object, ...]]:
    return asked(
        place,
        "SELECT finding, detail ->> '$.linked' FROM findings "
        "WHERE typology = 'evasion' AND detail ->> '$.form' = 'successor'",
    )


def ties(place: Path, account: str, *more: str) -> list[str]:
    (row,) = run("explain", account, "--json", *more, "-w", place).rows
    return [each["text"] for each in row["ties"]]


def refresh(place: Path) -> None:
    ran = run("refresh", "-q", "-w", place)
    assert ran.code == 0, ran.stderr


@pytest.fixture
def decided(copied: Path) -> Path:
    """bob has a measure; zed, not seen before, uses bob's device."""
    case = asked(copied, "SELECT case_id FROM case_accounts WHERE account = 'bob'")[0][0]
    assert run("case", "decide", str(case), *DECISION, "--account", "bob", "-w", copied).code == 0
    assert loaded(copied, "identifiers", "account,kind,value\nzed,device,d2\n").code == 0
    assert (
        loaded(copied, "gifts", HEADER + "z1,2090-01-01T00:00:00Z,brand,zed,x9,issue\n").code == 0
    )
    refresh(copied)
    return copied


def test_the_tie_alone_is_a_note(decided: Path) -> None:
    assert found(decided) == []
    (text,) = ties(decided, "zed")
    assert text.startswith("linked to bob (device shared by 3), measured since 20")
    assert text.endswith("nothing of its own since, and the tie alone is no finding")
    (text,) = ties(decided, "cat")
    assert text.endswith("it was there before, so what it does counts by itself")
    assert ties(decided, "bob") == ties(decided, "eve") == []
    (text,) = ties(decided, "zed", "--lang", "zh")
    assert text.startswith("与 bob 有关联（device shared by 3），后者自 20")
    told = run("explain", "zed", "-w", decided).stdout
    assert "  linked to measured accounts\n  linked to bob (device shared by 3)" in told


def test_an_own_act_is_a_finding_until_the_measure_is_reversed(decided: Path) -> None:
    sale = "z2,2090-01-02T00:00:00Z,zed,eve,x9,sale\n"
    assert loaded(decided, "gifts", HEADER + sale).code == 0
    refresh(decided)
    ((finding, linked),) = found(decided)
    assert linked == "associated"
    (row,) = run("explain", str(finding), "--json", "-w", decided).rows
    assert row["typology"] == "evasion"
    (text,) = ties(decided, "zed")
    assert text.endswith(f"it is new and goes on, {finding}")
    others = f"SELECT finding FROM findings WHERE finding <> '{finding}' ORDER BY 1"
    before = asked(decided, others)
    assert run("case", "reverse", "D-1", "--reason", "wrong account", "-w", decided).code == 0
    refresh(decided)
    assert found(decided) == []
    assert asked(decided, others) == before
    assert ties(decided, "zed") == []

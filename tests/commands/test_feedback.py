"""Decisions that nothing was wrong move the rate of what they were about, and the list."""

from pathlib import Path

import pytest
from command_line import asked, loaded, run
from ledger import calibration

from regift.enforcement.casebook import Casebook
from regift.graph.workspace import Workspace
from regift.queries.params import show
from regift.ranking.calibration import Calibration
from regift.refresh.settings import params_of, read_settings

RINGS = 6
HEADER = "record_id,at,source,target,amount,currency,kind\n"
STRATUM = "<3d|one_off|3"
SAMPLE = dict.fromkeys(("transfers", "transfers_of", "gifts", "gifts_of", "from_us", "to_us"), 0)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six rings of strangers, as many cases; chance makes a tenth of such rings."""
    made = tmp_path / "ws"
    lines = [
        f"t{ring}{hop},2026-0{ring + 1}-01T0{hop}:00:00Z,{source}{ring},{target}{ring},{amount},"
        "CNY,payment\n"
        for ring in range(RINGS)
        for hop, (source, target, amount) in enumerate(
            (("a", "b", "100.00"), ("b", "c", "97.50"), ("c", "a", "95.00"))
        )
    ]
    assert loaded(made, "transfers", HEADER + "".join(lines)).code == 0
    assert run("refresh", "-q", "-w", made).code == 0

    def learned(*given: object, generation: int, **more: object) -> Calibration:
        known = calibration({"money_cycle": {STRATUM: 1000}})
        shown = show(params_of(read_settings(Workspace.open(made)), "money_cycle"))
        known.made_of.update(generation=generation, parameters={"money_cycle": shown})  # type: ignore[attr-defined]
        known.made_of["sample"] = SAMPLE  # type: ignore[index]
        return known

    monkeypatch.setattr("regift.refresh.calibrate.learn", learned)
    calibrated(made)
    return made


def calibrated(place: Path) -> str:
    ran = run("calibrate", "--json", "-w", place)
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", place).code == 0
    return str(ran.rows[0]["calibration"])


def rates(place: Path) -> list[tuple[object, ...]]:
    return asked(place, "SELECT DISTINCT typology, stratum, lfdr_bp FROM weighed")


def test_five_decisions_that_nothing_was_wrong(place: Path) -> None:
    assert rates(place) == [("money_cycle", STRATUM, 1000)]
    first = calibrated(place)
    before = run("rank", "--unit", "case", "--json", "-w", place).rows
    assert len(before) == RINGS
    for row in before[:5]:
        said = ("--measure", "no_violation", "--reason", "a family")
        assert run("case", "decide", str(row["case"]), *said, "-w", place).code == 0
    ran = run("calibrate", "--json", "-w", place)
    (row,) = [each for each in ran.rows if each["typology"] == "money_cycle"]
    assert (row["lfdr_bp"], row["chance_bp"], row["confirmed"], row["refuted"]) == (
        *(2800, 1000),
        *(0, 5),
    )
    with Casebook.open(place / "casebook.sqlite") as casebook:
        head = casebook.head()
    assert f"decisions on 1 typologies, up to audit head {head[:12]}" in ran.stderr
    assert "counts like 20 dossiers (example)" in ran.stderr
    second = calibrated(place)
    assert row["calibration"] == second != first
    assert rates(place) == [("money_cycle", STRATUM, 2800)]
    moved = run("rank", "--unit", "case", "--new-since", "2", "--json", "-w", place).rows
    assert len(moved) == RINGS
    for row in moved:
        assert row["lineage"] == ["same", "moved by calibration"]
        assert row["score"] < row["was"]
    (finding, *_) = (f for (f,) in asked(place, "SELECT finding FROM findings ORDER BY 1"))
    (told,) = run("explain", str(finding), "--json", "-w", place).rows[0]["decided"]
    assert told["text"] == (
        "decided dossiers with money_cycle: 0 confirmed, 5 refuted; they move what chance makes of "
        "its stratum from 10.00 % to 28.00 %"
    )
    assert "人工决定" in run("explain", str(finding), "--lang", "zh", "-w", place).stdout


def test_how_much_decisions_count_is_a_setting(place: Path) -> None:
    case = run("rank", "--unit", "case", "--json", "-w", place).rows[0]["case"]
    said = ("--measure", "no_violation", "--reason", "a family")
    assert run("case", "decide", str(case), *said, "-w", place).code == 0
    (place / "regift.toml").write_text("[calibrate]\nprior = 1\n")
    assert run("calibrate", "-q", "-w", place).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    assert rates(place) == [("money_cycle", STRATUM, 5500)]
    (line,) = run("status", "--json", "-w", place).rows[0]["switched_off"]
    assert line == (
        "money_cycle is demoted: chance makes 1.0 where 10 are found and people refuted 1 of its "
        "dossiers: together more than half, so they have no weight and open no case"
    )
    told = run("config", "show", "--json", "-w", place).rows
    (row,) = [each for each in told if each.get("setting") == "calibrate.prior"]
    assert (row["value"], row["origin"]) == ("1", "regift.toml")
    (place / "regift.toml").write_text("[calibrate]\nprior = 0\n")
    ran = run("calibrate", "-w", place)
    assert ran.code == 2
    assert ran.line.endswith("[calibrate] prior: 0 is not a whole number above zero")


def test_facts_keep_their_weight(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = calibration({"fan_in": {"all": 9}})
    known.made_of["sample"] = SAMPLE  # type: ignore[index]
    monkeypatch.setattr("regift.refresh.calibrate.learn", lambda *given, **more: known)
    found = asked(
        copied,
        "SELECT case_id, finding FROM case_members JOIN weighed USING (finding) "
        "WHERE fact AND typology = 'multi_level_gift' ORDER BY ALL LIMIT 1",
    )
    case, finding = map(str, found[0])
    said = ("--measure", "no_violation", "--reason", "a family")
    assert run("case", "decide", case, *said, "-w", copied).code == 0
    (row,) = [each for each in _calibrated_rows(copied) if each["typology"] == "multi_level_gift"]
    assert (row["lfdr_bp"], row["findings"], row["confirmed"], row["refuted"]) == (0, None, 0, 1)
    assert run("refresh", "-q", "-w", copied).code == 0
    weight = asked(copied, f"SELECT lfdr_bp, fact FROM weighed WHERE finding = '{finding}'")
    assert weight == [(0, True)]
    (told,) = run("explain", finding, "--json", "-w", copied).rows[0]["decided"]
    assert told["text"] == (
        "decided dossiers with multi_level_gift: 0 confirmed, 1 refuted; a fact keeps its weight"
    )


def _calibrated_rows(place: Path) -> list[dict[str, object]]:
    ran = run("calibrate", "-q", "--json", "-w", place)
    assert ran.code == 0, ran.stderr
    return ran.rows

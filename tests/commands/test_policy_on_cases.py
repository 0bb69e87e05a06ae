"""A case shows its facts under both readings, and the switches of the policy that mattered."""

from pathlib import Path

import pytest
from command_line import WORLD, loaded, run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("read") / "ws"
    for table, text in WORLD.items():
        assert loaded(place, table, text).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def case_of(place: Path, record: str) -> dict[str, object]:
    sql = (
        "SELECT case_id FROM case_members JOIN evidence USING (finding) JOIN findings USING "
        f"(finding) WHERE record = '{record}' AND typology = 'multi_level_gift'"
    )
    asked = run("query", "--sql", sql, "--json", "-w", place)
    (case,) = {row["case_id"] for row in asked.rows}
    (found,) = run("case", "show", case, "--json", "-w", place).rows
    return dict(found)


def test_facts_under_both_readings(place: Path) -> None:
    """Item 007: gifts of level 1 (g05) and 2 (g06), then a sale (g07)."""
    found = case_of(place, "g06")
    assert found["readings"] == {"strict": 3, "lenient": 2}
    told = {row["key"]: row for row in found["switches"]}  # type: ignore[attr-defined]
    assert told["first_level_gift"] == {
        "key": "first_level_gift", "value": "lenient",
        "why": "3 facts under the strict reading, 2 under the lenient one",
    }  # fmt: skip
    assert told["who_is_measured"]["value"] == "operators"
    assert "returned_gift" not in told
    assert "certificate_grace" not in told


def test_a_run_with_the_strict_reading_finds_what_the_case_said(
    place: Path, tmp_path: Path
) -> None:
    strict = tmp_path / "ws"
    for table, text in WORLD.items():
        assert loaded(strict, table, text).code == 0
    settings = strict / "regift.toml"
    settings.write_text(settings.read_text() + '[typology.multi_level_gift]\nreading="strict"\n')
    assert run("refresh", "-q", "-w", strict).code == 0
    assert case_of(strict, "g06")["readings"] == {"strict": 3, "lenient": 2}


def test_people_read_both_on_a_case_and_on_a_finding(place: Path) -> None:
    found = case_of(place, "g06")
    text = run("explain", str(found["id"]), "-w", place).stdout
    assert "facts under the strict reading: 3, under the lenient one: 2" in text
    assert "`first_level_gift = lenient`: 3 facts under the strict reading" in text
    zh = run("explain", str(found["id"]), "--lang", "zh", "-w", place).stdout
    assert "严格解读下的事实：3 项，宽松解读下：2 项" in zh
    (gift,) = (
        row for row in run("find", "multi_level_gift", "--json", "-w", place).rows
        if row["records"] == ["g06"]
    )  # fmt: skip
    (told,) = run("explain", gift["finding"], "--json", "-w", place).rows
    assert told["readings"] == {"strict": True, "lenient": True}

"""A change of regift.toml after a refresh: `find` answers by what stands there now."""

from pathlib import Path

from command_line import run

NOW = '[typology.multi_level_gift]\nreturn_window = "0"\n'


def test_find_follows_the_file_before_and_after_the_next_refresh(copied: Path) -> None:
    """Without a return window the gift back x2 bob > ann is one more level.

    A ledger that was made with a window must not be read as if it had been made without.
    """
    (copied / "regift.toml").write_text(NOW)
    before = run("find", "multi_level_gift", "--json", "-w", copied).rows
    assert [(row["records"], row["level"]) for row in before] == [
        (["g10"], 2),
        (["g03"], 2),
        (["g06"], 2),
        (["g12"], 3),
    ]
    assert run("refresh", "-q", "-w", copied).code == 0
    assert run("find", "multi_level_gift", "--json", "-w", copied).rows == before
    asked = run("find", "multi_level_gift", "--set", "return_window=24h", "--json", "-w", copied)
    assert [row["records"] for row in asked.rows] == [["g03"], ["g06"]]

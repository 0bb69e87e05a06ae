"""Real records from the first command to the findings: every event of 10,000 items in four years.

161,280 public events of the CryptoPunks items, 2017 to 2021 (the folder's README tells where from);
not part of the project. Days only, so the workspace's clock is told: `[clock] unit = "1d"`.
"""

from pathlib import Path

import pytest
from command_line import asked, run
from real_data import real_data

SETTINGS = '[time]\nzone = "UTC"\n[clock]\nunit = "1d"\n'


@pytest.fixture(scope="module")
def punks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refreshed workspace with the whole history."""
    files = sorted(real_data("cryptopunks_history").glob("Transactions_*.csv"))
    place = tmp_path_factory.mktemp("punks") / "ws"
    nothing = ("load", "-", "--table", "gifts", "-w", place)
    run(*nothing, stdin="record_id,at,source,target,item,kind\n")
    (place / "regift.toml").write_text(SETTINGS)
    ran = run("load", *files, "--format", "cryptopunks", "--json", "-w", place)
    assert ran.code == 0, ran.stderr
    assert (ran.rows[0]["accepted"], ran.rows[0]["rejected"]) == (10_000 + 13_476 + 18_424, 0)
    ran = run("refresh", "-q", "-w", place)
    assert (ran.code, ran.stderr) == (0, "")
    return place


def test_the_facts_of_the_history(punks: Path) -> None:
    """Counted by whoever collected the data, before any of this was written."""
    kinds = asked(punks, "SELECT kind, count(*) FROM gifts GROUP BY 1 ORDER BY 1")
    assert kinds == [("gift", 13_476), ("issue", 10_000), ("sale", 18_424)]
    first = (
        "SELECT count(*) FROM (SELECT kind, row_number() OVER (PARTITION BY item ORDER BY ord) "
        "AS place FROM custody) WHERE place = 2 AND kind = 'gift'"
    )
    assert asked(punks, first) == [(4_178,)]
    issues = "SELECT count(DISTINCT item), count(*) FILTER (ord = 0) FROM custody "
    issues += "WHERE kind = 'issue'"
    # Item 6447 was claimed in 2021 by its date, two years after it was first given away.
    assert asked(punks, issues) == [(10_000, 9_999)]


def test_what_is_found_adds_up(punks: Path) -> None:
    """Gifts beyond the first level are the `gift` hops of the ledger that are deeper."""
    deeper = "SELECT count(*) FROM custody WHERE kind = 'gift' AND rule = 'hop' "
    for reading, allowed in (("lenient", 1), ("strict", 0)):
        args = ("find", "multi_level_gift", "--set", f"reading={reading}", "--limit", "0")
        ran = run(*args, "-w", punks)
        ((many,),) = asked(punks, f"{deeper} AND undone IS NULL AND level > {allowed}")
        assert ran.stderr == f"0 of {many:,} findings of multi_level_gift\n"
        assert 0 < many < 13_476
    settings = {row["setting"]: row for row in run("config", "show", "--json", "-w", punks).rows}
    window = settings["typology.multi_level_gift.return_window"]
    assert (window["value"], window["origin"]) == ("10d", "default 1d, coarse tier for the clock")
    (row,) = run("status", "--json", "-w", punks).rows
    assert (row["items_total"], row["truncated"]) == (10_000, {})

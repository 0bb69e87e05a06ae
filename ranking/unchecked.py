"""What a generation did not look at: searches cut or not run, tables that are absent, calibration.

    [{"what": code, "text": sentence}]

Who reads an explanation has to know what could have been found and was not looked for (D-13).
"""

from collections.abc import Mapping
from typing import Any

import duckdb

from regift.queries import ALL
from regift.queries.cuts import lines
from regift.ranking.texts import say, translated

TABLES = ("gifts", "transfers", "identifiers", "accounts", "items", "certificates", "labels")


def unchecked(
    con: duckdb.DuckDBPyConnection,
    run: Mapping[str, Any],
    lang: str = "en",
    accounts: frozenset[str] = frozenset(),
) -> list[dict[str, str]]:
    """What the run of a generation left out; cuts at one of `accounts` come first.

    run: the `run` of its manifest. Cost: counts of the record tables.
    """
    here, cut = _cuts(run, lang, accounts)
    ran = {each["typology"] for each in run["typologies"]}
    found = here + cut
    found += [_row("not_searched", lang, typology=name) for name in sorted(set(ALL) - ran)]
    for table in TABLES:
        if not con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
            found.append(_row(f"absent_{table}", lang))
    if not run.get("calibration"):
        found.append(_row("uncalibrated", lang))
    for line in run.get("switched_off", ()):
        found.append({"what": "switched_off", "text": translated(lang, line)})
    return found


def _cuts(
    run: Mapping[str, Any], lang: str, accounts: frozenset[str]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    here, everywhere = [], []
    for ran in run["typologies"]:
        name = ran["typology"]
        for cause, cut in ran["truncated"].items():
            if accounts.intersection(cut.get("accounts", ())):
                here.append(_row("cut_here", lang, typology=name, cause=cause))
        for line in lines(ran["truncated"]):
            everywhere.append(_row("cut", lang, typology=name, line=translated(lang, line)))
    return here, everywhere


def _row(key: str, lang: str, **values: object) -> dict[str, str]:
    return {"what": key, "text": say(lang, key, **values)}

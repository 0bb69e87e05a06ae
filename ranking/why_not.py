"""Why an account is not above the line: what was looked at, and what it missed.

    [{"what": code, "text": sentence, ...numbers}]

Its place and what is missing to the line; how many records name it; the deepest gift that it gave
and the level from which one is found; items of others that it sold; its strongest record; and the
findings that name it, those that open no case with the reason.
"""

from decimal import Decimal
from typing import Any

import duckdb

from regift.graph.connect import dicts, row
from regift.ranking.constants import STRONG_NANO
from regift.ranking.nats import nats
from regift.ranking.rank import rank, size
from regift.ranking.texts import say, word

Con = duckdb.DuckDBPyConnection

_LOOKED_AT = """
    WITH mine AS (
        SELECT 'gifts' AS tbl, source, target FROM gifts WHERE $1 IN (source, target)
        UNION ALL SELECT 'transfers', source, target FROM transfers WHERE $1 IN (source, target))
    SELECT count(*) FILTER (tbl = 'gifts'), count(*) FILTER (tbl = 'transfers'),
           count(DISTINCT if(source = $1, target, source)) FILTER (source <> target) FROM mine
"""

_GIVEN = """
    SELECT max(level) FILTER (kind = 'gift'), count(*) FILTER (kind = 'sale')
    FROM custody WHERE source = ? AND rule = 'hop' AND undone IS NULL
"""

_NAMED = """
    SELECT DISTINCT finding, w.typology, role, opens,
           EXISTS (SELECT 1 FROM case_members m WHERE m.finding = w.finding) AS in_case
    FROM subjects JOIN weighed w USING (finding) WHERE account = ?
    ORDER BY first_us, finding, role
"""

_STRONGEST = """
    SELECT max(nano) FROM (
        SELECT rec, sum(nano) AS nano FROM (
            SELECT rec, family, max(nano) AS nano FROM pieces WHERE account = ? GROUP BY ALL)
        GROUP BY rec)
"""


def why_not(
    con: Con, account: str, line: Decimal, *, allowed: int, lang: str = "en"
) -> list[dict[str, Any]]:
    """What was looked at of an account that has less than `line`.

    allowed: the deepest level that a gift may have, by the run's parameters.
    Cost: a scan of the records and the ledger.
    """
    gifts, transfers, others = row(con, _LOOKED_AT, [account])
    level, sales = row(con, _GIVEN, [account])
    found = [_listed(con, account, line, lang)]
    if gifts or transfers:
        given = {"gifts": gifts, "transfers": transfers, "others": others}
        found.append(_row("why_records", lang, **given))
    else:
        found.append(_row("why_no_records", lang))
    if level is None:
        found.append(_row("why_no_level", lang, least=allowed + 1))
    else:
        found.append(_row("why_level", lang, level=level, least=allowed + 1))
    if sales:
        found.append(_row("why_sales", lang, n=sales))
    strongest = row(con, _STRONGEST, [account])[0]
    if strongest:
        found.append(_row("why_weight", lang, weight=nats(strongest), strong=nats(STRONG_NANO)))
    for each in dicts(con, _NAMED, [account]):
        named = {name: each[name] for name in ("finding", "typology", "role")}
        if each["in_case"]:
            found.append(_row("why_role", lang, **named))
        else:
            why = say(lang, "why_off" if each["opens"] else "why_rate")
            found.append(_row("why_no_case", lang, **named, why=why))
    return found


def _listed(con: Con, account: str, line: Decimal, lang: str) -> dict[str, Any]:
    """Its place in the list, and the points that are missing."""
    rows = rank(con, "account", only=account)
    if not rows:
        return _row("why_unlisted", lang)
    score = Decimal(str(rows[0]["score"]))
    return _row(
        "why_listed", lang, rank=rows[0]["rank"], of=size(con, "account"), score=score,
        distance=max(line - score, Decimal(0)), line=line,
    )  # fmt: skip


def _row(key: str, lang: str, **values: object) -> dict[str, Any]:
    shown = {
        name: str(each) if isinstance(each, Decimal) else each for name, each in values.items()
    }
    said = values | ({"role": word(lang, str(values["role"]))} if "role" in values else {})
    return {"what": key, "text": say(lang, key, **said), **shown}

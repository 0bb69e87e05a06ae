"""What the score of a case, an account or a finding's case would be without one thing each.

    [{"without", "score", "before", "above_line", "what", "case", "text"}]

Asked for by name, or by default: the identifiers that hold the accounts of the unit together, those
that most of its accounts share first. For these the whole is searched again only in a workspace of
at most `SEARCHED_RECORDS`; in a larger one they are named with the command that does it. Their
values are masked, as everywhere.
"""

from decimal import Decimal
from typing import Any

import duckdb

from regift.graph.connect import count
from regift.graph.snapshot import Snapshot
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace
from regift.ranking.explain import Asked
from regift.ranking.lineage import lineage
from regift.ranking.texts import say
from regift.refresh.without import Thing, parse, without

BY_DEFAULT = 3
"""Identifiers that are tried unasked: each takes as long as a refresh."""
SEARCHED_RECORDS = 200_000
"""About ten seconds each; whoever has more asks for what he wants to know."""

_HOLDING = """
    WITH people AS (SELECT unnest($1::VARCHAR[]) AS account),
    entities AS (SELECT DISTINCT entity FROM entity_of JOIN people USING (account)),
    mine AS (SELECT account, entity FROM entity_of SEMI JOIN entities USING (entity)),
    shared AS (
        SELECT i.kind, i.value, entity, count(DISTINCT account) AS accounts
        FROM identifiers i JOIN mine USING (account)
        WHERE i.kind <> 'ip'
            AND (i.kind, i.value) NOT IN (SELECT (kind, value) FROM ignored_identifiers)
        GROUP BY ALL HAVING accounts > 1)
    SELECT kind, value, sum(accounts) AS accounts FROM shared GROUP BY ALL
    ORDER BY accounts DESC, kind, value
"""


def counterfactuals(
    workspace: Workspace,
    manifest: Manifest,
    graph: Snapshot,
    found: dict[str, Any],
    things: list[str],
    asked: Asked,
) -> list[dict[str, Any]]:
    """One row a thing.

    found: what `explain` said; things: as `--without` names them, none for the default ones.
    UsageError for a thing that is not there. Cost: a refresh in memory for each.
    """
    if things:
        named = [(parse(text), text) for text in things]
    else:
        named = [
            (Thing("identifier", value, kind), f"{kind}:{_masked(value)}")
            for kind, value in holding(graph.con, found)[:BY_DEFAULT]
        ]
        if named and count(graph.con, "gifts") + count(graph.con, "transfers") > SEARCHED_RECORDS:
            return [_ask(found, shown, asked) for _, shown in named]
    rows = []
    for thing, shown in named:
        with without(workspace, manifest, graph.settings, thing) as con:
            rows.append(_compared(graph.con, con, found, shown, asked))
    return rows


def holding(con: duckdb.DuckDBPyConnection, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Identifiers (kind, value) that accounts of one entity of the unit share."""
    if found.get("unit") == "account":
        people = [found["id"]]
    else:
        people = [each["account"] for each in found["accounts"]]
    return [(kind, value) for kind, value, _ in con.execute(_HOLDING, [people]).fetchall()]


def _ask(found: dict[str, Any], shown: str, asked: Asked) -> dict[str, Any]:
    name = found.get("id") or found["finding"]
    command = f"`regift explain {name} --without {shown.partition(':')[0]}:...`"
    text = say(asked.lang, "ask_without", thing=shown, command=command)
    return {"without": shown, "score": None, "before": _before(found), "text": text}


def _compared(
    con: duckdb.DuckDBPyConnection,
    new: duckdb.DuckDBPyConnection,
    found: dict[str, Any],
    shown: str,
    asked: Asked,
) -> dict[str, Any]:
    """The score before and in the new connection; of a case that of what became of it."""
    before = _before(found)
    case: str | None = None
    what: list[str] = []
    if found.get("unit") == "account":
        score = _score(new, "account_scores", "account", found["id"])
    else:
        case, what = _successor(con, new, found.get("case"))
        score = _score(new, "cases", "case_id", case)
    key = "without_gone" if score is None else "without"
    shown_score = score if score is not None else Decimal("0.0")
    text = say(
        asked.lang, key, thing=shown, score=shown_score, before=before,
        place=asked.side(shown_score), line=asked.line,
    )  # fmt: skip
    return {
        "without": shown, "score": float(shown_score), "before": before,
        "above_line": shown_score >= asked.line, "what": what, "case": case, "text": text,
    }  # fmt: skip


def _before(found: dict[str, Any]) -> float:
    """Of a finding, the score of its case."""
    score = found["score"] if "unit" in found else found.get("case_score", 0.0)
    return float(score)


def _successor(
    con: duckdb.DuckDBPyConnection, new: duckdb.DuckDBPyConnection, case: str | None
) -> tuple[str | None, list[str]]:
    members = "SELECT case_id, finding FROM case_members"
    old = con.sql(f"{members} WHERE case_id = ?", params=[case]).to_arrow_table()
    for row in lineage(old, new.sql(members).to_arrow_table()).to_pylist():
        if row["old"] == case and case is not None:
            return row["new"], row["what"]
    return None, []


def _score(
    con: duckdb.DuckDBPyConnection, table: str, column: str, id: str | None
) -> Decimal | None:
    rows = con.execute(f"SELECT score FROM {table} WHERE {column} = ?", [id]).fetchall()
    return rows[0][0] if rows else None


def _masked(value: str) -> str:
    """As `commands/output.masked` shows it."""
    if len(value) < 8:
        return "*" * len(value)
    return value[:2] + "*" * (len(value) - 4) + value[-2:]

"""Judge a generation against a known truth: recall by typology, precision at k, and the names.

    found      a planted instance counts as found by a typology when a finding of it rests on the
               instance: some of its evidence is among the instance's records, and at least half
    precision  at k: how many of the first k ranked accounts take part in a planted instance
    miss       an instance that a typology it must be found by did not find
    searched   whether the generation looked for the typology at all; what it did not look for is
               no miss of a search
    false      an account among the first k that takes part in none, with the look-alike it is in

Truth is `truth.json` of `regift simulate`; its keys are documented in `loaders/simulator`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regift.graph.connect import dicts, row
from regift.loaders.errors import UsageError
from regift.ranking.order import total_order


@dataclass(frozen=True)
class Judged:
    """What came of it. Ratios are exact as a pair of whole numbers; a reader divides.

    recall: one row per typology and variant with planted and found; misses, false_alarms: rows
    with names; precision: (planted accounts among the first k, k actually ranked).
    """

    recall: list[dict[str, Any]]
    precision: tuple[int, int]
    misses: list[dict[str, Any]]
    false_alarms: list[dict[str, Any]]


def read_truth(path: Path) -> dict[str, Any]:
    """A truth file; UsageError when it is none."""
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        planted, innocent = truth["planted"], truth["innocent"]
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no truth.json of `regift simulate` ({error})") from None
    assert isinstance(planted, list)
    assert isinstance(innocent, list)
    return dict(truth)


def evaluate(
    con: duckdb.DuckDBPyConnection, truth: dict[str, Any], at: int, searched: Collection[str]
) -> Judged:
    """Compare the findings and the ranking of a connection with the truth.

    searched: typologies that the generation looked for; at: how many of the first accounts are
    judged. Cost: linear in evidence and truth.
    """
    _define(con, truth)
    _register(con, "searched", [{"typology": t} for t in searched], {"typology": pa.string()})
    recall = dicts(
        con,
        """
        SELECT typology, variant, count(*) AS planted, count(*) FILTER (found) AS found,
               typology IN (SELECT typology FROM searched) AS searched
        FROM judged GROUP BY ALL ORDER BY searched DESC, typology, variant
        """,
    )
    misses = dicts(
        con,
        """
        SELECT id, typology, j.variant, accounts, records FROM judged j JOIN instances USING (id)
        WHERE NOT found AND typology IN (SELECT typology FROM searched) ORDER BY typology, id
        """,
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE first_accounts AS
        SELECT row_number() OVER (ORDER BY {total_order("account")}) AS rank, account, score,
               account IN (SELECT account FROM planted_accounts) AS planted
        FROM account_scores WHERE s > 0 QUALIFY rank <= ?
        """,
        [at],
    )
    hits, ranked = row(con, "SELECT count(*) FILTER (planted), count(*) FROM first_accounts")
    false_alarms = dicts(
        con,
        """
        SELECT rank, account, score::DOUBLE AS score,
               coalesce(list(DISTINCT kind ORDER BY kind) FILTER (kind IS NOT NULL), [])
                   AS look_alikes,
               list(DISTINCT typology ORDER BY typology) AS typologies
        FROM first_accounts LEFT JOIN innocent_accounts USING (account)
             JOIN subjects USING (account) JOIN findings USING (finding)
        WHERE NOT planted GROUP BY ALL ORDER BY rank
        """,
    )
    return Judged(recall, (int(hits), int(ranked)), misses, false_alarms)


def _define(con: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    """Truth as tables, and `judged`: each instance beside each typology that must find it."""
    planted = [
        {
            "id": each["id"],
            "variant": each["variant"],
            "typologies": [each["typology"], *each.get("also", [])],
            "accounts": [who["account"] for who in each["accounts"]],
            "records": each["records"],
        }
        for each in truth["planted"]
    ]
    innocent = [
        {"kind": each["kind"], "accounts": [who["account"] for who in each["accounts"]]}
        for each in truth["innocent"]
    ]
    texts = pa.list_(pa.string())
    _register(
        con,
        "instances",
        planted,
        {"id": pa.string(), "variant": pa.string(), "typologies": texts, "accounts": texts}
        | {"records": texts},
    )
    _register(con, "look_alikes", innocent, {"kind": pa.string(), "accounts": texts})
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE planted_accounts AS
            SELECT DISTINCT unnest(accounts) AS account FROM instances;
        CREATE OR REPLACE TEMP TABLE innocent_accounts AS
            SELECT DISTINCT unnest(accounts) AS account, kind FROM look_alikes;
        CREATE OR REPLACE TEMP TABLE judged AS
        WITH sizes AS (SELECT finding, count(DISTINCT record) AS size FROM evidence GROUP BY 1),
        records AS (SELECT DISTINCT id, unnest(records) AS record FROM instances),
        shared AS (
            SELECT id, finding, count(DISTINCT record) AS shared
            FROM evidence JOIN records USING (record) GROUP BY ALL),
        hits AS (
            SELECT DISTINCT id, typology FROM shared JOIN sizes USING (finding)
            JOIN findings USING (finding) WHERE 2 * shared >= size),
        wanted AS (SELECT id, variant, unnest(typologies) AS typology FROM instances)
        SELECT w.id, w.variant, w.typology, h.id IS NOT NULL AS found
        FROM wanted w LEFT JOIN hits h USING (id, typology)
        """
    )


def _register(
    con: duckdb.DuckDBPyConnection,
    name: str,
    rows: list[dict[str, Any]],
    columns: dict[str, pa.DataType],
) -> None:
    con.register("_truth", pa.Table.from_pylist(rows, pa.schema(list(columns.items()))))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM _truth")
    con.unregister("_truth")

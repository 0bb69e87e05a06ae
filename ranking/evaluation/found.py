"""Truth beside findings: which planted instances are found, and what a reader of the list meets.

    judged(id, variant, typology, found, state)     an instance and a typology that must find it
    hits(id, finding, typology)                     a finding that rests on an instance
    unlawful(record)                                records and leaks of all instances
    first_accounts(rank, account, score, planted)   the first accounts of our list

A finding rests on an instance when at least half of its gifts and transfers are records of the
instance, and at least one. Where a finding has none (identifiers), or the instance names none, the
accounts decide: at least half of those it names, and at least two.
"""

from typing import Any

import duckdb
import pyarrow as pa

from regift.graph.connect import dicts, row
from regift.ranking.evaluation.truth import Truth
from regift.ranking.order import total_order

Con = duckdb.DuckDBPyConnection

_MOVES = "tbl IN ('gifts', 'transfers')"


def define(con: Con, truth: Truth, searched: list[str], at: int) -> None:
    """Make the tables above from findings, subjects, evidence and account_scores.

    searched: typologies that the generation looked for. Cost: linear in evidence and truth.
    """
    texts = pa.list_(pa.string())
    planted = [vars(each) for each in truth.planted]
    _register(
        con,
        "instances",
        planted,
        {"id": pa.string(), "variant": pa.string(), "typologies": texts, "accounts": texts}
        | {"records": texts, "leaks": texts, "state": pa.string()},
    )
    innocent = [vars(each) for each in truth.innocent]
    _register(con, "look_alikes", innocent, {"kind": pa.string(), "accounts": texts})
    _register(con, "searched", [{"typology": t} for t in searched], {"typology": pa.string()})
    labelled = [{"account": account} for account in sorted(truth.labelled)]
    _register(con, "labelled", labelled, {"account": pa.string()})
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE innocent_accounts AS
            SELECT DISTINCT unnest(accounts) AS account, kind FROM look_alikes;
        CREATE OR REPLACE TEMP TABLE planted_records AS
            SELECT DISTINCT id, unnest(records) AS record FROM instances;
        CREATE OR REPLACE TEMP TABLE unlawful AS
            SELECT record FROM planted_records UNION SELECT unnest(leaks) FROM instances;
        CREATE OR REPLACE TEMP TABLE first_accounts AS
            SELECT row_number() OVER (ORDER BY {total_order("account")}) AS rank, account, score,
                   account IN (SELECT account FROM labelled) AS planted
            FROM account_scores WHERE s > 0 QUALIFY rank <= {int(at)}
        """
    )
    _judge(con)


def _judge(con: Con) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE hits AS
        WITH rests AS (SELECT DISTINCT finding, record FROM evidence WHERE {_MOVES}),
        sizes AS (SELECT finding, count(*) AS size FROM rests GROUP BY finding),
        shared AS (
            SELECT id, finding, count(*) AS shared
            FROM rests JOIN planted_records USING (record) GROUP BY ALL),
        named AS (SELECT DISTINCT finding, account FROM subjects),
        people AS (SELECT finding, count(*) AS size FROM named GROUP BY finding),
        members AS (SELECT DISTINCT id, unnest(accounts) AS account FROM instances),
        together AS (
            SELECT id, finding, count(*) AS shared
            FROM named JOIN members USING (account) GROUP BY ALL),
        rested AS (
            SELECT id, finding FROM shared JOIN sizes USING (finding) WHERE 2 * shared >= size
            UNION
            SELECT id, finding FROM together JOIN people USING (finding)
            WHERE shared >= 2 AND 2 * shared >= size AND (
                finding NOT IN (SELECT finding FROM sizes)
                OR id NOT IN (SELECT id FROM planted_records)))
        SELECT id, finding, typology FROM rested JOIN findings USING (finding);
        CREATE OR REPLACE TEMP TABLE judged AS
        WITH wanted AS (
            SELECT id, variant, unnest(typologies) AS typology, state FROM instances)
        SELECT w.*, EXISTS (FROM hits h WHERE h.id = w.id AND h.typology = w.typology) AS found
        FROM wanted w
        """
    )


def recall(con: Con) -> list[dict[str, Any]]:
    """One row a typology and variant: planted and found, apart by state of the instance."""
    states = ", ".join(
        f"count(*) FILTER (state = '{state}') AS {before}planted, "
        f"count(*) FILTER (found AND state = '{state}') AS {before}found"
        for state, before in (("whole", ""), ("missing", "missing_"), ("beyond", "beyond_"))
    )
    return dicts(
        con,
        f"""
        SELECT typology, variant, {states},
               typology IN (SELECT typology FROM searched) AS searched
        FROM judged GROUP BY ALL ORDER BY searched DESC, typology, variant
        """,
    )


def misses(con: Con) -> list[dict[str, Any]]:
    """Instances that a typology which looked for them did not find."""
    return dicts(
        con,
        """
        SELECT id, typology, j.variant, j.state, accounts, records
        FROM judged j JOIN instances USING (id)
        WHERE NOT found AND typology IN (SELECT typology FROM searched)
        ORDER BY j.state DESC, typology, id
        """,
    )


def false_alarms(con: Con) -> list[dict[str, Any]]:
    """Accounts of the head of the list without a label, and what is innocent about them."""
    return dicts(
        con,
        """
        WITH known AS (
            SELECT account, list(DISTINCT kind ORDER BY kind) AS look_alikes
            FROM innocent_accounts GROUP BY account),
        named AS (
            SELECT account, list(DISTINCT typology ORDER BY typology) AS typologies
            FROM pieces GROUP BY account)
        SELECT rank, account, score::DOUBLE AS score, coalesce(look_alikes, []) AS look_alikes,
               coalesce(typologies, []) AS typologies
        FROM first_accounts LEFT JOIN known USING (account) LEFT JOIN named USING (account)
        WHERE NOT planted ORDER BY rank
        """,
    )


def look_alikes(con: Con) -> list[dict[str, Any]]:
    """Kinds of innocent groups: their accounts, and those of them in the head without a label."""
    return dicts(
        con,
        """
        SELECT kind, count(*) AS accounts, count(rank) AS among_first
        FROM innocent_accounts LEFT JOIN (FROM first_accounts WHERE NOT planted) USING (account)
        GROUP BY kind ORDER BY among_first DESC, kind
        """,
    )


def evidence_precision(con: Con) -> dict[str, int]:
    """Records that give weight to the head of the list, and how many of them are planted."""
    records, planted = row(
        con,
        """
        SELECT count(*), count(*) FILTER (record IN (SELECT record FROM unlawful))
        FROM (SELECT DISTINCT rec, substr(rec, instr(rec, ':') + 1) AS record
              FROM pieces SEMI JOIN first_accounts USING (account)
              WHERE starts_with(rec, 'gifts:') OR starts_with(rec, 'transfers:'))
        """,
    )
    return {"records": int(records), "planted": int(planted)}


def rings_reached(con: Con, budget: int) -> list[dict[str, Any]]:
    """Planted instances that a reviewer meets who reads `budget` cases, or accounts, from the top.

    Met: a finding of the case, or one that gives weight to the account, rests on the instance.
    """
    read = {
        "case": (
            f"SELECT finding FROM case_members SEMI JOIN (SELECT case_id FROM cases "
            f"ORDER BY {total_order('case_id')} LIMIT {int(budget)}) USING (case_id)"
        ),
        "account": (
            f"SELECT finding FROM pieces SEMI JOIN (SELECT account FROM account_scores WHERE s > 0 "
            f"ORDER BY {total_order('account')} LIMIT {int(budget)}) USING (account)"
        ),
    }
    of = int(row(con, "SELECT count(*) FROM instances")[0])
    return [
        {"unit": unit, "budget": budget, "of": of}
        | {
            "reached": int(
                row(con, f"SELECT count(DISTINCT id) FROM hits WHERE finding IN ({findings})")[0]
            )
        }
        for unit, findings in read.items()
    ]


def _register(
    con: Con, name: str, rows: list[dict[str, Any]], columns: dict[str, pa.DataType]
) -> None:
    con.register("_truth", pa.Table.from_pylist(rows, pa.schema(list(columns.items()))))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM _truth")
    con.unregister("_truth")

"""How much of the head of a list is right: above the line, and among the first N, with intervals.

    of_accounts     a truth (truth.py) says it of accounts: who is not labelled is a false alarm
    of_cases        decisions say it of cases: those that share a finding with a decided dossier.
                    Nothing is said of the others; a case with dossiers of both kinds is disputed
                    and left out

Rows {"unit", "of", "labelled", "hits", "precision", "low", "high"}: of: rows of the list there;
labelled: those of which something is known. The three last are None where nothing is.
Intervals of 95 %: bootstrap.py, whole rings or dossiers drawn anew.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regift.ranking.evaluation.bootstrap import clusters_of, share_interval
from regift.ranking.evaluation.measures import Ints, Mask
from regift.ranking.evaluation.truth import Truth
from regift.ranking.order import total_order

Con = duckdb.DuckDBPyConnection
Labelled = Sequence[tuple[int, str, bool]]
"""Findings of decided dossiers: number of the dossier, finding, whether it was confirmed."""

_HEAD = """
    FROM (SELECT {id} AS id, score >= $line AS above, row_number() OVER (ORDER BY {order}) AS rank
          FROM {table})
    WHERE above OR rank <= coalesce($first, 0)
"""


def of_accounts(
    con: Con, truth: Truth, line: Decimal, first: int | None = None
) -> dict[str, dict[str, Any]]:
    """Precision of the accounts `above_line`, and of the `first` so many where that is asked.

    Cost: a sort of the accounts, and a thousand draws of those in the head of the list.
    """
    head = _head(con, "account", "account_scores", line, first)
    known = pa.array(sorted(truth.labelled), pa.string())
    hit = np.asarray(pc.is_in(head["id"], value_set=known.cast(head["id"].type)), dtype=np.bool_)
    place = {account: n for n, account in enumerate(head["id"].to_pylist())}
    rings = [[place[who] for who in each.accounts if who in place] for each in truth.planted]
    clusters = clusters_of(len(hit), [ring for ring in rings if ring], hit)
    everybody = np.ones(len(hit), dtype=np.bool_)
    return _told("account", _sets(head, first), everybody, hit, clusters)


def of_cases(
    con: Con, labelled: Labelled, line: Decimal, first: int | None = None
) -> dict[str, dict[str, Any]]:
    """The same of cases, by decisions; rows also have `disputed`.

    Cost: a sort of the cases, a join of their findings with those that were decided.
    """
    head = _head(con, "case_id", "cases", line, first)
    columns = list(zip(*labelled, strict=True)) or [(), (), ()]
    kinds = (pa.int64(), pa.string(), pa.bool_())
    names = ("dossier", "finding", "confirmed")
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    con.register("_labels", pa.table(dict(zip(names, arrays, strict=True))))
    con.register("_listed", head)
    rows = con.sql(
        """
        SELECT rank, coalesce(bool_or(confirmed), false) AS yes,
               coalesce(bool_or(NOT confirmed), false) AS no,
               list(DISTINCT dossier) FILTER (dossier IS NOT NULL) AS dossiers
        FROM _listed LEFT JOIN case_members ON case_id = id LEFT JOIN _labels USING (finding)
        GROUP BY rank ORDER BY rank
        """
    ).to_arrow_table()
    con.unregister("_labels")
    con.unregister("_listed")
    yes, no = (rows[name].to_numpy() for name in ("yes", "no"))
    of: dict[int, list[int]] = {}
    for n, dossiers in enumerate(rows["dossiers"].to_pylist()):
        for each in dossiers or ():
            of.setdefault(each, []).append(n)
    clusters = clusters_of(len(yes), list(of.values()), yes)
    sets = _sets(head, first)
    told = _told("case", sets, yes ^ no, yes, clusters)
    for name, inside in sets.items():
        told[name]["disputed"] = int((yes & no & inside).sum())
    return told


def _head(con: Con, id_column: str, table: str, line: Decimal, first: int | None) -> pa.Table:
    """(id, above, rank) of the rows above the line and of the first ones, best first."""
    sql = _HEAD.format(id=id_column, order=total_order(id_column), table=table)
    given = {"line": line, "first": first}
    return con.sql(f"SELECT id, above, rank {sql} ORDER BY rank", params=given).to_arrow_table()


def _sets(head: pa.Table, first: int | None) -> dict[str, Mask]:
    """Rows of the head that are above the line, and those among the first ones if asked."""
    sets = {"above_line": np.asarray(head["above"].to_numpy(), dtype=np.bool_)}
    if first is not None:
        sets["first"] = head["rank"].to_numpy() <= first
    return sets


def _told(
    unit: str, sets: Mapping[str, Mask], known: Mask, hit: Mask, clusters: Ints
) -> dict[str, dict[str, Any]]:
    rows = {}
    for name, inside in sets.items():
        of = known & inside
        n, hits = int(of.sum()), int((hit & of).sum())
        low, high = share_interval(hit[of], clusters[of]) if n else (None, None)
        rows[name] = {
            "unit": unit, "of": int(inside.sum()), "labelled": n, "hits": hits,
            "precision": round(hits / n, 6) if n else None, "low": low, "high": high,
        }  # fmt: skip
    return rows

"""What the current generation would be under another policy or with other parameters: in memory.

Searches whose parameters change are made again, as a refresh makes them, then cases, scores, ranks
and proposals; what people decided is as the generation has it. Nothing is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import duckdb

from regift.enforcement.casebook import Casebook
from regift.enforcement.feedback import labels
from regift.enforcement.policy_changes import Changed
from regift.enforcement.policy_rules import gate_rules, parameters
from regift.graph.connect import dicts, row
from regift.graph.store import Manifest
from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.queries.params import show
from regift.ranking.evaluation.precision import of_accounts, of_cases
from regift.ranking.evaluation.truth import Truth
from regift.ranking.gate import step_of
from regift.refresh.run import code_digest
from regift.refresh.settings import params_of, settings_of
from regift.refresh.without import again

CHANGED = "changed"
"""A digest that no run has."""


@contextmanager
def made(
    workspace: Workspace, manifest: Manifest, asked: Changed
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with findings and ranking as they would be. Cost: up to that of a full refresh.

    regift.toml holds as it stands now, and what is asked for wins over it.
    """
    table = dict(workspace.settings_table())
    written = dict(table.get("typology", {}))
    for name, given in asked.params.items():
        written[name] = {**written.get(name, {}), **given}
    settings = settings_of({**table, "typology": written}, parameters(asked.policy))
    before = manifest.run["settings"]
    settings = replace(settings, fuzzy_model=before["fuzzy_model"])
    digests = {**manifest.digests, "code": code_digest()}
    plain = {**asdict(settings), "typology": None}
    if plain != {**before, "typology": None}:
        digests["settings"] = CHANGED
    for name in ALL:
        if show(params_of(settings, name)) != manifest.run["params"].get(name):
            digests[f"params.{name}"] = CHANGED
    policy = {
        "id": None, "switches": dict(asked.policy.switches), "gate": gate_rules(asked.policy).plain,
    }  # fmt: skip
    with again(workspace, manifest, settings, digests, policy, None) as con:
        yield con


_READ = """
    SELECT case_id, list(finding) AS findings FROM case_members
    JOIN (SELECT case_id FROM cases WHERE score >= $line) USING (case_id) GROUP BY case_id
"""

_LISTED = f"""
    SELECT account, score, measure FROM account_scores LEFT JOIN proposals USING (account)
    QUALIFY row_number() OVER (
        PARTITION BY account ORDER BY {step_of("measure")} DESC, proposals.case_id) = 1
"""


def compared(
    before: duckdb.DuckDBPyConnection, after: duckdb.DuckDBPyConnection, line: Decimal
) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    """Accounts that enter or leave what is above the line, or get another measure; and sums.

    Rows {"account", "change": enters | leaves | measure, "score_before", "score",
    "measure_before", "measure"}, those that enter first.
    """
    after.register("_before", before.sql(_LISTED).to_arrow_table())
    rows = dicts(
        after,
        f"""
        SELECT account, CASE WHEN coalesce(b.score >= $line, false) = coalesce(a.score >= $line,
                                  false) THEN 'measure'
                             WHEN a.score >= $line THEN 'enters' ELSE 'leaves' END AS change,
               b.score::DOUBLE AS score_before, a.score::DOUBLE AS score,
               b.measure AS measure_before, a.measure AS measure
        FROM _before b FULL JOIN ({_LISTED}) a USING (account)
        WHERE coalesce(b.score >= $line, false) <> coalesce(a.score >= $line, false)
            OR a.measure IS DISTINCT FROM b.measure
        ORDER BY change, coalesce(a.score, b.score) DESC, account
        """,
        {"line": line},
    )
    after.unregister("_before")
    return rows, {"before": _sums(before, line), "after": _sums(after, line)}


def work(
    before: duckdb.DuckDBPyConnection, after: duckdb.DuckDBPyConnection, line: Decimal
) -> dict[str, int]:
    """Cases above the line to read: {"before", "after", "new", "gone"}.

    new: cases none of whose findings is in a case above the line before; gone: the other way round.
    """
    given = {"line": line}
    after.register("_before", before.sql(_READ, params=given).to_arrow_table())
    found = dicts(
        after,
        f"""
        WITH now AS ({_READ}),
        was AS (SELECT DISTINCT unnest(findings) AS finding FROM _before),
        stays AS (SELECT DISTINCT unnest(findings) AS finding FROM now)
        SELECT (SELECT count(*) FROM _before) AS before, (SELECT count(*) FROM now) AS after,
               (SELECT count(*) FROM now WHERE case_id NOT IN (
                    SELECT case_id FROM (SELECT case_id, unnest(findings) AS finding FROM now)
                    SEMI JOIN was USING (finding))) AS new,
               (SELECT count(*) FROM _before WHERE case_id NOT IN (
                    SELECT case_id FROM (SELECT case_id, unnest(findings) AS finding FROM _before)
                    SEMI JOIN stays USING (finding))) AS gone
        """,
        given,
    )
    after.unregister("_before")
    return found[0]


def judged(
    workspace: Workspace,
    generations: Mapping[str, duckdb.DuckDBPyConnection],
    truth: Truth | None,
    line: Decimal,
    first: int | None,
) -> dict[str, Any] | None:
    """What is right of the head of each list (ranking/evaluation/precision.py), by its name.

    labels: `truth`, else `decisions` of the casebook; None where neither says anything.
    """
    if truth is not None:
        told = {name: of_accounts(con, truth, line, first) for name, con in generations.items()}
        return {"labels": "truth", **told}
    with Casebook.read(workspace.casebook) as casebook:
        labelled = labels(casebook)
    if not labelled:
        return None
    told = {name: of_cases(con, labelled, line, first) for name, con in generations.items()}
    return {"labels": "decisions", **told}


def _sums(con: duckdb.DuckDBPyConnection, line: Decimal) -> dict[str, Any]:
    """What there is to do: accounts and cases above the line, findings, measures by step."""
    accounts, cases, findings = row(
        con,
        """
        SELECT (SELECT count(*) FROM account_scores WHERE score >= $1),
               (SELECT count(*) FROM cases WHERE score >= $1), (SELECT count(*) FROM findings)
        """,
        [line],
    )
    steps = con.execute(
        f"SELECT measure, count(*) FROM ({_LISTED}) WHERE measure IS NOT NULL GROUP BY measure "
        f"ORDER BY {step_of('measure')}"
    ).fetchall()
    return {"accounts": accounts, "cases": cases, "findings": findings, "measures": dict(steps)}

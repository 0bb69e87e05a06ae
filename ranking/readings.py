"""What readings of the rule do to a case: facts under each of them, and switches that mattered.

    readings    {"strict", "lenient"}: facts of the case under each reading of first-level gifts
    switches    [{"key", "value", "why"}] of the policy, those that decided something in the case

A gift is a fact of a reading if its level is beyond what the reading allows: 0 strict, 1 lenient.
Gifts on the items of the case that the run's own reading left out count where they would be found.
"""

from collections.abc import Mapping
from typing import Any

import duckdb

from regift.graph.connect import row
from regift.queries.holding import cured_sql
from regift.queries.params import NO_PERIODS, Periods, periods_of
from regift.queries.second_level_sale import SOLD_AGAIN
from regift.ranking.texts import say

Con = duckdb.DuckDBPyConnection

ALLOWED = {"strict": 0, "lenient": 1}
"""reading -> deepest level that a gift may have."""
LEVELLED = "multi_level_gift"
"""The typology whose findings depend on the reading."""


def of_finding(typology: str, level: int | None) -> dict[str, bool] | None:
    """Whether a finding with a level is one under each reading; None without a level.

    >>> of_finding("multi_level_gift", 1), of_finding("second_level_sale", 1)
    ({'strict': True, 'lenient': False}, {'strict': True, 'lenient': True})
    """
    if level is None:
        return None
    return {name: typology != LEVELLED or level > most for name, most in ALLOWED.items()}


def of_case(con: Con, case_id: str, holding: Periods = ()) -> dict[str, int]:
    """Facts of a case under each reading; holding: periods that cure under every one.

    Cost: the findings of the case, the hops of its items.
    """
    counts = ", ".join(
        f"count(*) FILTER (typology <> '{LEVELLED}' OR level > {most})" for most in ALLOWED.values()
    )
    left = ", ".join(f"count(*) FILTER (level > {most})" for most in ALLOWED.values())
    found = row(
        con,
        f"""
        SELECT {counts} FROM case_members JOIN (SELECT finding, fact FROM weighed) USING (finding)
        JOIN findings USING (finding) WHERE case_id = ? AND fact
        """,
        [case_id],
    )
    unfound = row(
        con,
        f"""
        SELECT {left} FROM custody
        WHERE item IN ({_ITEMS}) AND kind = 'gift' AND rule = 'hop' AND undone IS NULL
            AND record_id NOT IN ({_cured(holding)}) AND record_id NOT IN (
                SELECT record FROM evidence JOIN findings USING (finding)
                WHERE typology = '{LEVELLED}' AND tbl = 'gifts')
        """,
        [case_id] * (2 if holding else 1),
    )
    return {name: int(found[n]) + int(unfound[n]) for n, name in enumerate(ALLOWED)}


def _cured_of(con: Con, case_id: str, holding: Periods, allowed: int) -> int:
    """Gifts on the items of a case that a holding period alone keeps from being facts."""
    sql = f"SELECT count(*) FROM custody WHERE record_id IN ({_cured(holding)}) AND rule = 'hop' "
    told = con.execute(f"{sql} AND level > {allowed:d}", [case_id] if holding else []).fetchall()
    return int(told[0][0])


_ITEMS = "SELECT unnest(items) FROM case_members JOIN weighed USING (finding) WHERE case_id = ?"


def _cured(holding: Periods) -> str:
    """SQL of the gifts on the items of a case that a holding period cures; one value if any."""
    return cured_sql(holding, f"(FROM custody WHERE item IN ({_ITEMS}))" if holding else "custody")


_COUNTS = {
    "issuer_resale": f"custody WHERE item IN ({_ITEMS}) AND {SOLD_AGAIN}",
    "returned_gift": f"custody WHERE item IN ({_ITEMS}) AND undone IS NOT NULL AND kind = 'gift'",
    "holding_period": (
        f"case_members JOIN findings USING (finding) WHERE case_id = ? AND typology = '{LEVELLED}'"
    ),
    "who_is_measured": "proposals WHERE case_id = ? AND starts_with(why, 'evidence only')",
    "one_legal_subject": (
        "(SELECT entity FROM case_accounts JOIN entity_of USING (account) "
        "JOIN account_kinds USING (account) WHERE case_id = ? "
        "AND kind IN ('official_account', 'mini_program') "
        "GROUP BY entity HAVING count(DISTINCT kind) > 1)"
    ),
    "one_legal_subject_separate": (
        "(SELECT a, b FROM links JOIN case_accounts x ON x.account = a "
        "JOIN case_accounts y ON y.account = b AND y.case_id = x.case_id "
        "WHERE x.case_id = ? AND list_contains(kinds, 'legal_subject') AND grade = 'associated')"
    ),
    "certificate_grace": (
        "case_members JOIN findings USING (finding) "
        "WHERE case_id = ? AND typology = 'uncertified_issue'"
    ),
    "degree": "proposals WHERE case_id = ? AND measure IS NOT NULL",
    "effective_dates": "proposals WHERE case_id = ? AND contains(why, 'not in force')",
    "off_platform_payment": (
        "case_members JOIN findings USING (finding) JOIN evidence USING (finding) "
        f"WHERE case_id = ? AND typology = '{LEVELLED}' AND record NOT IN (SELECT record FROM "
        "evidence JOIN findings USING (finding) WHERE typology = 'paid_gift' AND tbl = 'gifts')"
    ),
    "giveaway": (
        f"custody WHERE item IN ({_ITEMS}) AND rule = 'issue' AND coalesce(price_minor, 0) = 0"
    ),
    "red_packets": (
        "(SELECT DISTINCT record FROM case_members JOIN evidence USING (finding) "
        "JOIN transfers ON record_id = record "
        "WHERE case_id = ? AND tbl = 'transfers' AND kind = 'red_packet')"
    ),
}
"""switch, or switch_value -> what is counted in a case; above 0 it mattered."""


def switches_of(
    con: Con,
    case_id: str,
    switches: Mapping[str, str],
    read: Mapping[str, int],
    cured: int,
    lang: str,
) -> list[dict[str, str]]:
    """Switches of a policy that decided something in a case, in the policy's order.

    read: what `of_case` gave; cured: gifts that are no facts for how long they were held.
    """
    told = []
    for key, value in switches.items():
        if key == "first_level_gift":
            why = say(lang, f"switch_{key}", **read) if read["strict"] != read["lenient"] else None
        elif key == "holding_period" and value == "cures":
            why = say(lang, "switch_holding_period_cures", n=cured) if cured else None
        else:
            name = f"{key}_{value}" if f"{key}_{value}" in _COUNTS else key
            ((n,),) = con.execute(f"SELECT count(*) FROM {_COUNTS[name]}", [case_id]).fetchall()
            why = say(lang, f"switch_{name}", n=n) if n else None
        if why is not None:
            told.append({"key": key, "value": value, "why": why})
    return told


def told_of(con: Con, case_id: str, run: Mapping[str, Any] | None, lang: str) -> dict[str, Any]:
    """`readings` and `switches` of a case; no switches where the run knew no policy."""
    params = (run or {}).get("params", {}).get(LEVELLED, {})
    holding = periods_of(params.get("holding", NO_PERIODS))
    read = of_case(con, case_id, holding)
    policy = (run or {}).get("policy") or {}
    cured = _cured_of(con, case_id, holding, int(params.get("allowed", ALLOWED["lenient"])))
    return {
        "readings": read,
        "switches": switches_of(con, case_id, policy.get("switches", {}), read, cured, lang),
    }

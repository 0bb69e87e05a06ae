"""Facts that name an account, with the time of their last record: what a measure can be held to.

    facts(account, finding, typology, content, last_us, doubt)

The acts of the gate (ranking/gate.py) that are facts and whose clause was in force. doubt: why a
fact is not sure, null where it is. The last record decides what comes after a measure: a seller
without a certificate who goes on adds sales to one finding that began before.
"""

from collections.abc import Mapping
from typing import Any

import duckdb

from regift.ranking import clauses, gate
from regift.ranking.gate_rules import GateRules


def derive(con: duckdb.DuckDBPyConnection, run: Mapping[str, Any]) -> None:
    """Make `facts` in the connection of a generation, by the rules that its run had.

    Cost: linear in the findings of the generation and the accounts that they name.
    """
    policy = run.get("policy")
    clauses.derive(con, GateRules.of(policy["gate"]) if policy else GateRules())
    gate.acts(con)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts AS
        SELECT account, finding, typology, content, last_us, doubt
        FROM (SELECT DISTINCT account, finding, doubt FROM acts WHERE fact AND lack IS NULL)
        JOIN (SELECT finding, typology, content, last_us FROM findings) USING (finding)
        """
    )

"""What `explain` says of an account that is linked to one against which a measure holds.

The tie alone is no finding (definitions D-14, and D-18 of `evasion`): it is told, with whether the
account was there before the measure or has done nothing of its own since.
"""

from typing import Any

import duckdb

from regift.graph.workspace import utc_text
from regift.queries.successor import ties_of
from regift.ranking.texts import say


def ties(con: duckdb.DuckDBPyConnection, account: str, lang: str) -> list[dict[str, Any]]:
    """One row a measured account that it is linked to, earliest measure first.

    Keys: text, account (the measured one), since (by the clock of the decision), grade, finding
    (of its succession, or None). Cost: a scan of links, gifts and transfers.
    """
    told = []
    for each in ties_of(con, account):
        key = "tie_found" if each["found"] else "tie_there" if each["there"] else "tie_alone"
        since = utc_text(each["since_us"])
        text = say(
            lang, key, former=each["former"], why=each["why"], since=since, finding=each["found"]
        )
        told.append(
            {
                "text": text,
                "account": each["former"],
                "since": since,
                "grade": each["grade"],
                "finding": each["found"],
            }
        )
    return told

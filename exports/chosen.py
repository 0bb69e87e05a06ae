"""Which findings a list is made of: a filter that is applied and written down by one object."""

from dataclasses import dataclass

import duckdb

from regift.graph.workspace import utc_text


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Findings of some typologies, on one account, beginning in [since_us, until_us).

    Absent parts exclude nothing. Times select by a finding's first record, in microseconds since
    1970 UTC; what is selected is shown whole.
    """

    typologies: tuple[str, ...] = ()
    account: str | None = None
    since_us: int | None = None
    until_us: int | None = None

    @property
    def text(self) -> str:
        """The filter as a reader of the list sees it; empty when nothing is excluded.

        >>> Filter(typologies=("paid_gift",), since_us=0).text
        'typology=paid_gift since=1970-01-01T00:00:00Z'
        """
        parts = []
        if self.typologies:
            parts.append(f"typology={','.join(self.typologies)}")
        if self.account is not None:
            parts.append(f"account={self.account}")
        if self.since_us is not None:
            parts.append(f"since={utc_text(self.since_us)}")
        if self.until_us is not None:
            parts.append(f"until={utc_text(self.until_us)}")
        return " ".join(parts)

    def define(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the table `chosen(finding)` of the findings that pass."""
        con.execute(
            """
            CREATE OR REPLACE TEMP TABLE chosen AS
            SELECT finding FROM findings
            WHERE (len($typologies) = 0 OR list_contains($typologies, typology))
              AND ($account IS NULL
                   OR finding IN (SELECT finding FROM subjects WHERE account = $account))
              AND ($since IS NULL OR first_us >= $since)
              AND ($until IS NULL OR first_us < $until)
            """,
            {
                "typologies": list(self.typologies),
                "account": self.account,
                "since": self.since_us,
                "until": self.until_us,
            },
        )

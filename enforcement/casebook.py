"""The casebook: what people decided, in one SQLite file that survives every refresh.

Each change is one row of the audit log (`audit_log.py`), written in the same transaction as what it
changes. One file a kind of decision: `judgements.py`, `dossiers.py`, `measures.py`,
`allow_list.py`, `certificates.py`. A refresh reads what of it is data (`Decisions`) and nothing
else.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regift.enforcement import allow_list, certificates, feedback, judgements, measures, replay
from regift.enforcement.audit_log import FIRST_HASH, AuditLog, opened, opened_to_read
from regift.graph.decisions import Decided
from regift.graph.workspace import now_us
from regift.loaders.errors import RegiftError

__all__ = ["FIRST_HASH", "Casebook", "Decisions"]


@dataclass(frozen=True)
class Decisions:
    """What a refresh reads of the casebook, of one moment; `head` covers it and nothing later.

    judgements: (account, account, verdict, number), oldest first.
    measured: (account, since_us, clause, step) of measures in force.
    strikes: (account, approved_us, clause, step) of those that were ever, and not reversed.
    allowed: (account, until_us, reason) of allow-list entries that are not over.
    reviewed: (account, filing_number, verdict) of certificates that a person looked at.
    refuted: (finding, content) of what people cleared.
    """

    judgements: list[tuple[str, str, str, int]]
    measured: list[tuple[str, int, str, str]]
    strikes: list[tuple[str, int, str, str]]
    allowed: list[tuple[str, int, str]]
    reviewed: list[tuple[str, str, str]]
    refuted: list[tuple[str, str]]
    head: str

    @property
    def tables(self) -> Decided:
        """As `graph/decisions.py` takes them."""
        return {
            "judgements": self.judgements,
            "measured": self.measured,
            "strikes": self.strikes,
            "allowed": self.allowed,
            "reviewed": self.reviewed,
            "refuted": self.refuted,
        }


class Casebook(AuditLog):
    """One open casebook."""

    @classmethod
    def open(cls, path: Path, who: str | None = None) -> "Casebook":
        """Open or create the file, at the newest version.

        who: the named user of a session; by default the login acts (D-15).
        RegiftError when it is damaged or was written by a newer regift.
        """
        return cls(opened(path), path, who)

    @classmethod
    def read(cls, path: Path) -> "Casebook":
        """The file for a listing: none is made, and it may lie where nothing can be written."""
        return cls(opened_to_read(path), path)

    def __enter__(self) -> "Casebook":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def judge(self, a: str, b: str, verdict: str, reason: str) -> int:
        """Record what a person says of two accounts; gives the number of the audit row."""
        return judgements.judge(self, a, b, verdict, reason)

    def judgements(self) -> list[tuple[str, str, str, int]]:
        """(account, account, verdict, number), oldest first."""
        return judgements.judgements(self.con)

    def state(self) -> Decisions:
        """Decisions and head of one moment. What is over by the clock is not in it."""
        now = now_us()
        self.con.execute("BEGIN")
        try:
            return Decisions(
                self.judgements(),
                measures.in_force(self.con, now),
                measures.strikes(self.con),
                allow_list.allowed(self.con, now),
                certificates.reviewed(self.con),
                feedback.refuted(self.con),
                self.head(),
            )
        finally:
            self.con.execute("ROLLBACK")

    def log_refresh(
        self, generation: int, loads: Iterable[Mapping[str, Any]], made_from: str
    ) -> int:
        """Record a run, before its generation is current; gives the number of the audit row.

        loads: those that it takes in; the row says who corrected or withdrew what, and why.
        made_from: hash of all that the generation is made from.
        """
        kept = ("load", "table", "action", "reason", "actor")
        taken = [{key: load[key] for key in kept} for load in loads]
        return self.note(
            "refresh", {"generation": generation, "loads": taken, "made_from": made_from}
        )

    def verify(self, heads: Collection[str] = ()) -> int:
        """Check the whole chain, that each head is in it, and every table against the log.

        Gives the number of audit rows. RegiftError names the first row that does not fit.
        """
        self.con.execute("BEGIN")
        try:
            (found,) = self.con.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise RegiftError(f"{self.path} is damaged ({found}): restore a backup")
            rows = self.check_chain(heads)
            replay.check_tables(self)
        except sqlite3.DatabaseError as error:
            raise RegiftError(f"{self.path} is damaged ({error}): restore a backup") from None
        finally:
            self.con.execute("ROLLBACK")
        return rows

"""The casebook: what people decided, in one SQLite file that survives every refresh.

Each change is one row of an audit log in which every row carries the hash of the one before, and
is written in the same transaction as what it tells. Judgements of links are the first kind of
decision kept here; they flow into a refresh as data and nowhere else.
"""

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regift.graph.workspace import actor, now_us, utc_text
from regift.loaders.errors import RegiftError

MIGRATIONS = (
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL,
        action TEXT NOT NULL, payload TEXT, digest TEXT NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE judgements (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), a TEXT NOT NULL, b TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('same', 'different')),
        reason TEXT NOT NULL, CHECK (a < b));
    """,
)
"""One entry per version of the file; opening an older file runs those it lacks."""

FIRST_HASH = "0" * 64

WAIT_S = 30.0
"""A writer waits so long for another one: each holds the file for milliseconds."""


class Casebook:
    """One open casebook; every write is one transaction with its audit row."""

    def __init__(self, con: sqlite3.Connection, path: Path) -> None:
        self._con = con
        self._path = path

    @classmethod
    def open(cls, path: Path) -> "Casebook":
        """Open or create the file, at the newest version.

        RegiftError when it is damaged or was written by a newer regift.
        """
        con = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
        try:
            _use_wal(con)
            con.execute("PRAGMA synchronous = FULL")
            version = con.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise RegiftError(f"{path} was written by a newer regift: use that one")
            if version < len(MIGRATIONS):
                _migrate(con)
        except sqlite3.DatabaseError as error:
            con.close()
            raise RegiftError(f"{path} cannot be opened ({error}): restore a backup") from None
        except RegiftError:
            con.close()
            raise
        return cls(con, path)

    def close(self) -> None:
        """Close the file."""
        self._con.close()

    def judge(self, a: str, b: str, verdict: str, reason: str) -> int:
        """Record what a person says of two accounts; gives the number of the audit row."""
        first, second = sorted((a, b), key=lambda account: account.encode())
        payload = {"a": first, "b": second, "verdict": verdict, "reason": reason}
        with self._transaction():
            seq = self._append("link judge", payload)
            self._con.execute(
                "INSERT INTO judgements VALUES (?, ?, ?, ?, ?)",
                (seq, first, second, verdict, reason),
            )
        return seq

    def note(self, action: str, payload: dict[str, Any]) -> int:
        """Record that somebody did something that changes no decision; the audit row's number."""
        with self._transaction():
            return self._append(action, payload)

    def judgements(self) -> list[tuple[str, str, str, int]]:
        """(account, account, verdict, number), oldest first."""
        return [
            (row[0], row[1], row[2], row[3])
            for row in self._con.execute("SELECT a, b, verdict, seq FROM judgements ORDER BY seq")
        ]

    def state(self) -> tuple[list[tuple[str, str, str, int]], str]:
        """Judgements and head of one moment: the head covers these judgements and no others."""
        self._con.execute("BEGIN")
        try:
            return self.judgements(), self.head()
        finally:
            self._con.execute("ROLLBACK")

    def head(self) -> str:
        """Hash of the newest audit row: a chain that was cut short does not have it."""
        row = self._con.execute("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return str(row[0]) if row else FIRST_HASH

    def verify(self, head: str | None = None) -> int:
        """Check the whole chain, that `head` is in it, and that judgements are those it tells of.

        Gives the number of rows. RegiftError names the first row that does not fit.
        """
        before, seen = FIRST_HASH, {FIRST_HASH}
        rows = self._con.execute(
            "SELECT seq, at_us, actor, action, payload, digest, hash FROM audit ORDER BY seq"
        ).fetchall()
        for number, (seq, at_us, who, action, payload, digest, found) in enumerate(rows, 1):
            fits = (
                seq == number
                and (payload is None or _digest(payload) == digest)
                and _link(before, seq, at_us, who, action, digest) == found
            )
            if not fits:
                raise RegiftError(
                    f"{self._path}: audit row {seq} ({action} by {who}, {utc_text(at_us)}) "
                    "does not fit the chain: it or a row before it was changed"
                )
            before = found
            seen.add(found)
        if head is not None and head not in seen:
            raise RegiftError(f"{self._path}: the audit log ends before {head[:12]}: rows are gone")
        self._verify_judgements()
        return len(rows)

    def _verify_judgements(self) -> None:
        """A refresh reads the judgements and not the log: each must be what its row says."""
        told = {
            seq: json.loads(payload)
            for seq, payload in self._con.execute(
                "SELECT seq, payload FROM audit WHERE action = 'link judge' AND payload NOTNULL"
            )
        }
        names = ("a", "b", "verdict", "reason")
        held = {
            row[0]: dict(zip(names, row[1:], strict=True))
            for row in self._con.execute("SELECT seq, a, b, verdict, reason FROM judgements")
        }
        for seq in sorted(told.keys() | held.keys()):
            if told.get(seq) != held.get(seq):
                raise RegiftError(
                    f"{self._path}: the judgement of audit row {seq} is not what the log says: "
                    "it was changed, added or removed past regift"
                )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of what is written inside, or nothing."""
        self._con.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._con.execute("COMMIT")
        except BaseException:
            self._con.execute("ROLLBACK")
            raise

    def _append(self, action: str, payload: dict[str, Any]) -> int:
        row = self._con.execute("SELECT coalesce(max(seq), 0) + 1 FROM audit").fetchone()
        seq, at_us, who = int(row[0]), now_us(), actor()
        text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
        digest = _digest(text)
        self._con.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(seq, at_us, who, action, text, digest),
                _link(self.head(), seq, at_us, who, action, digest),
            ),
        )
        return seq


def _use_wal(con: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait where two do it at once, as it does for all else."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            con.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(con: sqlite3.Connection) -> None:
    """Run the entries of `MIGRATIONS` that the file lacks; another process may be first."""
    con.execute("BEGIN IMMEDIATE")
    version = con.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split(";"):
            con.execute(statement)
        con.execute(f"PRAGMA user_version = {number + 1}")
    con.execute("COMMIT")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _link(before: str, seq: int, at_us: int, who: str, action: str, digest: str) -> str:
    return _digest(json.dumps([before, seq, at_us, who, action, digest], ensure_ascii=False))

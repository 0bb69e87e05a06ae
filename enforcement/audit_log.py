"""The audit log: one row a change, each with the hash of the row before, in one SQLite file.

A row and what it changes are written in one transaction. The chain hashes digests of payloads, so
a payload can be erased and its row stays in the chain; digests are salted, so that an erased
sentence cannot be guessed.

Times never decrease silently. A clock that is behind the last row by at most a minute, as one that
was just set, gives the row the time of the last one, and the row says so (`clock_behind_us`). One
that is further behind is refused; `AuditLog.accept_clock` is a person's word that the clock is
right and the log was ahead.
"""

import contextlib
import hashlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from regift.enforcement.migrations import MIGRATIONS, migrate
from regift.graph import workspace
from regift.graph.workspace import utc_text
from regift.loaders.errors import Locked, RegiftError

FIRST_HASH = "0" * 64

WAIT_S = 30.0
"""A writer waits so long for another one: each holds the file for milliseconds."""

CLOCK_SLACK_US = 60_000_000
"""A clock that is set by its time server may go back by seconds."""

CLOCK = "audit clock"
ERASE = "audit erase"


@dataclass(frozen=True)
class AuditRow:
    """What a table may be made from: number, time, who, what was done, and its words and values."""

    seq: int
    at_us: int
    actor: str
    action: str
    payload: Mapping[str, Any]


Apply = Callable[[sqlite3.Connection, AuditRow], None]
"""Writes into the tables what a row of the log tells, whether it is new or replayed."""


class AuditLog:
    """An open casebook file as a log; `enforcement/casebook.py` knows what is decided in it."""

    def __init__(self, con: sqlite3.Connection, path: Path, who: str | None = None) -> None:
        self.con = con
        self.path = path
        self._who = who

    @property
    def actor(self) -> str:
        """Who acts (D-15): the login, or the named user whom the session was opened for."""
        return workspace.actor() if self._who is None else self._who

    def close(self) -> None:
        """Close the file."""
        self.con.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside, or nothing. Locked when another writes for too long.

        One inside another is part of it.
        """
        if self.con.in_transaction:
            yield
            return
        try:
            self.con.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise self._refused(error) from None
        try:
            yield
            self.con.execute("COMMIT")
        except BaseException as error:
            if self.con.in_transaction:
                self.con.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise self._refused(error) from None
            raise

    def _refused(self, error: sqlite3.OperationalError) -> RegiftError:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            return Locked(f"{self.path} is being written by another process: try again")
        return RegiftError(f"{self.path} cannot be written ({error}): nothing was changed")

    def write(self, action: str, payload: Mapping[str, Any], apply: Apply) -> AuditRow:
        """Append a row and apply it to the tables, inside a transaction."""
        row = self.append(action, payload)
        apply(self.con, row)
        return row

    def append(self, action: str, payload: Mapping[str, Any]) -> AuditRow:
        """Append a row, inside a transaction. RegiftError when the clock has gone back."""
        seq, last_us, before = self._last()
        at_us = workspace.now_us()
        if action != CLOCK and at_us < last_us:
            if last_us - at_us > CLOCK_SLACK_US:
                raise RegiftError(
                    f"the clock says {utc_text(at_us)} and the last audit row is of "
                    f"{utc_text(last_us)}: set the clock, or if the log was ahead: "
                    "`regift audit clock --reason TEXT`"
                )
            payload = {**payload, "clock_behind_us": last_us - at_us}
            at_us = last_us
        return self._insert(seq + 1, at_us, action, payload, before)

    def _last(self) -> tuple[int, int, str]:
        """Number, time and hash of the newest row."""
        row = self.con.execute(
            "SELECT seq, at_us, hash FROM audit ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return (int(row[0]), int(row[1]), str(row[2])) if row else (0, 0, FIRST_HASH)

    def _insert(
        self, seq: int, at_us: int, action: str, payload: Mapping[str, Any], before: str
    ) -> AuditRow:
        who, nonce = self.actor, secrets.token_hex(16)
        text = json.dumps(payload, sort_keys=True, ensure_ascii=False)
        digest = digest_of_text(nonce + text)
        self.con.execute(
            "INSERT INTO audit (seq, at_us, actor, action, payload, digest, hash, nonce) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(seq, at_us, who, action, text, digest),
                chained(before, seq, at_us, who, action, digest),
                nonce,
            ),
        )
        # As it will be read: a replay must not see a tuple where the log has a list.
        return AuditRow(seq, at_us, who, action, json.loads(text))

    def note(self, action: str, payload: Mapping[str, Any]) -> int:
        """Record that somebody did something that changes no decision; the audit row's number."""
        with self.transaction():
            return self.append(action, payload).seq

    def accept_clock(self, reason: str) -> int:
        """Record that the clock is right although the log is ahead; the audit row's number."""
        return self.note(CLOCK, {"reason": reason})

    def head(self) -> str:
        """Hash of the newest audit row: a chain that was cut short does not have it."""
        return self._last()[2]

    def rows(self) -> list[AuditRow]:
        """The log as what tables are made from: an erased payload is what its erasure kept."""
        found = self.con.execute(
            "SELECT seq, at_us, actor, action, payload FROM audit ORDER BY seq"
        ).fetchall()
        kept = {
            told["row"]: told["kept"]
            for told in (json.loads(row[4]) for row in found if row[3] == ERASE and row[4])
        }
        return [
            AuditRow(
                *(seq, at_us, who, action),
                kept.get(seq, {}) if payload is None else json.loads(payload),
            )
            for seq, at_us, who, action, payload in found
        ]

    def check_chain(self, heads: Collection[str] = ()) -> int:
        """Check every row against the one before it, and that each of `heads` is in the chain.

        Gives the number of rows. RegiftError names the first row that does not fit.
        """
        before, last_us, seen = FIRST_HASH, 0, {FIRST_HASH}
        empty: dict[int, str] = {}
        rows = self.con.execute(
            "SELECT seq, at_us, actor, action, payload, nonce, digest, hash FROM audit ORDER BY seq"
        ).fetchall()
        for number, row in enumerate(rows, 1):
            seq, at_us, who, action, payload, nonce, digest, found = row
            named = f"audit row {seq} ({action} by {who}, {_moment(at_us)})"
            fits = (
                _typed(at_us, payload)
                and seq == number
                and (at_us >= last_us or action == CLOCK)
                and chained(before, seq, at_us, who, action, digest) == found
                and (nonce == "" if payload is None else digest_of_text(nonce + payload) == digest)
            )
            if not fits:
                raise RegiftError(
                    f"{self.path}: {named} does not fit the chain: "
                    "it or a row before it was changed"
                )
            if payload is None:
                empty[seq] = named
            elif action == ERASE:
                empty.pop(json.loads(payload)["row"], None)
            before, last_us = found, at_us
            seen.add(found)
        for named in empty.values():
            raise RegiftError(f"{self.path}: {named} has lost its payload, and no row erased it")
        for head in heads:
            if head not in seen:
                raise RegiftError(
                    f"{self.path}: the audit log does not have {head[:12]}: "
                    "rows are gone, or all were written anew"
                )
        return len(rows)


def opened(path: Path) -> sqlite3.Connection:
    """Open or create a casebook file, at the newest version, each commit durable.

    RegiftError when it is damaged or was written by a newer regift.
    """
    if not path.exists():
        os.close(workspace.private_file(path))  # SQLite makes what lies beside it alike
    con = sqlite3.connect(path, isolation_level=None, timeout=WAIT_S)
    try:
        _use_wal(con)
        con.execute("PRAGMA synchronous = FULL")
        con.execute("PRAGMA secure_delete = ON")
        version = con.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise RegiftError(f"{path} was written by a newer regift: use that one")
        if version < len(MIGRATIONS):
            migrate(con)
    except sqlite3.DatabaseError as error:
        con.close()
        raise RegiftError(f"{path} cannot be opened ({error}): restore a backup") from None
    except RegiftError:
        con.close()
        raise
    return con


def opened_to_read(path: Path) -> sqlite3.Connection:
    """The file for a listing, which makes none: without one an empty casebook in memory.

    Where the file cannot be written it is read as it lies there. RegiftError when it is of an older
    version then, or when a writer has left rows beside it (-wal) that only a writer can take in.
    """
    if not path.exists():
        con = sqlite3.connect(":memory:", isolation_level=None)
        migrate(con)
        return con
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return opened(path)
    left = path.with_name(f"{path.name}-wal")
    con = read_only(path)
    version = con.execute("PRAGMA user_version").fetchone()[0]
    if version != len(MIGRATIONS) or (left.exists() and left.stat().st_size):
        con.close()
        raise RegiftError(f"{path} cannot be read where it cannot be written: open it there once")
    return con


def read_only(path: Path) -> sqlite3.Connection:
    """A casebook file that is not written to, not even beside it."""
    uri = f"file:{quote(path.resolve().as_posix())}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


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


def digest_of_text(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def chained(before: str, seq: int, at_us: int, who: str, action: str, digest: str) -> str:
    """Hash of a row: it covers all of the row but the payload, and the row before."""
    return digest_of_text(json.dumps([before, seq, at_us, who, action, digest], ensure_ascii=False))


def _typed(at_us: object, payload: object) -> bool:
    """Whether values are of the kinds that regift writes: SQLite keeps any in any column."""
    return isinstance(at_us, int) and isinstance(payload, str | None)


def _moment(at_us: object) -> str:
    """A time that may have been tampered with."""
    return utc_text(at_us) if isinstance(at_us, int) and abs(at_us) < 1 << 57 else repr(at_us)

"""Keyed hashes of ids: who has the key can recognise an id, nobody can read it back.

The key lies in `key` of the workspace, 32 random bytes in hexadecimal. It is part of no segment and
no generation, so a copy of these alone tells no id.
"""

import hashlib
import secrets
from pathlib import Path

import duckdb

from regift.graph.workspace import Workspace, write_durably
from regift.loaders.errors import RegiftError

NAME = "key"
TOMBSTONE = "forgotten-"
"""What the id of a forgotten account begins with."""

SHAPE = "h-[0-9a-f]{24}"
"""What an identifier looks like that is stored as a hash."""

_DIGITS = 24
"""Hexadecimal digits of a hash: among 10^9 ids two are alike with probability 10^-11."""


def key_of(workspace: Workspace) -> str:
    """The key of a workspace; RegiftError when it is gone: a new one would recognise nothing."""
    path = workspace.root / NAME
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise RegiftError(
            f"{path} is missing: restore it from a backup; without it what was forgotten or "
            "hashed is not recognised when it is loaded again"
        ) from None


def made_key(workspace: Workspace, used: bool) -> str:
    """The key of a workspace, made if nothing has used one. Call it under the lock of loads."""
    path: Path = workspace.root / NAME
    if not (used or path.exists()):
        write_durably(path, f"{secrets.token_hex(32)}\n".encode())
    return key_of(workspace)


def use_key(con: duckdb.DuckDBPyConnection, key: str) -> None:
    """Let `hashed_sql` of this connection use the key: as a variable it is in no text of SQL."""
    con.execute("SET VARIABLE regift_key = $1::VARCHAR", [key])


def hashed(key: str, kind: str, text: str) -> str:
    """The keyed hash of a text; the same text of another kind has another one.

    >>> hashed("k", "account", "ann") == hashed("k", "account", "ann")
    True
    >>> len(hashed("k", "account", "礼物")), hashed("k", "a", "x") == hashed("k", "b", "x")
    (24, False)
    """
    inner = _sha256(f"{key}{len(kind)}:{kind}{text}")
    return _sha256(key + inner)[:_DIGITS]


def hashed_sql(kind: str, text: str) -> str:
    """SQL of `hashed`, of SQL of a kind and of a text. See `use_key`.

    >>> con = duckdb.connect()
    >>> use_key(con, "k")
    >>> (found,) = con.execute(f"SELECT {hashed_sql('$1', '$2')}", ["account", "礼物"]).fetchone()
    >>> found == hashed("k", "account", "礼物")
    True
    """
    key = "getvariable('regift_key')"
    inner = f"sha256(concat({key}, length({kind}), ':', {kind}, {text}))"
    return f"substr(sha256(concat({key}, {inner})), 1, {_DIGITS})"


def tombstone(key: str, account: str) -> str:
    """What stands where the id of a forgotten account stood.

    >>> tombstone("k", "ann")[:10], len(tombstone("k", "ann"))
    ('forgotten-', 34)
    """
    return TOMBSTONE + hashed(key, "account", account)


def tombstone_sql(account: str) -> str:
    """SQL of `tombstone` of SQL of an id."""
    kind = "'account'"
    return f"concat('{TOMBSTONE}', {hashed_sql(kind, account)})"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

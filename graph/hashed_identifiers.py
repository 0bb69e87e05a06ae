"""Identifiers stored as keyed hashes: the same joins, and no phone or card that could leak.

`[identifiers] store = "hash"` of `regift.toml` says so, before the first identifiers are loaded:
what was stored as it is would otherwise link to nothing that comes later. A hash is
`h-` and 24 hexadecimal digits; who asks for `device:d-91` and has the key is answered. Accounts
that only look alike (`fuzzy`) cannot be found by hashes.
"""

import re

import duckdb

from regift.graph.connect import quote
from regift.graph.keyed import SHAPE, hashed, hashed_sql, key_of, made_key, use_key
from regift.graph.loads import all_loads
from regift.graph.store import current_manifest
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError

TABLE = "identifiers"
PLAIN, HASH = "plain", "hash"


def store_of(settings: dict[str, object]) -> str:
    """`[identifiers] store` of a parsed `regift.toml`.

    >>> store_of({}), store_of({"identifiers": {"store": "hash"}})
    ('plain', 'hash')
    """
    section = settings.get(TABLE, {})
    store = section.get("store", PLAIN) if isinstance(section, dict) else None
    if store not in (PLAIN, HASH):
        raise UsageError(f"[identifiers] store: {store!r} is none of {PLAIN}, {HASH}")
    return str(store)


def is_hashed(workspace: Workspace) -> bool:
    """Whether identifiers are to be stored as hashes.

    UsageError when others were stored otherwise, be it that a refresh has not taken them in yet.
    """
    store = store_of(workspace.settings_table())
    others = [
        load["load"]
        for load in all_loads(workspace)
        if load["table"] == TABLE
        and (load["accepted"] or load["rejected"])
        and load.get("store", PLAIN) != store
    ]
    if others:
        was = HASH if store == PLAIN else PLAIN
        raise UsageError(
            f"[identifiers] store is {store!r}, but {others[0]} was stored as {was!r}: set it back "
            "in regift.toml, or load everything into a new workspace"
        )
    return store == HASH


def key_used(workspace: Workspace) -> bool:
    """Whether something is stored that only the workspace's key recognises."""
    manifest = current_manifest(workspace)
    return bool(manifest and manifest.forgotten) or any(
        load.get("store") == HASH for load in all_loads(workspace)
    )


def hash_accepted(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Replace the values of `accepted` by their hashes. Cost: two hashes a row.

    One that is a hash already, as it was exported, stays what it is.
    """
    use_key(con, made_key(workspace, key_used(workspace)))
    con.execute(
        f"UPDATE accepted SET value = concat('h-', {hashed_sql('kind', 'value')}) "
        f"WHERE NOT regexp_full_match(value, {quote(SHAPE)})"
    )


def empty_rejects(con: duckdb.DuckDBPyConnection) -> None:
    """Take the texts of all `rejects`: file, line and rule say where to look."""
    con.execute(
        "UPDATE rejects SET \"row\" = '', "
        "message = 'its text is not kept, as identifiers are stored as hashes'"
    )


def stored_value(workspace: Workspace, kind: str, value: str) -> str:
    """An identifier as it is stored."""
    if store_of(workspace.settings_table()) == PLAIN or re.fullmatch(SHAPE, value):
        return value
    return f"h-{hashed(key_of(workspace), kind, value)}"

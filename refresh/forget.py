"""Forgetting accounts: asked for by a person, done by the next full refresh, finished after it.

A full refresh makes a generation without the accounts that wait; its manifest lists their
tombstones, and by its one rename they are gone for every reader that comes later. What is older is
then erased: staged rows and rejects, action files, every other generation, and last of all the
casebook's rows. A kill in between leaves the rest to the next refresh.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from regift.enforcement import action_file, forgetting, replay
from regift.enforcement.casebook import Casebook
from regift.enforcement.forgetting import Forgetting
from regift.graph.collect_garbage import remove_older
from regift.graph.connect import connect, count, parquet, quote, row
from regift.graph.decisions import Decided
from regift.graph.forgotten import EMPTIED, Names, naming, naming_sql, renamed_sql
from regift.graph.hashed_identifiers import key_used
from regift.graph.keyed import made_key, tombstone
from regift.graph.loads import all_loads
from regift.graph.staging import LOCK_WAIT_S
from regift.graph.store import Manifest, current_manifest, define_records, published
from regift.graph.workspace import Workspace, sync_file, sync_folder, write_json
from regift.loaders.errors import UsageError
from regift.loaders.tables import TABLES

NEXT = "`regift refresh --full` does it"


def ask(workspace: Workspace, account: str, reason: str) -> int:
    """Ask that an account be forgotten by the next full refresh; gives the audit row's number.

    UsageError when nothing in the workspace names it: a slip of the pen must not pass for done.
    """
    if not any(what["rows"] for what in what_goes(workspace, account)):
        raise UsageError(f"nothing in {workspace.root} names the account {account!r}")
    with workspace.lock("load", LOCK_WAIT_S):
        key = made_key(workspace, key_used(workspace))
    with Casebook.open(workspace.casebook) as casebook:
        return forgetting.ask(casebook, account, tombstone(key, account), reason)


def what_goes(workspace: Workspace, account: str) -> list[dict[str, Any]]:
    """How many rows name an account, a row for each place: place, rows, becomes."""
    manifest = current_manifest(workspace) or Manifest(number=0)
    with connect() as con:
        _set_names(con, {account: ""})
        define_records(con, workspace, manifest, "stored_")
        found = [
            (table, count(con, f"(FROM stored_{table} WHERE {naming_sql(table)})"), _BECOMES[table])
            for table in TABLES
        ]
        for table in ("history", "withdrawn"):
            text = "key" if table == "withdrawn" else """concat_ws(' ', key, "row")"""
            sql = f"FROM stored_{table} WHERE contains({text}, to_json($1)::VARCHAR)"
            found.append((table, row(con, f"SELECT count(*) {sql}", [account])[0], _BECOMES[table]))
        found += _in_loads(con, workspace, manifest, account)
    older = published(workspace, current_manifest(workspace))[:-1]
    found.append(("older generations", len(older), "go, whoever keeps them"))
    found.append(("action files", len(_action_files(workspace, [account])), "go"))
    with Casebook.read(workspace.casebook) as casebook:
        rows = [dict(each.payload) for each in casebook.rows()]
    named = sum(forgetting.renamed(payload, {account: ""}) != payload for payload in rows)
    found.append(("audit log", named, "lose their words; decision and digest stay"))
    if not any(rows for place, rows, _ in found if place != "older generations"):
        found = [(place, 0, becomes) for place, _, becomes in found]
    return [{"place": place, "rows": rows, "becomes": becomes} for place, rows, becomes in found]


_BECOMES = {
    **dict.fromkeys(TABLES, "stay under its tombstone"),
    "accounts": "keeps its kind under its tombstone",
    "identifiers": "go",
    "labels": "go",
    "history": "stay under its tombstone, or go with their table",
    "withdrawn": "stay under its tombstone, or go with their table",
    "staged rows": "as the records",
    "rejects": "lose their text",
}


def _in_loads(
    con: duckdb.DuckDBPyConnection, workspace: Workspace, manifest: Manifest, account: str
) -> list[tuple[str, int, str]]:
    """Rows that wait for a refresh, and rejects."""
    staged = rejected = 0
    for load in all_loads(workspace):
        folder = workspace.staged / load["load"]
        if load["load"] not in manifest.loads and (folder / "rows.parquet").exists():
            rows = f"FROM {parquet(folder / 'rows.parquet')}"
            staged += count(con, f"({rows} WHERE {naming_sql(load['table'])})")
        if (folder / "rejects.parquet").exists():
            rejected += row(
                con,
                f"SELECT count(*) FROM {parquet(folder / 'rejects.parquet')} WHERE {_NAMED}",
                [[naming(account)]],
            )[0]
    return [
        ("staged rows", staged, _BECOMES["staged rows"]),
        ("rejects", rejected, _BECOMES["rejects"]),
    ]


_NAMED = """list_bool_or([regexp_matches(concat_ws(' ', "row", message), p) FOR p IN $1::VARCHAR[]])
"""
"""Condition for a reject in whose text one of some expressions is found."""


def names_of(casebook: Casebook, manifest: Manifest | None, full: bool) -> Names:
    """Accounts that the casebook still names and that a refresh has to know by their tombstones.

    A full one forgets all that wait; any other only knows of those that a full one has forgotten.
    """
    gone = manifest.forgotten if manifest else ()
    return {
        each.account: each.tombstone
        for each in forgetting.waiting(casebook.con)
        if full or each.tombstone in gone
    }


def decided_without(decided: Decided, names: Names) -> Decided:
    """What people decided, with tombstones for ids: as the casebook will have it afterwards.

    >>> decided_without({"judgements": [("b", "c", "same", 7)]}, {"b": "x"})
    {'judgements': [('c', 'x', 'same', 7)]}
    """
    if not names:
        return decided
    renamed: dict[str, list[tuple[Any, ...]]] = {
        table: [(names.get(each[0], each[0]), *each[1:]) for each in rows]
        for table, rows in decided.items()
        if table not in ("judgements", "allowed")
    }
    if "allowed" in decided:
        renamed["allowed"] = [
            (
                *(names.get(account, account), until_us),
                "" if account in names else forgetting.renamed({"reason": reason}, names)["reason"],
            )
            for account, until_us, reason in decided["allowed"]
        ]
    judged = [
        (*sorted((names.get(a, a), names.get(b, b)), key=str.encode), *rest)
        for a, b, *rest in decided.get("judgements", ())
    ]
    return {"judgements": judged, **renamed}


def finish(workspace: Workspace, say: Callable[[str], None]) -> None:
    """Erase what is older than the generation that forgot; once all is gone the casebook says so.

    Generations that a reader has open stay until the next refresh, and are told.
    """
    manifest = current_manifest(workspace)
    with Casebook.read(workspace.casebook) as casebook:
        waiting = forgetting.waiting(casebook.con)
    gone = manifest.forgotten if manifest else ()
    done = [each for each in waiting if each.tombstone in gone]
    if len(waiting) > len(done):
        say(f"{len(waiting) - len(done):,} accounts wait to be forgotten: {NEXT}")
    if not done or manifest is None:
        return
    _erase_loads(workspace, manifest, {each.account: each.tombstone for each in done})
    for path in _action_files(workspace, [each.account for each in done]):
        path.unlink()
    removed, held = remove_older(workspace)
    if held:
        numbers = ", ".join(map(str, held))
        say(f"not yet forgotten: generations {numbers} are being read; the next refresh goes on")
        return
    _finish_casebook(workspace, done, manifest.number, removed, say)


def _finish_casebook(
    workspace: Workspace,
    done: list[Forgetting],
    generation: int,
    removed: list[int],
    say: Callable[[str], None],
) -> None:
    with Casebook.open(workspace.casebook) as casebook:
        rows = replay.forget(casebook, done, generation)
    say(
        f"{len(done):,} accounts are forgotten: {rows:,} audit rows lost their words, older "
        f"generations are removed ({', '.join(map(str, removed)) or 'there were none'}); files "
        "outside of the workspace are yours to look after"
    )


def _action_files(workspace: Workspace, accounts: list[str]) -> list[Path]:
    """Files of actions that were handed over and name one of the accounts."""
    wanted = {json.dumps(account, ensure_ascii=False).encode() for account in accounts}
    folder = workspace.root / action_file.FOLDER
    return [
        path
        for path in sorted(folder.glob("actions-*.jsonl"))
        if any(each in path.read_bytes() for each in wanted)
    ]


def _erase_loads(workspace: Workspace, manifest: Manifest, names: Names) -> None:
    """Staged rows that were taken in go; those that wait, and rejects, are written without them."""
    with workspace.lock("load", LOCK_WAIT_S), connect() as con:
        _set_names(con, names)
        patterns = [naming(account) for account in names]
        for load in all_loads(workspace):
            before = dict(load)
            folder = workspace.staged / load["load"]
            rows, rejects = folder / "rows.parquet", folder / "rejects.parquet"
            if load["load"] in manifest.loads:
                rows.unlink(missing_ok=True)
            elif rows.exists():
                load |= {"accepted": _rewrite_rows(con, rows, load["table"])}
            if rejects.exists():
                _rewrite_rejects(con, rejects, patterns)
            if load["reason"] and _found(con, load["reason"], patterns):
                load |= {"reason": "erased: it named a forgotten account"}
            if load != before:
                write_json(folder / "manifest.json", load)


def _rewrite_rows(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> int:
    """Staged rows without the accounts of `forgetting`; gives how many there are now."""
    stored = f"SELECT * FROM {parquet(path)}"
    if count(con, f"({stored} WHERE {naming_sql(table)})"):
        _replace(con, path, renamed_sql(table, stored))
    return count(con, parquet(path))


def _rewrite_rejects(con: duckdb.DuckDBPyConnection, path: Path, patterns: list[str]) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE rejected AS FROM {parquet(path)}")
    if row(con, f"SELECT count(*) FROM rejected WHERE {_NAMED}", [patterns])[0]:
        con.execute(f"UPDATE rejected SET {EMPTIED} WHERE {_NAMED}", [patterns])
        _replace(con, path, "SELECT * FROM rejected ORDER BY file, line, rule")


def _found(con: duckdb.DuckDBPyConnection, text: str, patterns: list[str]) -> bool:
    sql = "SELECT list_bool_or([regexp_matches($2, p) FOR p IN $1::VARCHAR[]])"
    return bool(row(con, sql, [patterns, text])[0])


def _replace(con: duckdb.DuckDBPyConnection, path: Path, sql: str) -> None:
    """Write a file anew beside itself and put it in its place."""
    aside = path.with_name(f".{path.name}")
    con.execute(f"COPY ({sql}) TO {quote(str(aside))} (FORMAT parquet, COMPRESSION snappy)")
    sync_file(aside)
    os.replace(aside, path)
    sync_folder(path.parent)


def _set_names(con: duckdb.DuckDBPyConnection, names: Names) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE forgetting (account VARCHAR, tombstone VARCHAR)")
    con.executemany("INSERT INTO forgetting VALUES (?, ?)", [list(pair) for pair in names.items()])

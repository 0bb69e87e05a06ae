"""What a question in SQL may be made of, judged by the tree that DuckDB's own parser gives.

Reading of files, writing and settings are shut off by DuckDB itself (`exports/ask.py`); this is the
second door: only functions that give rows and are listed here, none that acts.
"""

import json
from typing import Any

import duckdb

from regift.loaders.errors import UsageError

LONGEST = 100_000
"""Characters of a query. Planning can take far longer than that is long, but within the time."""

READING = {"SELECT", "SET_OPERATION", "CTE", "RECURSIVE_CTE"}
"""What a query may be made of. A WITH can hold INSERT, DELETE, UPDATE and COPY TO as well."""

GIVES_ROWS = {
    "duckdb_columns",
    "duckdb_functions",
    "duckdb_keywords",
    "duckdb_tables",
    "duckdb_types",
    "duckdb_views",
    "generate_series",
    "generate_subscripts",
    "histogram",
    "histogram_values",
    "icu_calendar_names",
    "json_each",
    "json_tree",
    "pg_timezone_names",
    "range",
    "regexp_split_to_table",
    "repeat",
    "repeat_row",
    "unnest",
}
"""Functions in FROM. Others read files, pointers or a query from a text, or set something."""

ACTS = {
    "currval",
    "getenv",
    "getvariable",
    "nextval",
    "pg_sleep",
    "set_config",
    "setseed",
    "setval",
    "sleep_ms",
    "write_log",
}
"""Functions in expressions that do more than compute."""


def check_words(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """UsageError unless `sql` is one SELECT that reads, of functions that only compute."""
    if len(sql) > LONGEST:
        raise UsageError(f"the query has {len(sql):,} characters: {LONGEST:,} are allowed")
    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"the query cannot be read: {one_line(error)}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError("the query must be one SELECT: a generation can only be read")
    kinds, gives_rows, functions = _parts(con, sql)
    # Only the WITH at the top can change anything: DuckDB refuses the others when it binds.
    if writes := sorted(kinds - READING):
        raise UsageError(
            f"the query must be one SELECT: a generation can only be read, and {writes[0]} changes"
        )
    if doors := sorted(gives_rows - GIVES_ROWS) + sorted(functions & ACTS):
        raise UsageError(f"the query uses {doors[0]}(), which does more than read a generation")


def _parts(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[set[str], set[str], set[str]]:
    """Kinds of query in a SELECT, functions that stand in a FROM, and functions in expressions."""
    ((text,),) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    try:
        tree = json.loads(text)
    except RecursionError:
        raise UsageError("the query cannot be read: its parts are nested too deep") from None
    if tree["error"]:
        raise UsageError(f"the query cannot be read: {one_line(tree['error_message'])}")
    kinds: set[str] = set()
    gives_rows: set[str] = set()
    functions: set[str] = set()
    waiting: list[Any] = [tree["statements"]]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            kind = part.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                kinds.add(kind.removesuffix("_NODE").removesuffix("_QUERY"))
            elif kind == "TABLE_FUNCTION":
                gives_rows.add(str(part["function"]["function_name"]).lower())
                waiting += part["function"].values()
                waiting += [value for key, value in part.items() if key != "function"]
                continue
            if "function_name" in part:
                functions.add(str(part["function_name"]).lower())
            waiting += part.values()
    return kinds, gives_rows, functions


def one_line(error: Exception | str) -> str:
    """The first paragraph of what DuckDB says."""
    return " ".join(str(error).split("\n\n")[0].split())

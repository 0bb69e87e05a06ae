"""Accounts that look like one person's though they share nothing exactly: scored pairs.

    ann  "Smith, Robert"  1978-12-11   702-919-1300
    bob  "Robert Smith"   1978-11-12   919-1300      three fields agree: 19.4 bits, associated

Definition D-3. Only pairs that have a key in common are looked at (a name, one of its words, the
last digits of a phone, ...); a key that more than `fuzzy_sharers_max` accounts have, of single
words more than 10, leads nowhere and stands in `fuzzy_ignored`. A pair's weight is the model's
prior and the weight of each field's level, added up in whole centibits. Nothing here is trained:
`graph/fuzzy_train.py` does that.
"""

from itertools import accumulate
from typing import Any

import duckdb

from regift.graph.fuzzy_fields import (
    FIELDS,
    RARE_NAME,
    SHARERS_MAX,
    VALUES_MAX,
    define,
    level_sql,
    people_sql,
)
from regift.graph.fuzzy_model import FuzzyModel
from regift.graph.snapshot import Settings

EFFECTS = ("associated", "possible", "off")
"""What a scored pair can be at most: taking part as `associated`, only shown, or not looked for."""

# One row an account, a list of values a field; null where it has none.
_VALUES = f"""
    CREATE OR REPLACE TEMP TABLE _values AS
    SELECT *, count(*) OVER (PARTITION BY field, value) AS sharers,
           count(*) OVER (PARTITION BY account, field) AS of_account
    FROM ({people_sql()})
"""
_HUBS = "(" + ", ".join(f"'{name}'" for name, field in FIELDS.items() if field.hub) + ")"
_USABLE = f"of_account <= {VALUES_MAX} AND (sharers <= {SHARERS_MAX} OR field NOT IN {_HUBS})"
_COLUMNS = ", ".join(
    f"list(value ORDER BY value) FILTER (field = '{name}') AS {name}" for name in FIELDS
)
_PEOPLE = f"""
    CREATE OR REPLACE TEMP TABLE _people AS
    SELECT account, {_COLUMNS},
           list(value ORDER BY value) FILTER (field = 'name' AND sharers <= {RARE_NAME})
               AS rare_name
    FROM _values WHERE {_USABLE} GROUP BY account ORDER BY account
"""

# Keys: by what two accounts come to be compared. `field` keeps them apart.
_KEYS = rf"""
    CREATE OR REPLACE TEMP TABLE _keys AS
    WITH usable AS (FROM _values WHERE {_USABLE}),
    words AS (
        SELECT account, field, value, unnest(list_distinct(string_split(value, ' '))) AS word
        FROM usable WHERE field IN ('name', 'address')),
    numbers AS (
        SELECT account, value, word FROM words
        WHERE field = 'address' AND regexp_matches(word, '^[0-9]')),
    longest AS (
        SELECT account, value, arg_max(word, (length(word), word)) AS word FROM words
        WHERE field = 'address' AND NOT regexp_matches(word, '^[0-9]') GROUP BY ALL),
    keys AS (
        SELECT account, 'name' AS field, value AS key FROM usable WHERE field = 'name'
        UNION SELECT account, 'word of a name', word FROM words WHERE field = 'name'
        UNION SELECT account, 'phone', right(value, 7) FROM usable WHERE field = 'phone'
        UNION SELECT account, 'email', split_part(value, '@', 1) FROM usable WHERE field = 'email'
        UNION SELECT account, 'document', value FROM usable WHERE field = 'document'
        UNION SELECT account, 'address', value FROM usable WHERE field = 'address'
        UNION SELECT account, 'number and word of an address', n.word || ' ' || l.word
              FROM numbers n JOIN longest l USING (account, value)
        UNION SELECT account, 'birth date and initial', d.value || ' ' || left(n.word, 1)
              FROM usable d JOIN words n USING (account)
              WHERE d.field = 'birth_date' AND n.field = 'name')
    SELECT account, field, key, count(*) OVER (PARTITION BY field, key) AS sharers,
           sharers <= CASE field WHEN 'word of a name' THEN least($most, {SHARERS_MAX})
                                 ELSE $most END AS leads
    FROM keys
"""

_IGNORED = f"""
    CREATE OR REPLACE TEMP TABLE fuzzy_ignored AS
    SELECT field, key AS value, sharers AS accounts, 'shared by too many' AS why FROM _keys
    WHERE NOT leads GROUP BY ALL
    UNION SELECT field, value, sharers, 'shared by too many' FROM _values
    WHERE sharers > {SHARERS_MAX} AND field IN {_HUBS}
    UNION SELECT field, account, 1, 'account has more than {VALUES_MAX} values' FROM _values
    WHERE of_account > {VALUES_MAX}
    ORDER BY ALL
"""

_CANDIDATES = """
    CREATE OR REPLACE TEMP TABLE _candidates AS
    SELECT DISTINCT x.account AS a, y.account AS b
    FROM _keys x JOIN _keys y USING (field, key)
    WHERE x.account < y.account AND x.leads
"""

_SCORED = """
    CREATE OR REPLACE TEMP TABLE fuzzy_links AS
    WITH levels AS (
        SELECT a, b, {levels}
        FROM _candidates JOIN _people x ON x.account = a JOIN _people y ON y.account = b),
    weights AS (SELECT a, b, {weights} FROM levels),
    scored AS (
        SELECT a, b, {total} AS weight_cb, {agreeing} AS fields FROM weights)
    SELECT *, CASE WHEN weight_cb >= $associated AND len(fields) >= 2 THEN 'associated'
                   ELSE 'possible' END AS grade
    FROM scored
    WHERE weight_cb >= least($possible, $associated) AND len(fields) >= 1
        AND (a, b) NOT IN (SELECT (a, b) FROM _judged WHERE verdict = 'different')
    ORDER BY a, b
"""

_NONE = """
    CREATE OR REPLACE TEMP TABLE fuzzy_links
        (a VARCHAR, b VARCHAR, weight_cb BIGINT, fields VARCHAR[], grade VARCHAR);
    CREATE OR REPLACE TEMP TABLE fuzzy_ignored
        (field VARCHAR, value VARCHAR, accounts BIGINT, why VARCHAR)
"""


def derive(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Make `fuzzy_links(a, b, weight_cb, fields, grade)` and `fuzzy_ignored(field, value, accounts,
    why)`; both are empty without a model.

    fields: those whose weight is above 0. Reads identifiers and `_judged`. Cost: each key gives at
    most (fuzzy_sharers_max - 1) / 2 pairs a row; a pair costs its values times its values.
    """
    if settings.fuzzy_model is None or settings.fuzzy == "off":
        con.execute(_NONE)
        return
    model = FuzzyModel.of(settings.fuzzy_model)
    gather(con)
    con.execute(_KEYS, {"most": settings.fuzzy_sharers_max})
    con.execute(_IGNORED)
    con.execute(_CANDIDATES)
    _score(con, model, settings)
    con.execute("DROP TABLE _candidates; DROP TABLE _keys")
    drop(con)


def gather(con: duckdb.DuckDBPyConnection) -> None:
    """Make `_values` and `_people` (one row an account)."""
    define(con)
    con.execute(_VALUES)
    con.execute(_PEOPLE)


def _score(con: duckdb.DuckDBPyConnection, model: FuzzyModel, settings: Settings) -> None:
    known = list(model.weights_cb)
    levels = ", ".join(f"{level_sql(field, 'x.{}', 'y.{}')} AS {field}" for field in known)
    weights = ", ".join(
        f"coalesce(list_extract(${field}::BIGINT[], {field} + 1), 0) AS {field}" for field in known
    )
    parts = ", ".join(f"CASE WHEN {field} > 0 THEN '{field}' END" for field in known)
    con.execute(
        _SCORED.format(
            levels=levels or "0 AS none",
            weights=weights or "0 AS none",
            total=" + ".join(["$prior::BIGINT", *known]),
            agreeing=f"list_filter([{parts}]::VARCHAR[], lambda field: field IS NOT NULL)",
        ),
        {
            **{field: list(given) for field, given in model.weights_cb.items()},
            "prior": model.prior_cb,
            "associated": settings.fuzzy_associated_cb,
            "possible": settings.fuzzy_possible_cb,
        },
    )
    if settings.fuzzy == "possible":
        con.execute("UPDATE fuzzy_links SET grade = 'possible'")


def waterfall(
    con: duckdb.DuckDBPyConnection, settings: Settings, a: str, b: str
) -> list[dict[str, Any]]:
    """How a pair's weight comes about: the prior, then each field that both have, then the total.

    Rows {"part", "level", "weight_cb", "total_cb"}: level is the text of the level that was met;
    total_cb is the sum so far. No row without a model. The pair need be no candidate. Cost: a scan
    of the identifiers.
    """
    if settings.fuzzy_model is None:
        return []
    model = FuzzyModel.of(settings.fuzzy_model)
    gather(con)
    known = list(model.weights_cb)
    found = con.execute(
        f"SELECT {', '.join(level_sql(field, 'x.{}', 'y.{}') for field in known) or 'NULL'} "
        "FROM (SELECT $a AS a, $b AS b) LEFT JOIN _people x ON x.account = a "
        "LEFT JOIN _people y ON y.account = b",
        {"a": a, "b": b},
    ).fetchall()[0]
    drop(con)
    steps = [("prior", "two accounts picked at random", model.prior_cb)]
    steps += [
        (field, FIELDS[field].levels[level], model.weights_cb[field][level])
        for field, level in zip(known, found, strict=False)
        if level is not None
    ]
    totals = accumulate(weight for _, _, weight in steps)
    return [
        {"part": part, "level": level, "weight_cb": weight, "total_cb": total}
        for (part, level, weight), total in zip(steps, totals, strict=True)
    ]


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `gather` made."""
    con.execute("DROP TABLE _values; DROP TABLE _people")

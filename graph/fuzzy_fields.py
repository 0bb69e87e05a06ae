r"""Dirty identifiers made comparable: six fields, how each is cleaned, and its levels of agreement.

    name        "SMITH, Robert", "Robert Smith"   -> "robert smith"   words in order of bytes
    phone       "+86 139-1234-5678"               -> "13912345678" digits, no zero in front
    email       "Ann <Ann+x@Mail.com>"            -> "ann@mail.com"
    address     "123 Main St., LV"                -> "123 lv main st" distinct words
    birth_date  "3/1/70", "Mar 1 1970"            -> "1970-03-01"
    document    ssn "294-66-9999"                 -> "ssn 294669999"  kinds never meet

A Han character is a word of its own; full-width digits are digits. A level is a whole number from
integer edit distances and counts of words, never from a float: 0 is no agreement, and more is
closer. The conditions are DuckDB macros, so that what a model was trained on is what it is applied
to (`graph/fuzzy.py`).
"""

from dataclasses import dataclass

import duckdb

from regift.graph.keyed import SHAPE

VALUES_MAX = 8
"""Values of one field that an account is compared by; with more, all of them are left out: a till
or a help desk, and each pair would cost their product."""

SHARERS_MAX = 10
"""Accounts that share a phone, e-mail address or document at most for it to tell anything, as many
as the largest cap but one of D-3: a shop's number is not a person's."""

RARE_NAME = 5
"""Accounts of the store that a rare name has at most. Common names agree by chance: 王伟 names
hundreds of thousands."""

DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%m/%d/%y", "%m/%d/%Y",
    "%d/%m/%y", "%d/%m/%Y", "%d.%m.%Y", "%b %d %Y", "%d %b %Y", "%B %d %Y",
    "%d-%b-%y", "%d-%b-%Y",
)  # fmt: skip
"""Tried in order: a day and a month that can be taken for each other are a level of their own."""


@dataclass(frozen=True)
class Field:
    """One field: kinds of `identifiers` that are it, texts of its levels from 0 on, and whether a
    value that many accounts share says nothing (`hub`)."""

    kinds: tuple[str, ...]
    levels: tuple[str, ...]
    hub: bool = False


FIELDS = {
    "name": Field(
        ("name",),
        (
            "no word in common",
            "one word in common",
            "one word in common, and the other words of one begin alike",
            "at most one edit in five letters",
            "same words, a common name",
            "same words, a rare name",
        ),
    ),
    "phone": Field(
        ("phone",),
        ("different", "one digit differs", "same but for the area code", "same"),
        hub=True,
    ),
    "email": Field(
        ("email",), ("different", "one letter differs", "same before the @", "same"), hub=True
    ),
    "address": Field(
        ("address",),
        (
            "less than a third of the words",
            "a third of the words",
            "three fifths of the words, or all of the shorter",
            "same words",
        ),
    ),
    "birth_date": Field(
        ("birth_date",), ("different", "two of three parts, or day and month swapped", "same")
    ),
    "document": Field(
        ("document", "passport", "national_id", "ssn", "driving_licence", "tax_id"),
        ("different", "one character differs", "same"),
        hub=True,
    ),
}
"""By name, in the order in which they are shown."""

_WORDS = r"""
    CREATE OR REPLACE TEMP MACRO fuzzy_words(v) AS list_filter(
        regexp_split_to_array(regexp_replace(lower(strip_accents(nfc_normalize(v))),
            '(\p{Han})', ' \1 ', 'g'), '[^\p{L}\p{N}]+'), lambda w: w <> '');
"""

_DATES = "[" + ", ".join(f"'{form}'" for form in DATE_FORMATS) + "]"

_CLEAN = rf"""
    CREATE OR REPLACE TEMP MACRO fuzzy_cleaned(field, kind, v) AS nullif(CASE field
        WHEN 'name' THEN array_to_string(list_sort(fuzzy_words(v)), ' ')
        WHEN 'phone' THEN regexp_replace(
            ltrim(regexp_replace(v, '[^0-9]', '', 'g'), '0'), '^86(1[0-9]{{10}})$', '\1')
        WHEN 'email' THEN regexp_replace(
            regexp_extract(lower(v), '[^\s<>@,;]+@[^\s<>@,;]+'), '\+[^@]*@', '@')
        WHEN 'address' THEN array_to_string(list_sort(list_distinct(fuzzy_words(v))), ' ')
        WHEN 'birth_date' THEN strftime(
            try_strptime(array_to_string(string_split(trim(v), ','), ''), {_DATES}), '%Y-%m-%d')
        WHEN 'document' THEN kind || ' ' || nullif(
            array_to_string(fuzzy_words(v), ''), '') END, '');
    CREATE OR REPLACE TEMP MACRO fuzzy_clean(field, kind, given) AS
        fuzzy_cleaned(field, kind,
            translate(given, '０１２３４５６７８９＠．－／', '0123456789@.-/'))
"""

# One edit leaves the first or the last half as it was. That is looked at first: a distance takes 5
# microseconds.
_LEVELS = r"""
    CREATE OR REPLACE TEMP MACRO fuzzy_shared(x, y) AS
        len(list_intersect(string_split(x, ' '), string_split(y, ' ')));
    CREATE OR REPLACE TEMP MACRO fuzzy_union(x, y) AS
        len(list_distinct(list_concat(string_split(x, ' '), string_split(y, ' '))));
    CREATE OR REPLACE TEMP MACRO fuzzy_fewer(x, y) AS least(
        len(list_distinct(string_split(x, ' '))), len(list_distinct(string_split(y, ' '))));
    CREATE OR REPLACE TEMP MACRO fuzzy_begin(x, y) AS len(list_filter(string_split(x, ' '),
        lambda w: len(list_filter(string_split(y, ' '),
            lambda v: starts_with(v, w) OR starts_with(w, v))) = 0)) = 0;
    CREATE OR REPLACE TEMP MACRO fuzzy_one_edit(x, y) AS
        abs(length(x) - length(y)) <= 1
        AND (left(x, greatest(least(length(x), length(y)) - 2, 0) // 2)
                = left(y, greatest(least(length(x), length(y)) - 2, 0) // 2)
            OR right(x, greatest(least(length(x), length(y)) - 2, 0) // 2)
                = right(y, greatest(least(length(x), length(y)) - 2, 0) // 2))
        AND damerau_levenshtein(x, y) = 1;
    CREATE OR REPLACE TEMP MACRO fuzzy_name_one(x, y) AS CASE
        WHEN abs(length(x) - length(y)) * 5 <= greatest(length(x), length(y))
            AND damerau_levenshtein(x, y) * 5 <= greatest(length(x), length(y)) THEN 3
        WHEN fuzzy_shared(x, y) = 0 THEN 0
        WHEN fuzzy_fewer(x, y) >= 2 AND (fuzzy_begin(x, y) OR fuzzy_begin(y, x)) THEN 2
        ELSE 1 END;
    CREATE OR REPLACE TEMP MACRO fuzzy_phone_one(x, y) AS CASE
        WHEN x = y THEN 3
        WHEN least(length(x), length(y)) < 7 THEN 0
        WHEN ends_with(x, y) OR ends_with(y, x) THEN 2
        WHEN fuzzy_one_edit(x, y) THEN 1 ELSE 0 END;
    CREATE OR REPLACE TEMP MACRO fuzzy_email_one(x, y) AS CASE
        WHEN x = y THEN 3
        WHEN length(split_part(x, '@', 1)) >= 5
            AND split_part(x, '@', 1) = split_part(y, '@', 1) THEN 2
        WHEN fuzzy_one_edit(x, y) THEN 1 ELSE 0 END;
    CREATE OR REPLACE TEMP MACRO fuzzy_address_one(x, y) AS CASE
        WHEN x = y THEN 3
        WHEN 5 * fuzzy_shared(x, y) >= 3 * fuzzy_union(x, y)
            OR fuzzy_fewer(x, y) >= 3 AND fuzzy_shared(x, y) = fuzzy_fewer(x, y) THEN 2
        WHEN 3 * fuzzy_shared(x, y) >= fuzzy_union(x, y) THEN 1 ELSE 0 END;
    CREATE OR REPLACE TEMP MACRO fuzzy_birth_date_one(x, y) AS CASE
        WHEN x = y THEN 2
        WHEN (x[1:4] = y[1:4])::INT + (x[6:7] = y[6:7])::INT + (x[9:10] = y[9:10])::INT = 2
            OR x[1:4] = y[1:4] AND x[6:7] = y[9:10] AND x[9:10] = y[6:7] THEN 1 ELSE 0 END;
    CREATE OR REPLACE TEMP MACRO fuzzy_document_one(x, y) AS CASE
        WHEN x = y THEN 2
        WHEN split_part(x, ' ', 1) = split_part(y, ' ', 1)
            AND least(length(split_part(x, ' ', 2)), length(split_part(y, ' ', 2))) >= 6
            AND fuzzy_one_edit(x, y) THEN 1
        WHEN split_part(x, ' ', 1) = split_part(y, ' ', 1) THEN 0 END;
"""

# Best over the pairs of values; null where either account has none. Of documents, those of other
# kinds tell nothing: a passport does not disagree with a driving licence.
_BEST = """
    CREATE OR REPLACE TEMP MACRO fuzzy_{field}(a, b) AS list_max(list_transform(a, lambda x:
        list_max(list_transform(b, lambda y: fuzzy_{field}_one(x, y)))));
"""
_BEST_NAME = """
    CREATE OR REPLACE TEMP MACRO fuzzy_name(a, b, rare_a, rare_b) AS CASE
        WHEN a IS NULL OR b IS NULL THEN NULL
        WHEN list_has_any(rare_a, rare_b) THEN 5 WHEN list_has_any(a, b) THEN 4
        ELSE list_max(list_transform(a, lambda x:
            list_max(list_transform(b, lambda y: fuzzy_name_one(x, y))))) END;
"""


def define(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros `fuzzy_clean(field, kind, value)` and `fuzzy_<field>(...)`, the levels.

    `fuzzy_name` takes a's and b's names and then those of them that are rare; each other takes the
    values of a and of b. Lists in, a whole number out, null where they cannot be compared.

    >>> con = duckdb.connect()
    >>> define(con)
    >>> con.sql("SELECT fuzzy_clean('name', '', 'SMITH, Zoë'), fuzzy_birth_date("
    ...         "['1978-12-11'], ['1978-11-12'])").fetchall()
    [('smith zoe', 1)]
    """
    con.execute(_WORDS)
    con.execute(_CLEAN)
    con.execute(_LEVELS)
    for field in FIELDS:
        con.execute(_BEST_NAME if field == "name" else _BEST.format(field=field))


def level_sql(field: str, a: str, b: str) -> str:
    """SQL of the level of one field between two rows of people.

    >>> level_sql("phone", "x.{}", "y.{}")
    'fuzzy_phone(x.phone, y.phone)'
    """
    columns = ("name", "rare_name") if field == "name" else (field,)
    pairs = [side.format(column) for column in columns for side in (a, b)]
    return f"fuzzy_{field}({', '.join(pairs)})"


def people_sql(identifiers: str = "identifiers") -> str:
    """A query (account, field, value) of the cleaned identifiers, each once; no hashes."""
    kinds = ", ".join(f"('{kind}', '{name}')" for name, f in FIELDS.items() for kind in f.kinds)
    return (
        "SELECT DISTINCT account, field, fuzzy_clean(field, kind, value) AS value "
        f"FROM {identifiers} JOIN (VALUES {kinds}) AS _f(kind, field) USING (kind) "
        "WHERE fuzzy_clean(field, kind, value) IS NOT NULL "
        f"AND NOT regexp_full_match(value, '{SHAPE}')"
    )

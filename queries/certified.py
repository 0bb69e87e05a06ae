"""First-level sales of official accounts beside their certificates, as of the moment of each sale.

    certificate     [valid_from ......... valid_to)[.. grace ..)
    sale        x      x                     x        x          x
          not_yet_valid valid           within_grace      expired

Tables that `define` makes, of the sales that the snapshot shows:

    certified_sales(record_id, account, item, at_us, seq, price_minor, currency, channel,
                    collection, status, span_since, span_until)
    certified_spans(account, kind, collection, channel, since, until)

status, the first that fits:
    valid          the time lies in [valid_from, valid_to) of a certificate that covers the sale
    within_grace   in [valid_to, valid_to + grace) of one that does
    out_of_scope   in a time, grace included, of certificates none of which covers the sale
    refused        in such a time of one that covers the sale, but was refused by a person
    expired        after a certificate
    not_yet_valid  before the first one
    none           the account has none
Refused certificates count for nothing else. One without valid_to has no end; one that ends before
or when it begins counts for nothing. span_since, span_until: the time with certificates, those that
touch or overlap taken as one, in which the sale lies or which is the last before it.

Scope: parts between `;`. `collection:ID` and `channel:WORD` restrict: a sale is covered if the
collection of its item is one of those named, if any is, and its channel likewise. All other text
restricts nothing.

Cost: linear in sales and in the named parts of scopes, and their sorts.
"""

import duckdb

FIRST_LEVEL = (
    "((rule = 'issue' AND price_minor > 0) OR (rule = 'issuer' AND custody.kind = 'sale'))"
)
"""A first-level sale, in SQL over the columns of `custody`: undone later or not."""

FOREVER = 2**62
"""End of what has none: later than any time of a record."""

COVERED = ("valid", "within_grace")
"""Statuses of sales that nothing is found of."""
STATUSES = (*COVERED, "out_of_scope", "refused", "expired", "not_yet_valid", "none")


def parts(word: str) -> str:
    """SQL list of what a `scope` names after `word:`.

    >>> sql = f"SELECT {parts('collection')} FROM (SELECT 'Collection: a b ;channel:x' AS scope)"
    >>> duckdb.sql(sql).fetchall()
    [(['a b'],)]
    """
    named = rf"regexp_extract(t, '(?is)^\s*{word}\s*:\s*(\S.*?)\s*$', 1)"
    return (
        f"list_filter(list_transform(string_split(coalesce(scope, ''), ';'), lambda t: {named}), "
        "lambda t: t <> '')"
    )


NOT_READ = (
    "list_filter(list_transform(string_split(coalesce(scope, ''), ';'), lambda t: trim(t)), "
    r"lambda t: t <> '' AND NOT regexp_matches(t, '(?is)^\s*(collection|channel)\s*:\s*\S'))"
)
"""SQL list of the parts of a `scope` that restrict nothing."""


def define(con: duckdb.DuckDBPyConnection, grace_us: int) -> None:
    """Make `certified_sales` and `certified_spans` of custody, certificates and reviewed.

    grace_us: time after its end in which a certificate still counts.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE certified_spans AS {_spans(grace_us)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE certified_sales AS {_SALES}")


def drop(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what `define` made."""
    con.execute("DROP TABLE certified_sales; DROP TABLE certified_spans")


def _spans(grace_us: int) -> str:
    """Times in which something is covered, merged where they touch.

    kind: plain, grace (with it), refused (with it too), any (with it, whatever the scope).
    collection, channel: '=' and the name, or '' for all of them.
    """
    return f"""
    WITH counted AS (
        SELECT account, valid_from_us AS since, {parts("collection")} AS collections,
               {parts("channel")} AS channels, coalesce(verdict = 'refused', false) AS refused,
               coalesce(valid_to_us, {FOREVER})::HUGEINT AS until,
               coalesce(valid_to_us::HUGEINT + {grace_us:d}, {FOREVER}) AS late
        FROM certificates LEFT JOIN reviewed USING (account, filing_number)
        WHERE valid_to_us IS NULL OR valid_from_us < valid_to_us),
    named AS (
        SELECT * EXCLUDE (collections), unnest(CASE WHEN len(collections) = 0 THEN ['']
               ELSE list_transform(collections, lambda c: '=' || c) END) AS collection
        FROM counted),
    covering AS (
        SELECT * EXCLUDE (channels), unnest(CASE WHEN len(channels) = 0 THEN ['']
               ELSE list_transform(channels, lambda c: '=' || c) END) AS channel
        FROM named),
    times AS (
        SELECT account, 'plain' AS kind, collection, channel, since, until FROM covering
        WHERE NOT refused
        UNION ALL SELECT account, 'grace', collection, channel, since, late FROM covering
        WHERE NOT refused AND {grace_us:d} > 0
        UNION ALL SELECT account, 'refused', collection, channel, since, late FROM covering
        WHERE refused
        UNION ALL SELECT account, 'any', '', '', since, late FROM counted WHERE NOT refused),
    reach AS (
        SELECT *, max(until) OVER (PARTITION BY account, kind, collection, channel
                      ORDER BY since, until
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM times),
    numbered AS (
        SELECT *, sum((before IS NULL OR since > before)::INTEGER)
                      OVER (PARTITION BY account, kind, collection, channel
                            ORDER BY since, until) AS span FROM reach)
    SELECT account, kind, collection, channel, min(since) AS since, max(until) AS until
    FROM numbered GROUP BY account, kind, collection, channel, span
    """


_SALES = f"""
    WITH sales AS (
        SELECT custody.record_id, custody.source AS account, custody.item, custody.at_us,
               custody.seq, price_minor, currency, custody.channel, custody.collection
        FROM custody JOIN account_kinds k ON k.account = custody.source
        WHERE k.kind = 'official_account' AND {FIRST_LEVEL}),
    asked AS (
        SELECT DISTINCT account, kind, collection <> '' AS by_collection,
               channel <> '' AS by_channel FROM certified_spans WHERE kind <> 'any'),
    probes AS (
        SELECT record_id, at_us, account, a.kind,
               CASE WHEN by_collection THEN '=' || s.collection ELSE '' END AS collection,
               CASE WHEN by_channel THEN '=' || s.channel ELSE '' END AS channel
        FROM sales s JOIN asked a USING (account)),
    hits AS (
        SELECT record_id, bool_or(p.kind = 'plain') AS plain, bool_or(p.kind = 'grace') AS grace,
               bool_or(p.kind = 'refused') AS refused
        FROM probes p ASOF JOIN certified_spans c
        ON c.account = p.account AND c.kind = p.kind AND c.collection = p.collection
           AND c.channel = p.channel AND c.since <= p.at_us
        WHERE p.at_us < c.until GROUP BY record_id),
    anything AS (FROM certified_spans WHERE kind = 'any'),
    placed AS (
        SELECT s.*, p.since AS span_since, p.until AS span_until
        FROM sales s ASOF LEFT JOIN anything p ON p.account = s.account AND p.since <= s.at_us)
    SELECT p.* EXCLUDE (span_since, span_until),
           CASE WHEN plain THEN 'valid' WHEN grace THEN 'within_grace'
                WHEN at_us < span_until THEN 'out_of_scope' WHEN refused THEN 'refused'
                WHEN span_until IS NOT NULL THEN 'expired'
                WHEN account IN (SELECT account FROM anything) THEN 'not_yet_valid'
                ELSE 'none' END AS status,
           span_since, span_until
    FROM placed p LEFT JOIN hits USING (record_id)
"""

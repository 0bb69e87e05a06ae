"""Uncertified issue: first-level sales that no certificate covers (definition D-2).

    certificates        [valid_from ............ valid_to + grace)            [......
    sales          x  x             ok     x                           x              ok
                   `--'                    one finding                 `-- another:
                   one finding:            if the scope leaves         expired
                   not_yet_valid           it out: out_of_scope

A sale: a hop of an official account that is an issue with a price above zero (rule 1) or a `sale`
as issuer (rule 2), undone later or not. `certified.py` says what each sale is beside the
certificates of its account as of its moment: the first moment is in, the last is out. A refused
certificate counts for nothing. Certificates that touch or overlap leave no gap. One finding per
account, reason and gap with such sales; of what a scope leaves out, per time with certificates.

detail: reason (none: the account has no certificate; not_yet_valid: before its first one; expired:
after one; out_of_scope: while there are some, none of which covers the sale; refused: while only
one that was refused covers it), gap_from_us, gap_to_us (null = open): the gap, or of out_of_scope
the time with certificates.

Cost: a scan of `custody`, a sort of the certificates, as-of joins of the two.
Sources: the rule that official accounts need a cooperation certificate with a filed blockchain
company, statement of 2022-03-30 and clause of 2022-06-20 (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries import certified
from regift.queries.findings import Findings, collect
from regift.queries.params import duration
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What an uncertified issue is."""

    grace_us: int = duration("0", "time after its end in which a certificate still counts")


_COVERED = ", ".join(f"'{status}'" for status in certified.COVERED)

_ROWS = f"""
    WITH outside AS (
        SELECT *, CASE status WHEN 'out_of_scope' THEN span_since ELSE span_until END AS gap_from
        FROM certified_sales WHERE status NOT IN ({_COVERED})),
    gaps AS (
        SELECT account, status, gap_from, min(at_us) AS first_us, max(at_us) AS last_us,
               count(*) AS instances, list_sort(list(DISTINCT item)) AS items,
               nullif(any_value(span_until), {certified.FOREVER}) AS span_until,
               list({{'tbl': 'gifts', 'record': record_id, 'role': 'sale'}}
                    ORDER BY at_us, seq, record_id) AS evidence
        FROM outside GROUP BY account, status, gap_from),
    anything AS (FROM certified_spans WHERE kind = 'any'),
    ends AS (
        SELECT g.*, CASE status WHEN 'out_of_scope' THEN span_until ELSE p.since END AS gap_to
        FROM gaps g ASOF LEFT JOIN anything p ON p.account = g.account AND p.since > g.last_us)
    SELECT [account, evidence[1].record] AS anchor, account AS unit, first_us, last_us,
           NULL AS amount_minor, NULL AS currency, len(evidence) AS length, instances,
           NULL AS level, true AS complete, items,
           json_object('reason', status, 'gap_from_us', gap_from::BIGINT,
                       'gap_to_us', gap_to::BIGINT) AS detail,
           [account] AS accounts, ['issuer'] AS roles, evidence
    FROM ends
"""


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per official account, reason and gap with sales in it."""
    certified.define(graph.con, params.grace_us)
    found = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _ROWS)
    certified.drop(graph.con)
    return found


TYPOLOGY = Typology(
    name="uncertified_issue",
    prefix="ui",
    layer="item",
    family="sale",
    kappa_percent=70,
    fact=True,
    clauses=("R3",),
    partition="account",
    anchor="account, first record in the gap (of one reason)",
    params=Params,
    find=find,
    reads=("custody", "certificates", "account_kinds", "reviewed"),
    texts={
        "en": "sells as issuer while no cooperation certificate covers it",
        "zh": "无有效合作证明期间进行一级发行交易",
    },
)

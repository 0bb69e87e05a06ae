"""Uncertified issue: first-level sales while no certificate is valid (definition D-2).

    certificates        [valid_from ............ valid_to + grace)            [......
    sales          x  x             ok                                 x              ok
                   `--'                                                `-- second finding
                   one finding: not_yet_valid                              expired

A sale: a hop of an official account that is an issue with a price above zero (rule 1) or a `sale`
as issuer (rule 2), undone later or not. It is certified when its time lies in some
[valid_from, valid_to + grace) of its account: the first moment is in, the last is out; a
certificate without valid_to has no end, one that ends before it begins counts for nothing.
Certificates that touch or overlap leave no gap. One finding per account and gap with sales.

detail: reason (none: the account has no certificate; not_yet_valid: before its first one; expired:
after one), gap_from_us, gap_to_us (null = open).

Cost: a scan of `custody`, a sort of the certificates, an as-of join of the two.
Sources: the rule that official accounts need a cooperation certificate with a filed blockchain
company, statement of 2022-03-30 and clause of 2022-06-20 (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.params import duration
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """What an uncertified issue is."""

    grace_us: int = duration("0", "time after its end in which a certificate still counts")


def _rows(grace_us: int) -> str:
    """The query; `spans` are the certificates of an account merged where they touch."""
    return f"""
    WITH valid AS (
        SELECT account, valid_from_us AS since,
               coalesce(valid_to_us::HUGEINT + {grace_us:d}, {2**62}) AS until FROM certificates
        WHERE valid_to_us IS NULL OR valid_from_us < valid_to_us::HUGEINT + {grace_us:d}),
    reach AS (
        SELECT *, max(until) OVER (PARTITION BY account ORDER BY since, until
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM valid),
    numbered AS (
        SELECT *, sum((before IS NULL OR since > before)::INTEGER)
                      OVER (PARTITION BY account ORDER BY since, until) AS span FROM reach),
    spans AS (
        SELECT account, min(since) AS since, max(until) AS until FROM numbered
        GROUP BY account, span),
    sales AS (
        SELECT c.source AS account, c.record_id, c.item, c.at_us, c.seq
        FROM custody c JOIN account_kinds k ON k.account = c.source
        WHERE k.kind = 'official_account'
          AND ((c.rule = 'issue' AND c.price_minor > 0)
               OR (c.rule = 'issuer' AND c.kind = 'sale'))),
    outside AS (
        SELECT s.*, p.until AS gap_from
        FROM sales s ASOF LEFT JOIN spans p ON p.account = s.account AND p.since <= s.at_us
        WHERE p.until IS NULL OR p.until <= s.at_us),
    gaps AS (
        SELECT account, gap_from, min(at_us) AS first_us, max(at_us) AS last_us,
               count(*) AS instances, list_sort(list(DISTINCT item)) AS items,
               list({{'tbl': 'gifts', 'record': record_id, 'role': 'sale'}}
                    ORDER BY at_us, seq, record_id) AS evidence
        FROM outside GROUP BY account, gap_from),
    ends AS (
        SELECT g.*, p.since AS gap_to
        FROM gaps g ASOF LEFT JOIN spans p ON p.account = g.account AND p.since > g.last_us)
    SELECT [account, evidence[1].record] AS anchor, account AS unit, first_us, last_us,
           NULL AS amount_minor, NULL AS currency, len(evidence) AS length, instances,
           NULL AS level, true AS complete, items,
           json_object('reason', CASE WHEN gap_from IS NOT NULL THEN 'expired'
                                      WHEN gap_to IS NOT NULL THEN 'not_yet_valid'
                                      ELSE 'none' END,
                       'gap_from_us', gap_from::BIGINT, 'gap_to_us', gap_to) AS detail,
           [account] AS accounts, ['issuer'] AS roles, evidence
    FROM ends
    """


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per official account and certificate gap with sales in it."""
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, _rows(params.grace_us))


TYPOLOGY = Typology(
    name="uncertified_issue",
    prefix="ui",
    layer="item",
    family="sale",
    kappa_percent=70,
    fact=True,
    clauses=("R3",),
    partition="account",
    anchor="account, first record in the certificate gap",
    params=Params,
    find=find,
    reads=("custody", "certificates", "account_kinds"),
    texts={
        "en": "sells as issuer while no cooperation certificate is valid",
        "zh": "无有效合作证明期间进行一级发行交易",
    },
)

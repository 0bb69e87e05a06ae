"""one_off_payment: two accounts that pay each other once and never else, where that is rare.

    ann > bob   bob > ann   ann > bob        a pair that has dealings: nothing
    ann > cat                                the only payment of ann and cat: one finding
    ann > dan ... 51 such of 1,000           more than `common` of all payments: nothing at all

A payment is one-off if it is the only effective payment or red packet, either way and in whatever
currency, of its two accounts in the whole store. In a store where more than `common` of the
payments are one-off that is how people pay there, and nothing is found: `chance` tells both counts.
Exactly `common` is still rare. Definition D-18.

One finding a payment: `payer`, `payee`, and the record (`one_off`).

detail: provisional (no | start | end | both: the payment lies less than `settle` after the first
payment of the store or before the last one, so that the pair may have paid before, or may yet).

Chance: the weight of a rare kind of payments (`queries/rarity.py`): of 1,000 payments 20 one-off
count in full, 50 with 0.43. It is told with `one_off`, `payments` and `common_bp`.

Cost: one aggregation of the payments by pair. Source: pair novelty, our measurements on simulated
ledgers: without it friends and standing orders fill the top of every list.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from regift.graph.connect import row
from regift.graph.snapshot import Snapshot
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.kept import keep
from regift.queries.params import duration, ratio
from regift.queries.rarity import COMMON, chance_of, is_common, weight_bp
from regift.queries.typology import Chance, Redo, Typology

_ONE_OFF = """
    SELECT min(record_id) AS record_id FROM payments
    GROUP BY least(source, target), greatest(source, target) HAVING count(*) = 1
"""


@dataclass(frozen=True)
class Params:
    """When one-off payments are rare, and how long one has to wait for a second."""

    common_bp: int = ratio(COMMON, "largest share of all payments that may be one-off")
    settle_us: int = duration("20d", "nearer to either end of the data a finding is provisional")


_KEPT = """
    WITH pairs AS (
        SELECT least(source, target) AS a, greatest(source, target) AS b FROM payments
        GROUP BY a, b HAVING count(*) = 1)
    SELECT account, count(*) AS one_off FROM (SELECT unnest([a, b]) AS account FROM pairs)
    GROUP BY account
"""
"""How many one-off payments an account is an end of; each has two."""

_SUM = "sum(one_off) // 2"


def _rows(params: Params) -> str:
    """The query; `one_off` has the record of each pair that paid once."""
    return f"""
    WITH one_off AS ({_ONE_OFF}),
    whole AS (SELECT min(at_us) AS begins_us, max(at_us) AS ends_us FROM payments),
    rare AS (
        SELECT p.*, at_us - begins_us < {params.settle_us:d} AS early,
               ends_us - at_us < {params.settle_us:d} AS late
        FROM payments p SEMI JOIN one_off USING (record_id) CROSS JOIN whole)
    SELECT ['transfers:' || record_id] AS anchor, source AS unit, at_us AS first_us,
           at_us AS last_us, amount_minor, currency, 1 AS length, 1 AS instances, NULL AS level,
           true AS complete, [] AS items,
           json_object('provisional', CASE WHEN early AND late THEN 'both' WHEN early THEN 'start'
                                           WHEN late THEN 'end' ELSE 'no' END) AS detail,
           [source, target] AS accounts, ['payer', 'payee'] AS roles,
           [{{'tbl': 'transfers', 'record': record_id, 'role': 'one_off'}}] AS evidence
    FROM rare
    """


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Nothing where one-off payments are common, as they were; else all: the ends of time count."""
    con = graph.con
    with scopes.shown(con, scopes.accounts(con).sees):
        keep(graph, "one_off", _KEPT)
    one_off, payments = scopes.share(con, "_kept_one_off", _SUM)
    rare = not is_common(one_off, payments, params.common_bp)
    if rare or not scopes.as_rare(graph, "one_off", _SUM, params.common_bp):
        return None
    return Redo(sees={"payments": "FROM whole_payments WHERE false"}, owned="true")


def find(graph: Snapshot, params: Params) -> Findings:
    """Payments of pairs that paid once; see the head of this file."""
    if graph.before is None:
        keep(graph, "one_off", _KEPT)
    one_off, payments = scopes.share(graph.con, "_kept_one_off", _SUM)
    few = "WHERE false" if is_common(one_off, payments, params.common_bp) else ""
    return collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, f"{_rows(params)} {few}")


def chance(graph: Snapshot, params: Params, seed: int) -> Mapping[str, Chance]:
    """How ordinary one-off payments are here; nothing in it is drawn by lot."""
    payments, one_off = row(
        graph.con, f"SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM ({_ONE_OFF}))"
    )
    told = {"one_off": one_off, "payments": payments, "common_bp": params.common_bp}
    return chance_of(weight_bp(one_off, payments), one_off, payments, params.common_bp, told)


TYPOLOGY = Typology(
    name="one_off_payment",
    prefix="oo",
    layer="value",
    family="novelty",
    kappa_percent=55,
    fact=False,
    clauses=("R5",),
    partition="account",
    redo=redo,
    keeps=("one_off",),
    anchor="transfers:record_id of the payment",
    params=Params,
    find=find,
    reads=("payments",),
    chance=chance,
    texts={
        "en": "The only payment that these two ever made to each other, which is rare here",
        "zh": "双方之间唯一的一次付款，此类付款在本数据中少见",
    },
)

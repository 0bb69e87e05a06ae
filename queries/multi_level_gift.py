"""Multi-level gift: a gift deeper than the allowed level (definition D-2).

    brand --issue--> ann --gift--> bob --gift--> cat --gift--> dan
             0              1             2             3         level
                            |             `-- reading=lenient: found from here on
                            `-- reading=strict: found from here on

Found: a hop of kind `gift` by rule 5 (`hop`: no issue, no hop by the issuer, no return, no hop
inside an entity) that nothing undid, with level > allowed. `allowed` follows `reading`, 1 or 0,
unless it is given. A gift back undoes a gift when it comes at most `return_window` later, that
moment included; 0 = never. Both readings are always in the detail, whatever was asked.

`holding` cures gifts by who had held the item long enough (holding.py); their level stays.

detail: lenient, strict (level > 1, > 0), lower_bound (true: a gap before or an unknown origin, so
the true level may be deeper), issuer, issuer_how, linked (giver and receiver share an identifier).

Cost: a scan of `custody`. A `return_window` other than the snapshot's walks the ledger again.
Sources: the rule that mini programs offer first-level gifts only, statement of 2022-03-30 and
clause of 2022-06-20; holding periods and gift chains of collectible platforms (docs/typologies.md).
"""

import dataclasses
from dataclasses import dataclass

from regift.graph import custody
from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.holding import cured_sql
from regift.queries.params import choice, duration, periods
from regift.queries.typology import Typology

ALLOWED = {"lenient": 1, "strict": 0}
NOT_GIVEN = -1


@dataclass(frozen=True)
class Params:
    """What a multi-level gift is.

    >>> Params(reading="strict").allowed, Params(reading="strict", allowed=2).allowed
    (0, 2)
    """

    reading: str = choice(
        "lenient", ("lenient", "strict"), "lenient: a user may pass an item on once; strict: never"
    )
    allowed: int = dataclasses.field(
        default=NOT_GIVEN,
        metadata={
            "type": "count",
            "about": "deepest level a gift may have; by default 1 if lenient, 0 if strict",
            "text": "1",
        },
    )
    return_window_us: int = duration("24h", "a gift back within this time undoes a gift; 0 = never")
    holding: tuple[tuple[int, int], ...] = periods(
        "gifts after so long a time of holding are none, by date"
    )

    def __post_init__(self) -> None:
        if self.allowed == NOT_GIVEN:
            object.__setattr__(self, "allowed", ALLOWED[self.reading])


def condition(params: Params) -> str:
    """What is found, in SQL over the columns of `custody`."""
    return f"kind = 'gift' AND rule = 'hop' AND undone IS NULL AND level > {params.allowed:d}"


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding per gift beyond the allowed level."""
    ledger = "custody"
    if params.return_window_us != graph.settings.return_window_us:
        ledger = "_mlg_custody"
        window = dataclasses.replace(graph.settings, return_window_us=params.return_window_us)
        custody.derive(graph.con, window, name=ledger)
    found = collect(
        graph.con,
        TYPOLOGY.name,
        TYPOLOGY.prefix,
        f"""
        SELECT ['gifts:' || record_id] AS anchor, item AS unit, at_us AS first_us,
               at_us AS last_us, NULL AS amount_minor, NULL AS currency, 1 AS length,
               1 AS instances, level, true AS complete, [item] AS items,
               json_object('lenient', level > 1, 'strict', level > 0, 'lower_bound', lower_bound,
                           'issuer', issuer, 'issuer_how', issuer_how, 'linked', linked) AS detail,
               [source, target] AS accounts, ['giver', 'receiver'] AS roles,
               [{{'tbl': 'gifts', 'record': record_id, 'role': 'gift'}}] AS evidence
        FROM {ledger}
        WHERE {condition(params)} AND record_id NOT IN ({cured_sql(params.holding, ledger)})
        """,
    )
    if ledger != "custody":
        graph.con.execute(f"DROP TABLE {ledger}")
    return found


TYPOLOGY = Typology(
    name="multi_level_gift",
    prefix="mlg",
    layer="item",
    family="custody",
    kappa_percent=70,
    fact=True,
    clauses=("R4",),
    partition="item",
    anchor="gifts:record_id of the gift",
    params=Params,
    find=find,
    reads=("custody",),
    texts={
        "en": "gives on an item beyond the allowed number of levels",
        "zh": "藏品转赠超过允许的层级",
    },
)

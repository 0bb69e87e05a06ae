"""Evasion: an item made new, a sale in another channel, an account in place of a measured one.

    brand --> ann --> bob --back--> brand --again--> bob     form `reissue`: bob held it at level 1
         0        1                        0                 and has it at level 0 now
    s --sale, mini_program--> t    s --sale, personal--> t   form `channel`: the same two, at most
        closed                         open                  `window` later
    ann, measured since day 10, linked to bob, who is new       form `successor`: bob's own fact
    bob --sale--> cat, day 12                                after the measure (successor.py)

`reissue`: `back` takes an item whose level is 1 or more from an entity to the issuer's, or burns
it; `again` is the first of the item's later rows that leaves the issuer's entity, and brings it
back by an issue, a gift or a sale. Neither is undone. `channel`: a sale in a channel that is known
and not closed, after (strictly, by time) a finding of `closed_channel_sale`, by its default
parameters, from the same entity to the same entity. Both at most `window` later, inclusive.
`successor`: queries/successor.py says it. Definition D-18.

detail: form, elapsed_us (between the two records), from_channel, to_channel (of form `channel`);
of form `successor` linked (entity, controller or associated) and since_us (time of the measure).
`level`: of form `reissue` the level that the item had.

Cost: two sorts of the ledger, one as-of join of sales; with measures in force also that of
successors.
Sources: levels begin anew when an issuer hands on what came back to it, and transactions are open
in some channels only: statement of 2022-03-30, clause of 2022-06-20; the capability of accounts
that confront the rule is removed by degree, same statement (docs/typologies.md).
"""

from dataclasses import dataclass

from regift.graph.connect import count
from regift.graph.snapshot import Snapshot
from regift.graph.spans import LONGEST_US
from regift.queries import closed_channel_sale, scopes, successor
from regift.queries.findings import Findings, collect
from regift.queries.moves import MOVES
from regift.queries.params import duration
from regift.queries.typology import Redo, Typology


@dataclass(frozen=True)
class Params:
    """How soon the second record follows."""

    window_us: int = duration("30d", "longest time between the two records, inclusive")


# Pairs of records, `a` before `b`, with who is named and as what.
_REISSUED = """
    CREATE OR REPLACE TEMP TABLE _ev_reissued AS
    WITH rows AS (
        SELECT c.*, e.entity AS home, lag(level) OVER hops AS level_before,
               min(CASE WHEN source_entity = e.entity AND target_entity <> e.entity THEN ord END)
                   OVER (PARTITION BY item ORDER BY ord
                         ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_out
        FROM custody c JOIN entity_of e ON e.account = c.issuer
        WINDOW hops AS (PARTITION BY item ORDER BY ord)),
    back AS (
        FROM rows
        WHERE source_entity <> home AND (target_entity = home OR kind = 'burn')
          AND undone IS NULL AND level_before >= 1)
    SELECT 'reissue' AS form, a.record_id AS first_record, b.record_id AS record_id,
           a.item AS first_item, b.item, a.at_us AS first_us, b.at_us AS last_us, a.level_before,
           a.channel AS from_channel, b.channel AS to_channel,
           [a.source, b.target] AS ones, CASE a.kind WHEN 'burn' THEN [b.source]
                                              ELSE [a.target, b.source] END AS others
    FROM back a JOIN rows b ON b.item = a.item AND b.ord = a.next_out
    WHERE b.kind IN ('issue', 'gift', 'sale') AND b.undone IS NULL
      AND b.target_entity = a.source_entity AND b.at_us - a.at_us <= $window
    QUALIFY row_number() OVER (PARTITION BY b.record_id ORDER BY a.ord DESC) = 1
"""


def _moved(window_us: int) -> str:
    """Pairs of form `channel`; of closed sales at one time the last counts."""
    params = closed_channel_sale.Params()
    known = ", ".join(f"'{channel}'" for channel in ("unknown", *params.channels))
    return f"""
    CREATE OR REPLACE TEMP TABLE _ev_moved AS
    WITH closed AS (
        SELECT * FROM custody
        WHERE source_entity <> target_entity AND {closed_channel_sale.condition(params)}
        QUALIFY row_number() OVER (PARTITION BY source_entity, target_entity, at_us
                                   ORDER BY seq DESC, record_id DESC) = 1),
    opened AS (FROM custody WHERE kind = 'sale' AND channel NOT IN ({known}) AND {MOVES})
    SELECT 'channel' AS form, a.record_id AS first_record, b.record_id, a.item AS first_item,
           b.item, a.at_us AS first_us, b.at_us AS last_us, NULL::BIGINT AS level_before,
           a.channel AS from_channel, b.channel AS to_channel,
           [a.source, b.source] AS ones, [a.target, b.target] AS others
    FROM opened b ASOF JOIN closed a ON a.source_entity = b.source_entity
        AND a.target_entity = b.target_entity AND b.at_us > a.at_us
    WHERE b.at_us - a.at_us <= {window_us:d}
    """


_ROWS = """
    WITH pairs AS (
        SELECT *, CASE WHEN ones[1] = ones[2] THEN ones[:1] ELSE ones END AS one,
               CASE WHEN others[1] = others[2] THEN others[:1] ELSE others END AS other,
               form = 'reissue' AS again
        FROM (FROM _ev_reissued UNION ALL FROM _ev_moved))
    SELECT ['gifts:' || record_id] || CASE WHEN again THEN [] ELSE ['channel'] END AS anchor,
           item AS unit, first_us, last_us, NULL AS amount_minor, NULL AS currency, 2 AS length,
           1 AS instances, level_before AS level, true AS complete,
           list_sort(list_distinct([first_item, item])) AS items,
           CASE WHEN again THEN json_object('form', form, 'elapsed_us', last_us - first_us)
                ELSE json_object('form', form, 'elapsed_us', last_us - first_us,
                                 'from_channel', from_channel, 'to_channel', to_channel) END
               AS detail,
           one || other AS accounts,
           list_transform(one, lambda a: CASE WHEN again THEN 'member' ELSE 'giver' END)
               || list_transform(other, lambda a: CASE WHEN again THEN 'organiser'
                                                  ELSE 'receiver' END) AS roles,
           [{'tbl': 'gifts', 'record': first_record,
             'role': CASE WHEN again THEN 'back' ELSE 'closed' END},
            {'tbl': 'gifts', 'record': record_id,
             'role': CASE WHEN again THEN 'again' ELSE 'open' END}] AS evidence
    FROM pairs
"""


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Of form `reissue` touched items; of form `channel` sellers with a touched account.

    Form `successor` follows measures through links: all, as soon as there is one.
    """
    if count(graph.con, "measured") or count(graph.con, f"{scopes.OLD}.measured"):
        return None
    scopes.define_sides(graph.con)
    return Redo(
        sees={
            "custody": "FROM whole_custody WHERE item IN (FROM touched_items) "
            "OR (kind = 'sale' AND source IN (FROM touched_sides))"
        },
        owned="detail ->> '$.form' = 'reissue' AND unit IN (FROM touched_items)",
        named="role = 'giver' AND account IN (FROM touched_sides)",
    )


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding an item made new, a sale that changed its channel, an account that goes on."""
    window_us = min(params.window_us, LONGEST_US)
    graph.con.execute(_REISSUED, {"window": window_us})
    graph.con.execute(_moved(window_us))
    succeeded = successor.rows(graph)
    rows = f"({_ROWS}) UNION ALL BY NAME ({succeeded})" if succeeded else _ROWS
    found = collect(graph.con, TYPOLOGY.name, TYPOLOGY.prefix, rows)
    graph.con.execute("DROP TABLE _ev_reissued; DROP TABLE _ev_moved")
    successor.forget(graph.con)
    return found


TYPOLOGY = Typology(
    name="evasion",
    prefix="ev",
    layer="identity",
    family="evasion",
    kappa_percent=50,
    fact=False,
    clauses=("R5",),
    partition="whole",
    redo=redo,
    anchor="gifts:record_id of the second record; of a changed channel `channel` too; of a "
    "successor account and `successor`",
    params=Params,
    find=find,
    reads=(
        "custody",
        "entity_of",
        "links",
        "measured",
        "accounts",
        "transfers",
        "account_kinds",
        "certificates",
        "reviewed",
    ),
    nulls=("recipients", "time"),
    texts={
        "en": "makes an item new by a round trip to its issuer, moves a sale to another channel, "
        "or goes on where a linked account was measured",
        "zh": "借回流发行方重置转赠层级，更换渠道继续出售，或接替已被采取措施的关联账号继续违规",
    },
)

"""Shared controller: accounts that one hand runs, by identifiers that few share (definition D-3).

    ann -- phone 1, device 7 -- bob -- legal_subject L -- cat        one finding: ann, bob, cat
     |                           |
    gift                      payment                                `min_accounts` of them act

Found: an entity of two accounts or more, at least `min_accounts` of which are an end of a gift
record or of an effective transfer. Accounts that do nothing yet are named with the others: they are
what the hand may use next. Evidence is what the controller links inside the entity rest on, by
account and kind; the values of identifiers are not named. A link that its identifiers alone would
not make rests on a judgement, and says so. Definition D-18.

detail: acting (how many of its accounts act), links (controller links inside it), stratum.

Cost: a scan of the records, joined with the accounts of such entities; linear.
Sources: identity resolution by rare shared identifiers, as in docs/definitions.md D-3.
"""

from dataclasses import dataclass

from regift.graph.connect import count as count_rows
from regift.graph.entities import ONE_SUBJECT
from regift.graph.snapshot import Snapshot
from regift.queries import scopes
from regift.queries.findings import Findings, collect
from regift.queries.params import count
from regift.queries.strata import size_stratum
from regift.queries.typology import Redo, Typology


@dataclass(frozen=True)
class Params:
    """How many accounts one hand may have."""

    min_accounts: int = count(2, "fewest accounts of the entity that give, pay or receive")


def _rows(min_accounts: int, legal_subject: str) -> str:
    """The query; `inside` has each end of each controller link within one entity.

    legal_subject: of the settings; whether sharing one is a controller link by itself.
    """
    one = str(legal_subject == ONE_SUBJECT).lower()
    return f"""
    WITH together AS (
        FROM entity_of QUALIFY count(*) OVER (PARTITION BY entity) > 1),
    ends AS (
        SELECT unnest([source, target]) AS account, at_us FROM custody
        UNION ALL SELECT unnest([source, target]), at_us FROM payments
        UNION ALL SELECT unnest([source, target]), at_us FROM transfers
                  WHERE kind IN ('topup', 'payout') AND source <> target),
    acting AS (
        SELECT account, min(at_us) AS first_us, max(at_us) AS last_us
        FROM ends SEMI JOIN together USING (account) GROUP BY account),
    found AS (
        SELECT entity, list(account ORDER BY account) AS accounts, min(first_us) AS first_us,
               max(last_us) AS last_us, count(first_us) AS acting
        FROM together LEFT JOIN acting USING (account) GROUP BY entity
        HAVING count(first_us) >= {max(1, min_accounts):d}),
    inside AS (
        SELECT x.entity, unnest([a, b]) AS account, kinds
        FROM links JOIN together x ON x.account = a
             JOIN together y ON y.account = b AND y.entity = x.entity
        WHERE grade = 'controller'),
    rests AS (
        SELECT DISTINCT entity, 'identifiers' AS tbl, account || ' ' || unnest(kinds) AS record,
               'shared' AS role FROM inside
        UNION ALL
        SELECT DISTINCT entity, 'judgements', account || ' same', 'judged' FROM inside
        WHERE len(list_filter(kinds, lambda kind: kind <> 'legal_subject')) < 2
            AND NOT ({one} AND list_contains(kinds, 'legal_subject'))),
    proof AS (
        SELECT entity, list({{'tbl': tbl, 'record': record, 'role': role}} ORDER BY tbl, record)
                   AS evidence
        FROM rests GROUP BY entity),
    counted AS (SELECT entity, count(*) // 2 AS links FROM inside GROUP BY entity)
    SELECT [entity] AS anchor, entity AS unit, first_us, last_us, NULL AS amount_minor,
           NULL AS currency, len(accounts) AS length, 1 AS instances, NULL AS level,
           true AS complete, [] AS items, json_object('acting', acting, 'links', links,
               'stratum', {size_stratum("acting")}) AS detail,
           accounts, list_transform(accounts, lambda account: 'member') AS roles, evidence
    FROM found JOIN proof USING (entity) JOIN counted USING (entity)
    """


def redo(graph: Snapshot, params: Params) -> Redo | None:
    """Entities with a touched account; all where links may rest on other kinds now."""
    con = graph.con
    if count_rows(con, "added_identifiers") or count_rows(con, "removed_identifiers"):
        return None
    sees = scopes.sides(con, "payments", "transfers", "custody")
    return Redo(sees=sees, owned="unit IN (FROM touched_sides)")


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding an entity."""
    return collect(
        graph.con,
        TYPOLOGY.name,
        TYPOLOGY.prefix,
        _rows(params.min_accounts, graph.settings.legal_subject),
    )


TYPOLOGY = Typology(
    name="shared_controller",
    prefix="sc",
    layer="identity",
    family="identity",
    kappa_percent=20,
    fact=False,
    clauses=("R5",),
    partition="whole",
    redo=redo,
    anchor="smallest account of the entity",
    params=Params,
    find=find,
    # `links` is compared by its grades only: which kinds a link rests on comes with `identifiers`.
    reads=("entity_of", "links", "identifiers", "custody", "payments", "transfers"),
    nulls=("identity",),
    texts={
        "en": "is run by the same hand as other accounts that give or pay",
        "zh": "与其他活跃账号由同一控制人控制",
    },
)

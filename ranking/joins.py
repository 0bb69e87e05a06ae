"""What joins findings into one case, pass by pass (definition D-10): points for the join kernel.

    points(key, label, f, moment)      findings of one key join, in the order of their gap in time

    fact         a record on which a fact rests joins all findings that rest on it
    item         findings of one item, two of their hops of it within case_gap
    records      a weak finding goes to one host that rests on half of its records or more
    principal    components in all findings of which one and the same entity leads
    accounts     a component goes to one host that has all of its entities

Why no pass makes a chain of strangers: facts and items are narrow (a record has two ends, an item
one holder at a time). A host is one, and is larger or earlier, so the others are trees in which
nothing is glued by what is small: a payment that stands alone in one finding and inside of two
others joins one of the two. A component has one principal or none, so principals make stars that
share no finding. The last pass adds no entity to the host at all.
"""

from regift.ranking.constants import LEADING_ROLES

FACT = """
    SELECT concat(tbl, ':', record) AS key, concat('record ', tbl, ':', record) AS label, f,
           0 AS moment
    FROM (SELECT DISTINCT tbl, record, f, fact FROM evidence JOIN joining USING (finding))
    QUALIFY bool_or(fact) OVER (PARTITION BY tbl, record)"""

ITEM = """
    SELECT item AS key, concat('item ', item) AS label, f, coalesce(r.at_us, first_us) AS moment
    FROM (SELECT finding, f, first_us, unnest(items) AS item FROM joining) i LEFT JOIN (
        SELECT finding, item, at_us FROM evidence JOIN evidence_records USING (tbl, record)) r
    USING (finding, item)"""

RECORDS = """
    WITH rests AS (
        SELECT f, fact, first_us, list(DISTINCT concat(tbl, ':', record)) AS records
        FROM evidence JOIN joining USING (finding) GROUP BY ALL),
    each_record AS (
        SELECT f, fact, first_us, len(records) AS n, unnest(records) AS record FROM rests),
    quiet AS (
        SELECT * FROM each_record QUALIFY count(*) OVER (PARTITION BY record) <= {hub}),
    beside AS (
        SELECT a.f, b.f AS host, a.n, b.n AS of, b.first_us
        FROM quiet a JOIN quiet b USING (record)
        WHERE NOT a.fact AND (b.n > a.n OR (
            b.n = a.n AND (b.first_us < a.first_us OR (b.first_us = a.first_us AND b.f < a.f))))
        GROUP BY ALL),
    counted AS (
        SELECT beside.*, list_intersect(mine.records, theirs.records) AS shared
        FROM beside JOIN rests mine USING (f) JOIN rests theirs ON theirs.f = beside.host),
    hosted AS (
        SELECT f, host, list_min(shared) AS record FROM counted WHERE 2 * len(shared) >= n
        QUALIFY row_number() OVER (
            PARTITION BY f ORDER BY len(shared) DESC, of, first_us, host) = 1)
    SELECT f::VARCHAR AS key, concat('record ', record) AS label, unnest([f, host]) AS f,
           0 AS moment
    FROM hosted"""

_LEADS = ", ".join(f"'{role}'" for role in LEADING_ROLES)
_ENTITY = "coalesce(entity, account)"

_PEOPLE = f"""
    people AS (
        SELECT DISTINCT f, account, {_ENTITY} AS entity
        FROM subjects JOIN joining USING (finding) LEFT JOIN entity_of USING (account)),
    crowded AS (
        SELECT entity FROM people GROUP BY entity HAVING count(DISTINCT f) > {{hub}})"""

PRINCIPAL = f"""
    WITH {_PEOPLE},
    led AS (
        SELECT f, list_position([{_LEADS}], role) AS place, {_ENTITY} AS entity
        FROM subjects JOIN joining USING (finding) LEFT JOIN entity_of USING (account)
        WHERE role IN ({_LEADS})
        QUALIFY place = min(place) OVER (PARTITION BY f)),
    leaders AS (
        SELECT f, if(count(DISTINCT entity) = 1, min(entity), NULL) AS entity
        FROM led GROUP BY f),
    principals AS (
        SELECT root, min(entity) AS entity
        FROM joining JOIN component USING (f) LEFT JOIN leaders USING (f) GROUP BY root
        HAVING count(*) = count(entity) AND count(DISTINCT entity) = 1)
    SELECT entity AS key, concat('account ', entity) AS label, f, first_us AS moment
    FROM principals JOIN component USING (root) JOIN joining USING (f)
    WHERE entity NOT IN (FROM crowded)"""

ACCOUNTS = f"""
    WITH {_PEOPLE},
    spans AS (
        SELECT root, min(first_us) AS first_us, max(last_us) AS last_us,
               first(f ORDER BY first_us, f) AS f
        FROM component JOIN joining USING (f) GROUP BY root),
    named AS (
        SELECT DISTINCT root, entity FROM people JOIN component USING (f)),
    inside AS (SELECT root, count(*) AS entities, min(entity) AS entity FROM named GROUP BY root),
    meeting AS (FROM named WHERE entity NOT IN (FROM crowded)),
    rarest AS (
        SELECT root, arg_min(entity, (roots, entity)) AS entity
        FROM (SELECT *, count(*) OVER (PARTITION BY entity) AS roots FROM meeting) GROUP BY root),
    near AS (
        SELECT s.root, h.root AS host, s.f, h.f AS host_f, mine.entity, mine.entities,
               theirs.entities AS of, h.first_us,
               greatest(0, h.first_us - s.last_us, s.first_us - h.last_us) AS gap
        FROM rarest JOIN meeting m USING (entity) JOIN spans s ON s.root = rarest.root
        JOIN spans h ON h.root = m.root JOIN inside mine ON mine.root = s.root
        JOIN inside theirs ON theirs.root = h.root
        WHERE s.root <> h.root AND gap <= {{gap}} AND (of > mine.entities OR (of = mine.entities
            AND (h.first_us < s.first_us OR (h.first_us = s.first_us AND h.f < s.f))))),
    holding AS (
        SELECT near.root, near.host
        FROM near JOIN named mine ON mine.root = near.root
        JOIN named theirs ON theirs.root = near.host AND theirs.entity = mine.entity
        GROUP BY near.root, near.host HAVING count(*) = any_value(entities)),
    hosted AS (
        SELECT f, host_f AS host, gap, entity FROM near SEMI JOIN holding USING (root, host)
        QUALIFY row_number() OVER (PARTITION BY f ORDER BY gap, first_us, host_f) = 1)
    SELECT f::VARCHAR AS key, concat('account ', entity) AS label,
           unnest([f, host]) AS f, unnest([0, gap]) AS moment
    FROM hosted"""


def passes(gap_us: int, hub: int) -> tuple[tuple[str, int], ...]:
    """The passes in their order: the query of the points, the longest gap between joined ones.

    gap_us: longest time apart; hub: findings that a record or an entity may have that joins weak
    ones. The queries read `joining`, `evidence`, `evidence_records`, `subjects`, `entity_of` and
    `component(f, root)`, what the passes before have joined. Cost: sorts of these, in the third
    pass at most hub pairs a row, in the fifth as many a component: a host has all its entities, so
    only components with the rarest of them are looked at (a sixth of the time of looking at all).
    """
    return (
        (FACT, 0),
        (ITEM, gap_us),
        (RECORDS.format(hub=hub), 0),
        (PRINCIPAL.format(hub=hub), gap_us),
        (ACCOUNTS.format(hub=hub, gap=gap_us), gap_us),
    )

"""What became of the cases of one generation in another (D-10): a comparison, no content.

The successor of an old case is the new case with most of its findings, of equals the smaller id.

    same    it has exactly these findings              grew    ... and more
    shrank  ... and fewer; may go with grew            split   its findings lie in several new cases
    merged  it is the successor of several old cases   gone    no new case has any of its findings
    new     (no old case) it has no finding of an old case; a new case that has some and is the
            successor of none says split: the rest of what split
"""

import duckdb
import pyarrow as pa


def lineage(old: pa.Table, new: pa.Table) -> pa.Table:
    """Compare two `case_members` tables (case_id, finding).

    Returns rows (old, new, kept, what): old case, successor, findings of the old case that the
    successor has, and the words above as a list; rows of new cases have old null. Sorted.

    >>> was = pa.table({"case_id": ["C-1", "C-1"], "finding": ["f1", "f2"]})
    >>> now = pa.table({"case_id": ["C-0", "C-0", "C-0"], "finding": ["f0", "f1", "f2"]})
    >>> lineage(was, now).to_pylist()
    [{'old': 'C-1', 'new': 'C-0', 'kept': 2, 'what': ['grew']}]
    """
    with duckdb.connect() as con:
        con.register("before", old)
        con.register("after", new)
        return con.sql(_COMPARE).to_arrow_table()


_COMPARE = """
    WITH old_sizes AS (
        SELECT case_id AS old, count(*) AS had FROM before GROUP BY ALL),
    new_sizes AS (
        SELECT case_id AS new, count(*) AS has FROM after GROUP BY ALL),
    shared AS (
        SELECT b.case_id AS old, a.case_id AS new, count(*) AS kept
        FROM before b JOIN after a USING (finding) GROUP BY ALL),
    successors AS (
        SELECT *, count(*) OVER (PARTITION BY old) AS parts FROM shared
        QUALIFY row_number() OVER (PARTITION BY old ORDER BY kept DESC, new) = 1),
    fates AS (
        SELECT old, s.new, coalesce(kept, 0) AS kept, had, has, parts,
               count(s.new) OVER (PARTITION BY s.new) AS heirs
        FROM old_sizes LEFT JOIN successors s USING (old) LEFT JOIN new_sizes n ON n.new = s.new),
    told AS (
        SELECT old, new, kept, [word FOR word IN [
                   if(new IS NULL, 'gone', NULL),
                   if(kept = had AND kept = has, 'same', NULL),
                   if(has > kept AND heirs = 1, 'grew', NULL),
                   if(kept < had AND parts = 1, 'shrank', NULL),
                   if(parts > 1, 'split', NULL),
                   if(new IS NOT NULL AND heirs > 1, 'merged', NULL)]
                   IF word IS NOT NULL] AS what
        FROM fates
        UNION ALL
        SELECT NULL, new, 0, [if(new IN (SELECT new FROM shared), 'split', 'new')]
        FROM new_sizes ANTI JOIN successors USING (new))
    SELECT * FROM told ORDER BY old NULLS LAST, new"""

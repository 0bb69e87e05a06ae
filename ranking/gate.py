"""What may be proposed for a measure, and why not where it may not (definition D-14).

    proposals(account, case_id, measure, clause, why)      one row per account and case

Read for each account by the findings of the case that name it on a record, in another role than
source:
(a) a fact: the measure follows the number of facts that name the account, in all its cases
    (EXAMPLE_LADDER). Doubtful facts lift it to `rectify` at most: those that are incomplete, come
    after a custody gap of their item (or have a level that is a lower bound), or rest on
    an *associated* link (one identifier).
(b) two families, not all of them of identity or statistical typologies. Families count whose
    finding has at most a tenth of its stratum explained by chance: `rectify` and no more. Where a
    calibration is missing any family counts: `notice` and no more.
Otherwise none. Personal accounts and accounts of unknown kind are `evidence only` unless they are
organiser or broker. An account that is only ever source is possibly affected.
clause: the first of the typology that says most of the account in the case.
"""

import duckdb

from regift.ranking.constants import (
    ALWAYS_MEASURED_ROLES,
    CALIBRATED_CAP,
    CHANCE_MOST_BP,
    EXAMPLE_LADDER,
    IDENTITY_LAYER,
    LEFT_OUT_KINDS,
    MEASURES,
    SHAKY_CAP,
    SOURCE_ROLE,
    STATISTICAL,
    UNCALIBRATED_CAP,
)

Con = duckdb.DuckDBPyConnection


def _words(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _ladder(column: str) -> str:
    """SQL of the step (index into MEASURES) that a number of facts reaches.

    >>> _ladder("n")
    'CASE WHEN n >= 10 THEN 2 WHEN n >= 3 THEN 1 WHEN n >= 1 THEN 0 END'
    """
    steps = sorted(EXAMPLE_LADDER, reverse=True)
    whens = " ".join(f"WHEN {column} >= {n} THEN {MEASURES.index(m)}" for n, m in steps)
    return f"CASE {whens} END"


def measure_of(step: str) -> str:
    """SQL of the measure of a step (index into MEASURES).

    >>> measure_of("0")[:33]
    "['notice', 'rectify', 'restrict',"
    """
    return "[" + ", ".join(f"'{measure}'" for measure in MEASURES) + f"][{step} + 1]"


def step_of(measure: str) -> str:
    """SQL of the place of a measure among MEASURES, from 1; 0 for none.

    >>> step_of("measure")[:34]
    "coalesce(list_position(['notice', "
    """
    listed = ", ".join(f"'{each}'" for each in MEASURES)
    return f"coalesce(list_position([{listed}], {measure}), 0)"


def derive(con: Con) -> None:
    """Make `proposals` from `case_accounts`, `pieces`, `weighed` and `account_kinds`.

    Cost: a join of subjects with the findings of their cases; custody gaps are joined by item.
    """
    _acts(con)
    _passed(con)
    shaky = MEASURES.index(SHAKY_CAP)
    sure, cap = MEASURES.index(CALIBRATED_CAP), MEASURES.index(UNCALIBRATED_CAP)
    examples = ", ".join(f"{measure} from {n}" for n, measure in EXAMPLE_LADDER)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE proposals AS
        WITH judged AS (
            SELECT account, case_id, kind, clause, coalesce(acts, 0) AS acts, here, total, clear,
                   doubt,
                   coalesce(families >= 2 AND firm, false) AS told,
                   coalesce(sure_families >= 2 AND sure_firm, false) AS sure,
                   coalesce(families, 0) AS families,
                   coalesce(sure_families, 0) AS sure_families,
                   coalesce(kind NOT IN {_words(LEFT_OUT_KINDS)}, false)
                       OR coalesce(runs, false) AS measured,
                   greatest({_ladder("clear")}, least({_ladder("total")}, {shaky})) AS step,
                   {_ladder("total")} AS step_if_clear
            FROM case_accounts LEFT JOIN passed USING (account, case_id)
            LEFT JOIN total_facts USING (account) LEFT JOIN said USING (account, case_id)
            LEFT JOIN account_kinds USING (account)),
        stepped AS (
            SELECT *, CASE WHEN NOT measured OR acts = 0 THEN NULL
                           WHEN here > 0 THEN step
                           WHEN sure THEN {sure} WHEN told THEN {cap} END AS allowed
            FROM judged)
        SELECT account, case_id, {measure_of("allowed")} AS measure, clause,
               CASE WHEN acts = 0 THEN 'possibly affected: only ever the source'
                    WHEN here > 0 OR sure OR told THEN concat(
                        if(measured, '', concat('evidence only: ', coalesce(kind, 'unknown'),
                                                ' account; ')),
                        CASE WHEN here > 0 THEN concat('facts that name the account: ', total,
                                 ' (example: {examples})',
                                 if(step_if_clear > step,
                                    concat('; doubtful ones lift to {SHAKY_CAP} at most: ', doubt),
                                    ''))
                             WHEN sure THEN concat(sure_families, ' families that chance does not '
                                                   'explain: at most {CALIBRATED_CAP} (example)')
                             ELSE concat(families, ' families without a calibration: at most '
                                         '{UNCALIBRATED_CAP}') END)
                    WHEN NOT measured THEN concat('evidence only: ', coalesce(kind, 'unknown'),
                                                  ' account')
                    ELSE 'no fact, and no two families that show an act' END AS why
        FROM stepped
        """
    )
    for table in ("acts", "passed", "total_facts", "said"):
        con.execute(f"DROP TABLE {table}")


def _acts(con: Con) -> None:
    """`acts`: findings that name an account on a record as more than a source, with their doubts.

    `said`: clause of the typology that says most of an account in a case, whatever its role.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE acts AS
        WITH gaps AS (
            SELECT item, min(first_us) AS since FROM (
                SELECT unnest(items) AS item, first_us FROM weighed WHERE typology = 'custody_gap')
            GROUP BY item),
        gapped AS (
            SELECT DISTINCT finding FROM (
                SELECT finding, last_us, unnest(items) AS item FROM weighed WHERE fact) f
            JOIN gaps USING (item) WHERE since <= last_us),
        roles AS (
            SELECT finding, account, bool_or(role IN {_words(ALWAYS_MEASURED_ROLES)}) AS runs
            FROM subjects SEMI JOIN pieces USING (finding, account)
            WHERE role <> '{SOURCE_ROLE}' GROUP BY ALL)
        SELECT case_id, account, finding, family, layer, typology, fact, runs,
               lfdr_bp <= {CHANCE_MOST_BP} AS sure,
               uncalibrated OR lfdr_bp <= {CHANCE_MOST_BP} AS told,
               CASE WHEN NOT complete THEN 'evidence is incomplete'
                    WHEN lower_bound OR gapped.finding IS NOT NULL
                        THEN 'a custody gap in the chain'
                    WHEN associated THEN 'it rests on a link by one identifier' END AS doubt
        FROM roles JOIN weighed USING (finding) JOIN case_members USING (finding)
        LEFT JOIN gapped USING (finding)
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE said AS
        WITH sums AS (
            SELECT case_id, account, typology, any_value(clause) AS clause, sum(nano) AS says
            FROM pieces JOIN case_members USING (finding)
            JOIN (SELECT finding, clause FROM weighed) USING (finding) GROUP BY ALL)
        SELECT case_id, account, clause FROM sums
        QUALIFY row_number() OVER (
            PARTITION BY case_id, account ORDER BY says DESC, typology) = 1
        """
    )


def _passed(con: Con) -> None:
    """Per account and case what the gate counts; per account its facts in all cases."""
    firm = f"layer <> '{IDENTITY_LAYER}' AND typology NOT IN {_words(STATISTICAL)}"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE passed AS
        SELECT case_id, account, count(*) AS acts, count(*) FILTER (fact) AS here,
               count(DISTINCT family) FILTER (told) AS families,
               count(DISTINCT family) FILTER (sure) AS sure_families,
               bool_or(runs) AS runs,
               bool_or(told AND {firm}) AS firm, bool_or(sure AND {firm}) AS sure_firm
        FROM acts GROUP BY ALL
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE total_facts AS
        SELECT account, count(*) AS total, count(*) FILTER (doubt IS NULL) AS clear,
               min(doubt) AS doubt
        FROM acts WHERE fact GROUP BY ALL
        """
    )

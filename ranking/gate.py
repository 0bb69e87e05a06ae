"""What may be proposed for a measure, and why not where it may not (definition D-14).

    proposals(account, case_id, measure, clause, why, degree, parts)
        one row per account and case; degree and parts (degree.py) where it has a fact in the case

Read for each account by the findings of the case that name it on a record, in another role than
source:
(a) a fact: the measure follows the degree of the violation, of the facts that name the account in
    all its cases (`GateRules.ladder`, degree.py). Doubtful facts lift it to `rectify` at most:
    those that are incomplete, come after a custody gap of their item (or have a level that is a
    lower bound), or rest on an *associated* link (one identifier).
(b) two families, not all of them of identity or statistical typologies. Families count whose
    finding has at most a tenth of its stratum explained by chance: `rectify` and no more. Where a
    calibration is missing any family counts: `notice` and no more.
Otherwise none. Accounts whose kind `GateRules` leaves out are `evidence only` unless they are
organiser or broker. An account that is only ever source is possibly affected. One on the allow-list
gets none and says until when and why.
clause: that of the typology that says most of the account in the case, of those in force when it
happened (clauses.py). Findings without such a clause never count.
"""

import duckdb

from regift.ranking import clauses, degree
from regift.ranking.constants import (
    ALWAYS_MEASURED_ROLES,
    CHANCE_MOST_BP,
    IDENTITY_LAYER,
    MEASURES,
    SOURCE_ROLE,
    STATISTICAL,
)
from regift.ranking.gate_rules import GateRules

Con = duckdb.DuckDBPyConnection


def _words(words: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _ladder(column: str, rules: GateRules) -> str:
    """SQL of the step (index into MEASURES) that a degree reaches.

    >>> _ladder("n", GateRules())
    'CASE WHEN n >= 20 THEN 3 WHEN n >= 11 THEN 2 WHEN n >= 6 THEN 1 WHEN n >= 1 THEN 0 END'
    """
    steps = sorted(rules.ladder, reverse=True)
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


def degree_columns(con: Con) -> str:
    """Columns of the degree in `proposals`; null in a generation of a version without them."""
    found = {name for name, *_ in con.execute("DESCRIBE proposals").fetchall()}
    return "degree, parts" if "degree" in found else "NULL::BIGINT AS degree, NULL AS parts"


def _measured(rules: GateRules) -> str:
    """SQL of whether a measure may be proposed against an account of a `kind` that may be null.

    >>> _measured(GateRules())
    "coalesce(kind NOT IN ('personal'), false)"
    """
    if rules.left_out_kinds:
        unknown = str(not rules.unknown_left_out).lower()
        return f"coalesce(kind NOT IN {_words(rules.left_out_kinds)}, {unknown})"
    return "kind IS NOT NULL" if rules.unknown_left_out else "true"


def derive(con: Con, rules: GateRules) -> None:
    """Make `proposals` from `case_accounts`, `pieces`, `weighed`, `account_kinds` and decisions.

    Cost: a join of subjects with the findings of their cases; custody gaps are joined by item.
    """
    clauses.derive(con, rules)
    acts(con)
    _passed(con)
    degree.derive(con, rules)
    shaky = MEASURES.index(rules.shaky_cap)
    sure, cap = MEASURES.index(rules.calibrated_cap), MEASURES.index(rules.uncalibrated_cap)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE proposals AS
        WITH judged AS (
            SELECT account, case_id, kind, clause, coalesce(acts, 0) AS acts, here, degree, parts,
                   told AS said_of_it, doubt, coalesce(lacking, 0) AS lacking, lack, until_us,
                   reason, coalesce(families >= 2 AND firm, false) AS told,
                   coalesce(sure_families >= 2 AND sure_firm, false) AS sure,
                   coalesce(families, 0) AS families,
                   coalesce(sure_families, 0) AS sure_families,
                   {_measured(rules)} OR coalesce(runs, false) AS measured,
                   greatest({_ladder("clear_degree", rules)},
                            if({_ladder("degree", rules)} > {shaky}, {shaky},
                               {_ladder("degree", rules)})) AS step,
                   {_ladder("degree", rules)} AS step_if_clear
            FROM case_accounts LEFT JOIN passed USING (account, case_id)
            LEFT JOIN degrees USING (account) LEFT JOIN doubts USING (account)
            LEFT JOIN said USING (account, case_id)
            LEFT JOIN account_kinds USING (account)
            LEFT JOIN (SELECT account, max(until_us) AS until_us,
                              arg_max(reason, until_us) AS reason
                       FROM allowed GROUP BY account) USING (account)),
        stepped AS (
            SELECT *, CASE WHEN NOT measured OR acts = 0 OR until_us IS NOT NULL THEN NULL
                           WHEN here > 0 THEN step
                           WHEN sure THEN {sure} WHEN told THEN {cap} END AS reached
            FROM judged)
        SELECT account, case_id, {measure_of("reached")} AS measure, clause,
               {_why(rules)} AS why, if(here > 0, degree, NULL) AS degree,
               if(here > 0, parts, NULL) AS parts
        FROM stepped
        """
    )
    for table in ("acts", "passed", "degrees", "doubts", "said", "conduct"):
        con.execute(f"DROP TABLE {table}")


def _why(rules: GateRules) -> str:
    """SQL of the sentence that says why a measure is proposed or is not."""
    whose = "example" if rules.ladder_example else "rule"
    caps = "example" if rules.caps_example else "rule"
    examples = ", ".join(f"{measure} from {n}" for n, measure in rules.ladder)
    return f"""
        CASE WHEN until_us IS NOT NULL THEN concat('allow-listed until ',
                  strftime(make_timestamp(until_us), '%Y-%m-%dT%H:%M:%SZ'), ': ', reason)
             WHEN acts = 0 THEN 'possibly affected: only ever the source'
             WHEN acts = lacking THEN lack
             WHEN here > 0 OR sure OR told THEN concat(
                 if(measured, '', concat('evidence only: ', coalesce(kind, 'unknown'),
                                         ' account; ')),
                 CASE WHEN here > 0 THEN concat('degree ', degree, ' ({whose}: {examples})',
                          said_of_it, if(step_if_clear > step,
                             concat('; doubtful ones lift to {rules.shaky_cap} at most ({caps}): ',
                                    doubt), ''))
                      WHEN sure THEN concat(sure_families, ' families that chance does not '
                                            'explain: at most {rules.calibrated_cap} ({caps})')
                      ELSE concat(families, ' families without a calibration: at most '
                                  '{rules.uncalibrated_cap} ({caps})') END,
                 if(lacking > 0, concat('; findings that do not count: ', lacking, ', ', lack), ''))
             WHEN NOT measured THEN concat('evidence only: ', coalesce(kind, 'unknown'),
                                           ' account')
             ELSE 'no fact, and no two families that show an act' END"""


def acts(con: Con) -> None:
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
        SELECT case_id, account, finding, family, layer, typology, fact, runs, clause, lack,
               last_us, lfdr_bp <= {CHANCE_MOST_BP} AS sure,
               uncalibrated OR lfdr_bp <= {CHANCE_MOST_BP} AS told,
               CASE WHEN NOT complete THEN 'evidence is incomplete'
                    WHEN lower_bound OR gapped.finding IS NOT NULL
                        THEN 'a custody gap in the chain'
                    WHEN associated THEN 'it rests on a link by one identifier' END AS doubt
        FROM roles JOIN (SELECT * EXCLUDE (clause) FROM weighed) USING (finding)
        JOIN case_members USING (finding)
        JOIN (SELECT finding, account, clause, lack FROM conduct) USING (finding, account)
        LEFT JOIN gapped USING (finding)
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE said AS
        WITH sums AS (
            SELECT case_id, account, typology, clause, sum(nano) AS says
            FROM pieces JOIN case_members USING (finding)
            JOIN (SELECT finding, account, clause FROM conduct WHERE lack IS NULL)
                USING (finding, account) GROUP BY ALL)
        SELECT case_id, account, clause FROM sums
        QUALIFY row_number() OVER (
            PARTITION BY case_id, account ORDER BY says DESC, typology, clause) = 1
        """
    )


def _passed(con: Con) -> None:
    """Per account and case what the gate counts; per account what its facts leave in doubt."""
    firm = f"layer <> '{IDENTITY_LAYER}' AND typology NOT IN {_words(STATISTICAL)}"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE passed AS
        SELECT case_id, account, count(*) AS acts, count(lack) AS lacking, max(lack) AS lack,
               count(*) FILTER (fact AND lack IS NULL) AS here,
               count(DISTINCT family) FILTER (told AND lack IS NULL) AS families,
               count(DISTINCT family) FILTER (sure AND lack IS NULL) AS sure_families,
               bool_or(runs) AS runs,
               bool_or(told AND {firm} AND lack IS NULL) AS firm,
               bool_or(sure AND {firm} AND lack IS NULL) AS sure_firm
        FROM acts GROUP BY ALL
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE doubts AS
        SELECT account, min(doubt) AS doubt FROM acts WHERE fact AND lack IS NULL GROUP BY ALL
        """
    )

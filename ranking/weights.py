"""What one finding says of one account by one record, as an integer (definition D-12).

    e = role * kappa * (1 - lfdr) * exp(-pair_rate) * novelty * gate, at most 0.9999
    weight = -ln(1 - e) in nano-nats

1 - z is the product of the families' 1 - e, so -ln(1 - z) is the sum of their weights: everything
after this file adds whole numbers. Each distinct e is computed once, in decimal arithmetic, so the
result is the same on every machine.

    pieces(finding, typology, family, account, rec, nano)       nano > 0

Who counts for a record: an account that is an end of it and that the finding names. Who is named
but on none of it carries nothing there; who is on it but not named is no part of the pattern. A
finding that rests on no gift and no transfer (identifiers, certificates) counts as one record,
`finding:<id>`, of everybody it names: ten identifiers of one link are not ten pieces of evidence.
Several roles in one finding: the one that carries most.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import duckdb
import pyarrow as pa

from regift.ranking.cases import role_percent_sql
from regift.ranking.constants import LARGEST_NANO, NANO
from regift.ranking.switches import COUNTS_SQL

Con = duckdb.DuckDBPyConnection

EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)
"""Decimal arithmetic that no setting of the process changes."""


_FACTORS = {
    "role_percent": pa.int64(),
    "kappa_percent": pa.int64(),
    "lfdr_bp": pa.int64(),
    "pair_rate": pa.decimal128(18, 6),
    "novelty_bp": pa.int64(),
    "gate_bp": pa.int64(),
}
"""What `weight_nano` takes, in its order."""


def weight_nano(
    role_percent: int,
    kappa_percent: int,
    lfdr_bp: int,
    pair_rate: Decimal | None = None,
    novelty_bp: int = 10_000,
    gate_bp: int = 10_000,
) -> int:
    """-ln(1 - e) in nano-nats, rounded half to even.

    pair_rate: expected payments of the pair in the window; None: the finding has no such pair.

    >>> weight_nano(100, 90, 0), weight_nano(100, 30, 0), weight_nano(100, 80, 5000, Decimal("2.7"))
    (2302585093, 356674944, 27250141)
    >>> weight_nano(100, 75, 0, None, 8000, 5000) == weight_nano(100, 30, 0)
    True
    """
    product = role_percent * kappa_percent * (10_000 - lfdr_bp) * novelty_bp * gate_bp
    share = Decimal(product).scaleb(-16)
    if pair_rate is not None:
        share = EXACT.multiply(share, EXACT.exp(-pair_rate))
    if share >= 1:
        return LARGEST_NANO
    nats = EXACT.minus(EXACT.ln(EXACT.subtract(Decimal(1), share)))
    return min(LARGEST_NANO, int(EXACT.to_integral_value(EXACT.multiply(nats, NANO))))


def derive(con: Con) -> None:
    """Make `pieces` from `weighed`, `subjects`, `evidence`, `evidence_records` and
    what is switched off.

    Cost: one join of evidence with subjects; one logarithm a distinct combination of role, kappa,
    lfdr, pair_rate, novelty and gate.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE named AS
        SELECT finding, account, max({role_percent_sql("role")}) AS role_percent
        FROM subjects GROUP BY finding, account
        """
    )
    combinations = con.execute(
        f"SELECT DISTINCT {', '.join(_FACTORS)} FROM named JOIN weighed USING (finding)"
    ).fetchall()
    given = {
        name: pa.array([row[place] for row in combinations], type_)
        for place, (name, type_) in enumerate(_FACTORS.items())
    }
    given["nano"] = pa.array([weight_nano(*row) for row in combinations], pa.int64())
    con.register("_given", pa.table(given))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE pieces AS
        WITH seen AS (
            SELECT DISTINCT finding, concat(tbl, ':', record) AS rec,
                   unnest([source, target]) AS account
            FROM evidence JOIN evidence_records USING (tbl, record)),
        papers AS (
            SELECT finding FROM findings WHERE finding NOT IN (
                SELECT finding FROM evidence WHERE tbl IN ('gifts', 'transfers'))),
        counted AS (
            SELECT DISTINCT finding, account, rec FROM seen
            UNION ALL
            SELECT finding, account, concat('finding:', finding) FROM papers JOIN named
                USING (finding))
        SELECT finding, w.typology, w.family, account, rec, nano
        FROM counted JOIN named USING (finding, account) JOIN weighed w USING (finding)
        JOIN _given g ON g.role_percent = named.role_percent
            AND g.kappa_percent = w.kappa_percent AND g.lfdr_bp = w.lfdr_bp
            AND g.pair_rate IS NOT DISTINCT FROM w.pair_rate
            AND g.novelty_bp = w.novelty_bp AND g.gate_bp = w.gate_bp
        WHERE nano > 0 AND {COUNTS_SQL}
        """
    )
    con.unregister("_given")
    con.execute("DROP TABLE named")

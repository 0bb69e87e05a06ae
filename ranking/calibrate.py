"""Learning what chance makes of findings: the same searches in worlds made by null models.

    sample of the generation --search--> findings by stratum
      '- permuted R times by each model --search--> findings by chance, by stratum

Sample, parameters and resource bounds are the same on both sides. A typology that knows a
background of its own (`Typology.chance`) is asked on all records instead.

The sample is one span of time, chosen by the seed, with at most so many transfers and so many
gifts, without refunds and what they undo, and with what the other tables say of its accounts and
items. Its transfers alone decide which payments are one-off in it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from regift.graph import custody, effective, entities
from regift.graph.bounds import Bounds
from regift.graph.connect import connect, count, row
from regift.graph.decisions import define_decisions
from regift.graph.derive import derive_all
from regift.graph.nulls import NULLS, Records, generator
from regift.graph.snapshot import Settings, Snapshot
from regift.loaders.tables import TABLES
from regift.queries.findings import Findings
from regift.queries.params import show
from regift.queries.typology import Chance, Typology
from regift.ranking.calibration import Calibrated, Calibration, Stratum, lfdr_bp
from regift.ranking.evidence import FACT_SQL, STRATUM_SQL

SAMPLE = 100_000
"""Transfers, and gifts, of a sample: some minutes for all worlds, whatever the store holds."""

WORLDS, FEW_WORLDS, MANY_ACCOUNTS = 20, 8, 5_000
"""Null worlds of each model; fewer above so many accounts, where each holds more by chance."""

Con = duckdb.DuckDBPyConnection
Counts = Counter[str]

_ORDER = "at_us, coalesce(seq, 0), record_id"
_COUNTED = f"""
    SELECT {STRATUM_SQL} AS stratum, count(*) FROM (SELECT *, detail ->> '$.tier' AS tier FROM {{}})
    WHERE typology = ? AND NOT (? AND {FACT_SQL}) GROUP BY stratum
"""


@dataclass(frozen=True)
class Sample:
    """What is searched: `con` has its record tables; `told` says what they are a part of."""

    con: Con
    records: Records
    told: Mapping[str, Any]


def calibrate(
    graph: Snapshot,
    typologies: Mapping[str, Typology],
    params: Mapping[str, Any],
    *,
    generation: int,
    sample: int = SAMPLE,
    seed: int = 0,
    worlds: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Calibration:
    """The calibration of a generation that `graph` has open, with its findings.

    worlds: null worlds of each model, by default as many as the accounts of the sample allow.
    graph.bounds: the resource bounds; there is no time bound. Cost: (1 + worlds) searches of the
    sample for each model that a typology names, and one of all records for each `chance`.
    """
    drawn = _drawn(graph, sample, seed)
    say("sample: {transfers:,} of {transfers_of:,} transfers, {gifts:,} of {gifts_of:,} gifts, "
        "{accounts:,} accounts".format(**drawn.told))  # fmt: skip
    if worlds is None:
        worlds = FEW_WORLDS if drawn.told["accounts"] > MANY_ACCOUNTS else WORLDS
    bounds = Bounds(expansions=graph.bounds.expansions, hub_degree=graph.bounds.hub_degree,
                    jobs=graph.bounds.jobs)  # fmt: skip
    with Snapshot(drawn.con, graph.settings, bounds=bounds):
        found = _by_nulls(drawn, graph.settings, bounds, typologies, params, worlds, seed, say)
    for name, typology in typologies.items():
        if typology.chance is not None:
            found[name] = _by_chance(graph, typology, params[name], seed)
            say(f"{name}: by its own background")
    one_off, payments = _one_off(graph.con)
    return Calibration(
        made_of={
            "generation": generation,
            "seed": seed,
            "sample": dict(drawn.told),
            "clock_unit_us": graph.settings.clock_unit_us,
            "bounds": bounds.decisive,
            "parameters": {name: show(params[name]) for name in sorted(typologies)},
        },
        worlds=worlds,
        one_off=one_off,
        payments=payments,
        typologies=found,
    )


def _span(con: Con, sample: int, seed: int) -> tuple[int, int]:
    """Times [first, last] with at most `sample` transfers and gifts, or all there are.

    The longer table chooses: as many of its records as fit, from a place that the seed says. Times
    that are not whole inside are left out, unless nothing were left.
    """
    times = {
        table: np.sort(con.sql(f"SELECT at_us FROM {table}").to_arrow_table()["at_us"].to_numpy())
        for table in ("_transfers", "gifts")
    }
    longer = max(times.values(), key=len)
    if not len(longer):
        return 0, 0
    first = min(int(t[0]) for t in times.values() if len(t))
    last = max(int(t[-1]) for t in times.values() if len(t))
    if len(longer) <= sample:
        return first, last
    rng = np.random.Generator(np.random.PCG64([seed, sample]))
    begin = int(rng.integers(0, len(longer) - sample + 1))
    first = int(longer[begin])
    for at_us in times.values():
        beyond = int(np.searchsorted(at_us, first)) + sample
        if beyond < len(at_us):
            last = min(last, max(first, int(at_us[beyond]) - 1))
    return first, last


def _drawn(graph: Snapshot, sample: int, seed: int) -> Sample:
    """The sample, in a connection of its own."""
    con = graph.con
    con.execute(
        """
        CREATE OR REPLACE TEMP VIEW _transfers AS
        SELECT * FROM transfers WHERE kind <> 'refund'
            AND record_id NOT IN (SELECT record_id FROM cancelled)
        """
    )
    first, last = _span(con, sample, seed)
    tables = {
        name: con.sql(f"SELECT * FROM {view} WHERE at_us BETWEEN {first} AND {last} "
                      f"ORDER BY {_ORDER}").to_arrow_table()
        for name, view in (("transfers", "_transfers"), ("gifts", "gifts"))
    }  # fmt: skip
    told = {
        "asked": sample, "from_us": first, "to_us": last,
        "transfers": len(tables["transfers"]), "transfers_of": count(con, "_transfers"),
        "gifts": len(tables["gifts"]), "gifts_of": count(con, "gifts"),
    }  # fmt: skip
    own = connect(threads=1)
    for name, table in tables.items():
        _replace(own, name, table)
    # Accounts by their first record, those of gifts alone after all others: no name decides.
    own.execute(
        """
        CREATE TABLE named AS
        SELECT account, min(place) AS place FROM (
            SELECT unnest([source, target]) AS account, rowid * 2 + unnest([0, 1]) AS place
            FROM transfers UNION ALL
            SELECT unnest([source, target]), 1000000000000 + rowid * 2 + unnest([0, 1]) FROM gifts)
        GROUP BY account
        """
    )
    _others(con, own)
    told["accounts"] = count(own, "named")
    return Sample(own, _records(own, graph.settings), told)


def _others(con: Con, own: Con) -> None:
    """What the other tables say of the sample's accounts and items; judgements whole.

    Measures are left out: who is new cannot be told from one span, so successors of measured
    accounts (queries/successor.py) have no stratum and count as uncalibrated.
    """
    define_decisions(own, {})
    named = own.sql("SELECT account FROM named").to_arrow_table()
    items = own.sql("SELECT DISTINCT item FROM gifts").to_arrow_table()
    con.register("_named", named)
    con.register("_held", items)
    for name in TABLES:
        if name not in ("transfers", "gifts"):
            keep = "_held USING (item)" if name == "items" else "_named USING (account)"
            _replace(own, name, con.sql(f"SELECT * FROM {name} SEMI JOIN {keep}").to_arrow_table())
    _replace(own, "judgements", con.sql("FROM judgements").to_arrow_table())
    con.unregister("_named")
    con.unregister("_held")


def _records(con: Con, settings: Settings) -> Records:
    """What null models permute, in their orders."""
    return Records(
        transfers=con.sql(f"SELECT * FROM transfers ORDER BY {_ORDER}").to_arrow_table(),
        gifts=con.sql(
            f"SELECT gifts.*, collection FROM gifts LEFT JOIN items USING (item) ORDER BY {_ORDER}"
        ).to_arrow_table(),
        identifiers=con.sql(
            "SELECT i.* FROM identifiers i JOIN named USING (account) ORDER BY i.kind, value, place"
        ).to_arrow_table(),
        clock_unit_us=settings.clock_unit_us,
    )


def _replace(con: Con, name: str, rows: pa.Table) -> None:
    """Give a record table these rows; columns beyond its own are left out."""
    kept = rows.select([c.stored for c in TABLES[name].columns]) if name in TABLES else rows
    con.register("_given", kept)
    con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM _given")
    con.unregister("_given")


def _by_nulls(
    drawn: Sample,
    settings: Settings,
    bounds: Bounds,
    typologies: Mapping[str, Typology],
    params: Mapping[str, Any],
    worlds: int,
    seed: int,
    say: Callable[[str], None],
) -> dict[str, Calibrated]:
    """Every typology that names null models, searched in the sample and in its worlds."""
    asked = {name: each for name, each in typologies.items() if each.nulls}
    cut: Counts = Counter()

    def search(names: list[str], into: dict[str, Counts]) -> None:
        graph = Snapshot(drawn.con, settings, bounds=bounds)
        for name in names:
            found = asked[name].find(graph, params[name])
            cut[name] += bool(found.truncated)
            into.setdefault(name, Counter()).update(_strata(drawn.con, asked[name], found))

    derive_all(drawn.con, settings)
    observed: dict[str, Counts] = {}
    search(list(asked), observed)
    say(f"{len(asked)} typologies searched in the sample")
    by_model: dict[str, dict[str, Counts]] = {name: {} for name in asked}
    for model in NULLS.values():
        names = [name for name, each in asked.items() if model.name in each.nulls]
        counts: dict[str, Counts] = {}
        for world in range(worlds if names else 0):
            made = model.permute(drawn.records, generator(seed, model.name, world))
            _derive(drawn.con, settings, made)
            search(names, counts)
        for name in names:
            by_model[name][model.name] = counts[name]
        if names:
            _derive(drawn.con, settings, {t: getattr(drawn.records, t) for t in model.tables})
            say(f"{model.name}: {worlds} worlds, {len(names)} typologies")
    return {name: _calibrated(observed[name], by_model[name], worlds, cut[name]) for name in asked}


def _derive(con: Con, settings: Settings, tables: Mapping[str, pa.Table]) -> None:
    """Other rows for some record tables, and what is derived from them."""
    for name, rows in tables.items():
        _replace(con, name, rows)
    if "transfers" in tables:
        effective.derive(con, settings)
    if "identifiers" in tables:
        entities.derive(con, settings)
    if "gifts" in tables or "identifiers" in tables:
        custody.derive(con, settings)


def _strata(con: Con, typology: Typology, found: Findings) -> Counts:
    """Findings by stratum; facts of a typology that has both are not counted."""
    con.register("_found", found.findings)
    rows = con.execute(_COUNTED.format("_found"), [typology.name, typology.fact]).fetchall()
    con.unregister("_found")
    return Counter(dict(rows))


def _calibrated(observed: Counts, nulls: Mapping[str, Counts], worlds: int, cut: int) -> Calibrated:
    """Rates of all strata that were met, and of all of them together.

    >>> _calibrated(Counter(a=9, b=1), {"time": Counter(b=30)}, 10, 0).strata["b"].lfdr_bp
    10000
    """
    strata = {
        key: Stratum(
            observed=observed[key],
            lfdr_bp=lfdr_bp(observed[key], max(c[key] for c in nulls.values()), worlds),
            nulls={model: c[key] for model, c in nulls.items()},
        )
        for key in set(observed).union(*nulls.values())
    }
    most = max(c.total() for c in nulls.values())
    tenths = 10 * most // worlds
    return Calibrated(
        strata=strata,
        observed=observed.total(),
        by_chance=f"{tenths // 10}.{tenths % 10}",
        lfdr_bp=lfdr_bp(observed.total(), most, worlds) if strata else None,
        cut=cut,
    )


def _by_chance(graph: Snapshot, typology: Typology, params: Any, seed: int) -> Calibrated:
    """A typology by its own background: the rate of all is that of its findings on average."""
    assert typology.chance is not None
    told: Mapping[str, Chance] = typology.chance(graph, params, seed)
    rows = graph.con.execute(_COUNTED.format("findings"), [typology.name, typology.fact]).fetchall()
    observed = Counter(dict(rows))
    strata = {
        key: Stratum(observed[key], each.lfdr_bp, told=dict(each.told))
        for key, each in told.items()
    }
    total = sum(observed[key] for key in strata)
    weighed = sum(observed[key] * each.lfdr_bp for key, each in strata.items())
    return Calibrated(
        strata=strata,
        observed=observed.total(),
        by_chance=f"{weighed // 10_000}.{weighed // 1000 % 10}",
        lfdr_bp=weighed // total if total else None,
    )


def _one_off(con: Con) -> tuple[int, int]:
    """Payments that are the only one of their pair, and all payments, of the whole generation."""
    one_off, payments = row(
        con,
        """
        SELECT count(*) FILTER (n = 1), coalesce(sum(n), 0)::BIGINT
        FROM (SELECT count(*) AS n FROM payments
              GROUP BY least(source, target), greatest(source, target))
        """,
    )
    return int(one_off), int(payments)

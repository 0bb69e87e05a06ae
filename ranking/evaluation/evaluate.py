"""Judge a generation against a known truth, beside lists that anybody can make.

    population   all accounts of the generation, and labelled ones that no record names
    lists        ours and baselines (baselines.py) as levels of the population; accounts
                 that a list leaves out share its last level
    transactions records with the largest weight that `pieces` gives them for one account
    measures     measures.py, with intervals of bootstrap.py
    names        found.py: recall, misses, false alarms, look-alikes, rings met

Truth: truth.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import duckdb
import numpy as np

from regift.ranking.evaluation import baselines, found
from regift.ranking.evaluation.bootstrap import RESAMPLES, Samples, clusters_of, interval, resample
from regift.ranking.evaluation.measures import (
    Ints,
    Mask,
    Tally,
    average_precision,
    base_rate,
    hits_at,
    lift_at,
    mean,
    precision_at,
    quintiles,
    r_precision,
    recall_at,
    stratified,
    tally,
    ties_at,
)
from regift.ranking.evaluation.population import (
    RECORDS,
    Population,
    degree_of,
    levels_by,
    numbers,
    population_of,
    record_levels,
)
from regift.ranking.evaluation.truth import Truth

Con = duckdb.DuckDBPyConnection

OURS = "regift"
FIRST = (20, 50, 100)
"""Places at which every list is judged, beside the one that is asked for."""
BUDGET = 20
"""Cases that a reviewer reads in a day or two."""

_OURS = "SELECT account, s, materiality_minor, families FROM account_scores WHERE s > 0"
_WEIGHTS = """
    SELECT rec, max(nano) AS nano FROM (
        SELECT rec, account, sum(nano) AS nano FROM (
            SELECT rec, account, family, max(nano) AS nano FROM pieces GROUP BY ALL)
        GROUP BY ALL) GROUP BY rec
"""


@dataclass(frozen=True)
class Judged:
    """What came of it; rows as the keys of `regift evaluate --json`.

    lists: one row a list; at: one row a list and place; acting: the same of our list over accounts
    that act in a planted pattern all of whose records are there, beside those that nothing was
    planted on; the others: found.py.
    """

    accounts: int
    labelled: int
    unknown: int
    lists: list[dict[str, Any]]
    at: list[dict[str, Any]]
    transactions: list[dict[str, Any]]
    acting: list[dict[str, Any]] = field(default_factory=list)
    recall: list[dict[str, Any]] = field(default_factory=list)
    rings: list[dict[str, Any]] = field(default_factory=list)
    evidence: dict[str, int] = field(default_factory=dict)
    look_alikes: list[dict[str, Any]] = field(default_factory=list)
    misses: list[dict[str, Any]] = field(default_factory=list)
    false_alarms: list[dict[str, Any]] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    samples: dict[str, Samples] = field(default_factory=dict)


def evaluate(
    con: Con,
    truth: Truth,
    searched: Sequence[str],
    *,
    at: int = 100,
    budget: int = BUDGET,
    beside: Sequence[str] = (),
    clock_us: int = 1_000_000,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Judged:
    """Compare the findings and the ranking of a connection with the truth.

    searched: typologies that the generation looked for; at: how many of the first accounts are
    judged by name; budget: cases, and accounts, that a reviewer reads; beside: baselines by name
    (baselines.py); clock_us: resolution of the records' times; resamples: 0 leaves the
    intervals out. Cost: linear in evidence and truth, resamples times accounts, and the baselines.
    """
    found.define(con, truth, list(searched), at)
    population = population_of(con)
    at = min(at, len(population.accounts))
    made, not_run = baselines.lists(con, beside, clock_us)
    lists = {OURS: levels_by(con, _OURS), **made}
    places = sorted({*FIRST, at})
    samples: dict[str, Samples] = {}
    if resamples and population.labelled.any():
        clusters = clusters_of(
            len(population.accounts), _rings(population, truth), population.labelled
        )
        samples = resample(lists, population.labelled, clusters, places, resamples, seed)
    degree = degree_of(con)
    tallies = {name: tally(level, population.labelled) for name, level in lists.items()}
    return Judged(
        accounts=len(population.accounts),
        labelled=int(population.labelled.sum()),
        unknown=population.unknown,
        lists=[
            _of_list(name, tallies[name], samples.get(name))
            | _inside(level, population.labelled, degree)
            for name, level in lists.items()
        ],
        at=[
            _at_place(name, counted, k, samples.get(name))
            for name, counted in tallies.items()
            for k in places
        ],
        transactions=_transactions(con, bool(beside)) if truth.planted else [],
        acting=_acting(population, truth, lists[OURS], places, resamples, seed),
        recall=found.recall(con),
        rings=found.rings_reached(con, budget) if truth.planted else [],
        evidence=found.evidence_precision(con) if truth.planted else {},
        look_alikes=found.look_alikes(con),
        misses=found.misses(con),
        false_alarms=found.false_alarms(con),
        not_run=not_run,
        samples=samples,
    )


def _acting(
    population: Population, truth: Truth, level: Ints, places: list[int], resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Our list without accounts that are labelled and do nothing that a search could see.

    Nothing for a truth that tells no roles.
    """
    rings = [each.acting for each in truth.planted if each.state == "whole"]
    acting = {account for ring in rings for account in ring}
    acts = np.array([account in acting for account in population.accounts], dtype=np.bool_)
    kept = acts | ~population.labelled
    if not acts.any():
        return []
    number = dict(zip(np.flatnonzero(kept).tolist(), range(int(kept.sum())), strict=True))
    place = {account: n for n, account in enumerate(population.accounts)}
    inside = [[number[place[account]] for account in ring] for ring in rings]
    # Levels of those who are left, without gaps.
    level, labelled = np.unique(level[kept], return_inverse=True)[1], acts[kept]
    samples = None
    if resamples:
        clusters = clusters_of(len(labelled), inside, labelled)
        samples = resample({OURS: level}, labelled, clusters, places, resamples, seed)[OURS]
    counted = tally(level, labelled)
    row = {"accounts": len(labelled), "labelled": int(labelled.sum())}
    row |= _of_list(OURS, counted, samples)
    return [row | {f"at_{k}": told(precision_at(counted, k)) for k in places}]


def _rings(population: Population, truth: Truth) -> list[list[int]]:
    """Account numbers of the planted instances."""
    number = {account: place for place, account in enumerate(population.accounts)}
    return [[number[account] for account in each.accounts] for each in truth.planted]


def _of_list(name: str, counted: Tally, samples: Samples | None) -> dict[str, Any]:
    precision = average_precision(counted)
    made = {"list": name, "average_precision": told(precision)}
    if samples is not None:
        made["low"], made["high"] = map(told, interval(samples.average_precision))
    return made | {"lift": _lift(precision, counted), "r_precision": told(r_precision(counted))}


def _inside(level: Ints, labelled: Mask, degree: Ints) -> dict[str, Any]:
    """Average precision inside fifths of the population by number of counterparties."""
    fifths = stratified(level, labelled, quintiles(degree))
    shown_fifths = [None if each is None else told(each) for each in fifths]
    return {"inside_quintiles": told(mean(fifths)), "quintiles": shown_fifths}


def _at_place(name: str, counted: Tally, k: int, samples: Samples | None) -> dict[str, Any]:
    expected = hits_at(counted, min(k, counted.accounts))
    tied, tied_in = ties_at(counted, k)
    made: dict[str, Any] = {"list": name, "at": k, "labelled": shown(expected)}
    made |= {"precision": told(precision_at(counted, k))}
    if samples is not None:
        made["low"], made["high"] = map(told, interval(samples.precision[k]))
    return made | {
        "lift": told(lift_at(counted, k)),
        "recall": told(recall_at(counted, k)),
        "tied": tied,
        "tied_in": tied_in,
    }


def _lift(precision: float, counted: Tally) -> float:
    base = float(base_rate(counted))
    return told(precision / base) if base else 0.0


def told(value: float | Fraction) -> float:
    """A measure as it is told: six digits, below which sums of floats are noise.

    >>> told(Fraction(1, 3)), told(1.0000000000000004)
    (0.333333, 1.0)
    """
    return round(float(value), 6)


def shown(value: Fraction) -> int | str:
    """A whole number, or the fraction as it is: expected hits where a tie stands across place k.

    >>> shown(Fraction(7)), shown(Fraction(7, 3))
    (7, '7/3')
    """
    return value.numerator if value.denominator == 1 else str(value)


def _transactions(con: Con, beside: bool) -> list[dict[str, Any]]:
    """Average precision over records: of our weights, and with `beside` of plain lists."""
    planted = numbers(
        con,
        f"""
        SELECT (record IN (SELECT record FROM unlawful))::BIGINT AS n
        FROM ({RECORDS}) ORDER BY rec
        """,
    ).astype(np.bool_)
    rows = []
    lists = {OURS: record_levels(con, _WEIGHTS)} | (baselines.record_lists(con) if beside else {})
    for name, level in lists.items():
        counted = tally(level, planted)
        precision = average_precision(counted)
        rows.append(
            {
                "list": name,
                "records": counted.accounts,
                "planted": counted.labelled,
                "average_precision": told(precision),
                "lift": _lift(precision, counted),
                "r_precision": told(r_precision(counted)),
            }
        )
    return rows

"""A model of match weights, estimated from a store without labels by Splink (extra `link`).

    u     how often two people agree at a level: pairs picked at random, by seed, among accounts of
          which no two are surely one person's
    m     how often one person's records do: expectation maximisation over pairs that are equal in
          one field, for each of the others, beside PRIOR_PAIRS pairs that agree as PRIOR_M says
    prior of two accounts picked at random: pairs that certain rules find, divided by their recall

Splink works in a DuckDB connection of its own with one thread, on accounts in order of their ids,
so the same records and seed give the same model. Floats end here: the model holds whole centibits,
and a level never counts for less than the one below it (the lower one is lowered: fewer links).
Sources: Fellegi and Sunter 1969; Splink 5, https://moj-analytical-services.github.io/splink/.
"""

import itertools
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from regift.graph.connect import connect, count, large_texts, row
from regift.graph.fuzzy import drop, gather
from regift.graph.fuzzy_fields import FIELDS, define, level_sql
from regift.graph.fuzzy_model import FuzzyModel
from regift.loaders.errors import BackendUnreachable, RegiftError

MISSING = "link train needs Splink: pip install 'regift[link]'"
ACCOUNTS_MIN = 20
"""With fewer accounts nothing can be estimated."""

PAIRS_MIN = 10
"""Pairs equal in a field that a session needs: with fewer it finds anything."""

U_PAIRS = 2_000_000
"""Random pairs for u. A level that none of them meets counts as met once."""

EM_PAIRS = 1_000_000
RECALL = 0.7
"""Share of one person's pairs that RULES find, by assumption: half of it or all of it moves the
prior by 51 to 100 centibits, a tenth of the cut-point."""

PRIOR_PAIRS = 1000
PRIOR_M = {
    "name": (0.10, 0.10, 0.10, 0.15, 0.05, 0.50),
    "phone": (0.40, 0.05, 0.05, 0.50),
    "email": (0.40, 0.05, 0.05, 0.50),
    "address": (0.40, 0.10, 0.20, 0.30),
    "birth_date": (0.05, 0.10, 0.85),
    "document": (0.05, 0.05, 0.90),
}
"""m by level, lowest first, before any record is seen: people keep a name and a birth date, and
change or have several of the others. Expectation maximisation over a few dozen pairs is worth no
more than this; over ten thousand this is worth nothing."""

SESSIONS = {
    "document": "l.document[1] = r.document[1]",
    "email": "l.email[1] = r.email[1]",
    "phone": "l.phone[1] = r.phone[1]",
    "name": "l.rare_name[1] = r.rare_name[1]",
    "address": "l.address[1] = r.address[1]",
}
"""What pairs of a session are equal in: values that are rare by themselves."""

_NEAR = f"{level_sql('name', 'l.{}', 'r.{}')} >= 3"
RULES = {
    ("document",): SESSIONS["document"],
    ("email", "name"): f"{SESSIONS['email']} AND {_NEAR}",
    ("phone", "name"): f"{SESSIONS['phone']} AND {_NEAR}",
    ("address", "name"): f"{SESSIONS['address']} AND {_NEAR}",
    ("name", "birth_date"): "l.name[1] = r.name[1] AND l.birth_date[1] = r.birth_date[1]",
}
"""Pairs that are surely one person's, by the fields that a rule needs."""


@dataclass(frozen=True)
class _Session:
    """matches: pairs that are one person's, as the session has it; m: by field and level."""

    matches: float
    m: Mapping[str, Sequence[float]]


def train(
    con: duckdb.DuckDBPyConnection,
    *,
    seed: int = 0,
    sample: int = 1_000_000,
    say: Callable[[str], None] = lambda line: None,
) -> FuzzyModel:
    """Estimate a model from the `identifiers` of a connection.

    sample: at most so many accounts, picked by the hash of seed and id; of a tenth of the accounts
    only a hundredth of the pairs are there, so let it be all of them where memory allows. say:
    gets a line for each session that was left out. Raises BackendUnreachable without the extra,
    RegiftError where there is too little to learn from. Cost: one thread for U_PAIRS random pairs
    and EM_PAIRS pairs a field, half a minute however many accounts there are, and joins linear in
    them.
    """
    try:
        import splink
    except ImportError:
        raise BackendUnreachable(MISSING) from None

    people, every = _sampled(con, seed, sample)
    known = [name for name in FIELDS if people[name].null_count <= people.num_rows - 2]
    if people.num_rows < ACCOUNTS_MIN or len(known) < 2:
        raise RegiftError(
            f"{people.num_rows:,} accounts with {', '.join(known) or 'no field'} are too few to "
            f"learn from: it takes {ACCOUNTS_MIN} accounts and two of {', '.join(FIELDS)}"
        )
    with closing(connect(threads=1)) as own:
        define(own)
        own.register("people", people)
        own.execute("CREATE TABLE accounts AS SELECT * FROM people ORDER BY account")
        rules = [rule for fields, rule in RULES.items() if set(fields) <= set(known)]
        chances = _u(own, known, rules, seed)
        prior = _prior(_linker(own, "accounts", known, chances), rules, people.num_rows)
        sessions = _sessions(own, known, chances, say)
    odds = {name: _m_u(name, chances[name], list(sessions.values())) for name in known}
    return FuzzyModel(
        prior_cb=centibits(prior / (1 - prior)),
        weights_cb={name: weights(odds[name]) for name in known},
        made_from={
            "accounts": every,
            "sampled": people.num_rows,
            "seed": seed,
            "splink": splink.__version__,
            "one_person_pairs": {name: round(each.matches) for name, each in sessions.items()},
            "m_u_ppm": {
                name: [[round(m * 1e6), round(u * 1e6)] for m, u in odds[name]] for name in known
            },
        },
    )


def _sampled(con: duckdb.DuckDBPyConnection, seed: int, sample: int) -> tuple[pa.Table, int]:
    """People to learn from, and how many there are."""
    gather(con)
    every = row(con, "SELECT count(*) FROM _people")[0]
    with large_texts(con):
        people = con.sql(
            "FROM _people ORDER BY md5($seed || ' ' || account), account LIMIT $sample",
            params={"seed": str(seed), "sample": sample},
        ).to_arrow_table()
    drop(con)
    return people, every


def _linker(
    con: duckdb.DuckDBPyConnection,
    table: str,
    known: list[str],
    chances: Mapping[str, list[float]] | None = None,
) -> Any:
    """A Splink linker over a table of people, with our levels; chances: u by level, if known."""
    from splink import Linker, SettingsCreator
    from splink.backends.duckdb import DuckDBAPI
    from splink.comparison_level_library import CustomLevel, ElseLevel
    from splink.comparison_library import CustomComparison

    comparisons: list[Any] = []
    for name in known:
        level = level_sql(name, "{}_l", "{}_r")
        top = len(FIELDS[name].levels) - 1
        made = [CustomLevel(f"{level} = {place}") for place in range(top, 0, -1)] + [ElseLevel()]
        if chances is not None:
            for each, u in zip(made, reversed(chances[name]), strict=True):
                each.configure(u_probability=u)
        null = CustomLevel(f"{level} IS NULL").configure(is_null_level=True)
        comparisons.append(
            CustomComparison(output_column_name=name, comparison_levels=[null, *made])
        )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="account",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[],  # pairs to score are picked by graph/fuzzy.py
    )
    return Linker(DuckDBAPI(con).register(table), settings, log_level=logging.ERROR)


def _u(
    con: duckdb.DuckDBPyConnection, known: list[str], rules: list[str], seed: int
) -> dict[str, list[float]]:
    """u of each level, lowest first, among people of whom no two are joined by a rule."""
    twice = " UNION ".join(
        f"SELECT r.account FROM accounts l JOIN accounts r ON {rule} AND l.account < r.account"
        for rule in rules
    )
    con.execute(
        "CREATE TABLE people_once AS FROM accounts "
        + (f"WHERE account NOT IN ({twice}) " if twice else "")
        + "ORDER BY account"
    )
    once = count(con, "people_once")
    pairs = max(1, min(U_PAIRS, once * (once - 1) // 2))
    linker = _linker(con, "people_once", known)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=U_PAIRS, seed=seed, min_count_per_level=None
    )
    told = linker.misc.save_model_to_json()["comparisons"]
    return {
        each["output_column_name"]: [
            max(given if isinstance(given, float) else 0.0, 1 / pairs)
            for given in _lowest_first(each["comparison_levels"], "u_probability")
        ]
        for each in told
    }


def _lowest_first(levels: list[dict[str, Any]], key: str) -> list[Any]:
    return [each.get(key) for each in reversed(levels) if not each.get("is_null_level")]


def _prior(linker: Any, rules: list[str], accounts: int) -> float:
    """Chance that two accounts picked at random are one person's: at least one pair of them all."""
    least = 2 / (accounts * (accounts - 1))
    if not rules:
        return least
    try:
        linker.training.estimate_probability_two_random_records_match(rules, recall=RECALL)
    except ValueError as error:
        raise RegiftError(f"nearly all accounts look alike, nothing to learn: {error}") from None
    told = linker.misc.save_model_to_json()["probability_two_random_records_match"]
    return max(float(told), least)


def _sessions(
    con: duckdb.DuckDBPyConnection,
    known: list[str],
    chances: Mapping[str, list[float]],
    say: Callable[[str], None],
) -> dict[str, _Session]:
    """What each field teaches about the others, where enough pairs are equal in it."""
    sessions = {}
    for name, rule in SESSIONS.items():
        if name not in known:
            continue
        sql = f"(FROM accounts l JOIN accounts r ON {rule} AND l.account < r.account)"
        pairs = count(con, sql)
        if pairs < PAIRS_MIN:
            say(f"{pairs} pairs are equal in {name}: too few to learn from, it takes {PAIRS_MIN}")
            continue
        session = _session(_linker(con, "accounts", known, chances), name, min(pairs, EM_PAIRS))
        if session is None:
            say(f"the {pairs} pairs equal in {name} teach nothing: they seem to be nobody's twice")
        else:
            sessions[name] = session
    if not sessions:
        raise RegiftError(
            "no two accounts share enough to learn from: a model is trained on a store in which "
            f"at least {PAIRS_MIN} pairs are equal in one of {', '.join(SESSIONS)}"
        )
    return sessions


def _session(linker: Any, name: str, pairs: int) -> _Session | None:
    from splink.internals.exceptions import EMTrainingException

    try:
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            SESSIONS[name], max_pairs=EM_PAIRS, record_sample_proportion=1.0
        )
    except EMTrainingException:
        return None
    except ValueError as error:
        if "below the minimum allowed value" not in str(error):
            raise
        return None  # a chance sank below 1e-300
    share = session.core_model_settings.probability_two_random_records_match
    m = {
        each["output_column_name"]: [
            given if isinstance(given, float) else 0.0
            for given in _lowest_first(each["comparison_levels"], "m_probability")
        ]
        for each in linker.misc.save_model_to_json()["comparisons"]
        if each["output_column_name"] != name
    }
    return _Session(pairs * float(share), {field: seen for field, seen in m.items() if sum(seen)})


def _m_u(
    name: str, chances: Sequence[float], sessions: Sequence[_Session]
) -> list[tuple[float, float]]:
    """m and u of a field by level, lowest first; m is the mean of what was learnt and PRIOR_M."""
    learnt = [(each.matches, each.m[name]) for each in sessions if name in each.m]
    whole = PRIOR_PAIRS + sum(matches * sum(seen) for matches, seen in learnt)
    return [
        ((PRIOR_PAIRS * before + sum(n * seen[level] for n, seen in learnt)) / whole, u)
        for level, (before, u) in enumerate(zip(PRIOR_M[name], chances, strict=True))
    ]


def centibits(odds: float) -> int:
    """100 * log2, rounded.

    >>> centibits(1024), centibits(1), centibits(1 / 3)
    (1000, 0, -158)
    """
    return round(100 * math.log2(odds))


def weights(levels: list[tuple[float, float]]) -> tuple[int, ...]:
    """Centibits of (m, u) by level, lowest first: never falling, and the lowest never above 0.

    >>> weights([(0.1, 0.9), (0.3, 0.01), (0.6, 0.05)])
    (-317, 358, 358)
    """
    given = [centibits(m / u) for m, u in levels]
    lowered = list(itertools.accumulate(reversed(given), min))[::-1]
    return (min(0, lowered[0]), *lowered[1:])

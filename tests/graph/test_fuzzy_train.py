"""Learning what looking alike is worth: a made-up store whose truth is known, and too little."""

import logging
import sys
from contextlib import closing
from typing import Any

import pytest
from dirty_people import store

from regift.graph import fuzzy_train
from regift.graph.connect import connect
from regift.graph.fuzzy import drop, gather
from regift.graph.fuzzy_fields import FIELDS, define
from regift.graph.fuzzy_model import FuzzyModel
from regift.graph.fuzzy_train import MISSING, PRIOR_M, train
from regift.graph.snapshot import Settings, snapshot_from_rows
from regift.loaders.errors import BackendUnreachable, RegiftError

ROWS, TRUTH = store(120)


@pytest.fixture(scope="module")
def model() -> FuzzyModel:
    with snapshot_from_rows({"identifiers": ROWS}) as graph:
        return train(graph.con)


def test_every_pair_of_one_person_is_found_and_no_other(model: FuzzyModel) -> None:
    with snapshot_from_rows({"identifiers": ROWS}, Settings(fuzzy_model=model.content())) as graph:
        found = graph.con.sql("SELECT a, b FROM links WHERE grade = 'associated'").fetchall()
    assert set(found) == TRUTH


def test_the_same_records_and_seed_give_the_same_model(model: FuzzyModel) -> None:
    with snapshot_from_rows({"identifiers": ROWS[::-1]}) as graph:
        assert train(graph.con).content() == model.content()


def test_sample_and_seed_are_part_of_it(model: FuzzyModel) -> None:
    with snapshot_from_rows({"identifiers": ROWS}) as graph:
        few = train(graph.con, sample=140, seed=3)
    assert (few.made_from["accounts"], few.made_from["sampled"]) == (150, 140)
    assert few.made_from["seed"] == 3
    assert few.name != model.name


def test_weights_are_whole_and_never_fall(model: FuzzyModel) -> None:
    assert set(model.weights_cb) == {"name", "phone", "email", "address", "birth_date"}
    for field, weights in model.weights_cb.items():
        assert len(weights) == len(FIELDS[field].levels)
        assert list(weights) == sorted(weights)
        assert weights[0] <= 0 < weights[-1]
        assert all(type(weight) is int for weight in weights)


def test_splink_scores_pairs_alike(model: FuzzyModel) -> None:
    """Splink's own prediction with chances that have our weights: its pairs and sums are ours."""
    from splink import DuckDBAPI, Linker, SettingsCreator

    told = Settings(fuzzy_model=model.content(), fuzzy_possible_cb=-2000)
    with snapshot_from_rows({"identifiers": ROWS}, told) as graph:
        rows = graph.con.sql("SELECT a, b, weight_cb FROM fuzzy_links").fetchall()
        gather(graph.con)
        people = graph.con.sql("FROM _people ORDER BY account").to_arrow_table()
        drop(graph.con)
    with closing(connect(threads=1)) as own:
        define(own)
        own.register("people", people)
        own.execute("CREATE TABLE accounts AS FROM people")
        chances = {field: [1e-7] * len(given) for field, given in model.weights_cb.items()}
        linker = fuzzy_train._linker(own, "accounts", list(model.weights_cb), chances)
        given = linker.misc.save_model_to_json() | {
            "probability_two_random_records_match": 1 / (1 + 2 ** (-model.prior_cb / 100)),
            "blocking_rules_to_generate_predictions": ["1 = 1"],
        }
        for comparison in given["comparisons"]:
            weights = reversed(model.weights_cb[comparison["output_column_name"]])
            for level, weight in zip(comparison["comparison_levels"][1:], weights, strict=True):
                level["m_probability"] = 1e-7 * 2 ** (weight / 100)
        own.execute("CREATE TABLE again AS FROM accounts")
        linker = Linker(
            DuckDBAPI(own).register("again"),
            SettingsCreator(**given_only(given)),
            log_level=logging.ERROR,
        )
        name = linker.inference.predict().physical_name
        scored = own.sql(f"SELECT account_l, account_r, round(100 * match_weight)::INT FROM {name}")
        theirs = {(min(a, b), max(a, b)): weight for a, b, weight in scored.fetchall()}
    assert len(theirs) == 150 * 149 // 2
    assert len(rows) > len(TRUTH)
    assert {(a, b): theirs[a, b] for a, b, _ in rows} == {(a, b): weight for a, b, weight in rows}


def given_only(told: dict[str, Any]) -> dict[str, Any]:
    """What a model says that Splink takes back."""
    return {key: value for key, value in told.items() if key != "sql_dialect"}


def test_too_little_to_learn_from() -> None:
    with (
        snapshot_from_rows({"identifiers": ROWS[:40]}) as graph,
        pytest.raises(RegiftError, match="8 accounts with name, phone, email, address, birth_date"),
    ):
        train(graph.con)
    names = [row for row in ROWS if row["kind"] == "name"]
    with (
        snapshot_from_rows({"identifiers": names}) as graph,
        pytest.raises(RegiftError, match="150 accounts with name are too few to learn"),
    ):
        train(graph.con)
    singles = [row for row in ROWS if row["account"].startswith("a") and row["kind"] != "name"]
    with (
        snapshot_from_rows({"identifiers": singles}) as graph,
        pytest.raises(RegiftError, match="no two accounts share enough to learn from"),
    ):
        train(graph.con)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with (
        snapshot_from_rows({"identifiers": ROWS}) as graph,
        pytest.raises(BackendUnreachable, match="pip install") as raised,
    ):
        train(graph.con)
    assert str(raised.value) == MISSING


def test_what_is_assumed_before_is_whole() -> None:
    assert set(PRIOR_M) == set(FIELDS)
    for field, chances in PRIOR_M.items():
        assert len(chances) == len(FIELDS[field].levels)
        assert sum(chances) == pytest.approx(1)

"""Precision of the head of a list: a truth of accounts, decisions on cases, intervals of both."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import numpy as np
import pytest

from regift.ranking.evaluation.bootstrap import share_interval
from regift.ranking.evaluation.precision import of_accounts, of_cases
from regift.ranking.evaluation.truth import Truth, truth_of

LINE = Decimal(60)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Ten accounts and ten cases, scores 95, 85, ... 5; case n has findings fn and gn."""
    con = duckdb.connect()
    con.execute(
        """
        CREATE TABLE account_scores AS
        SELECT 'a' || n AS account, (95 - 10 * n)::DECIMAL(5, 1) AS score, 100 - n AS s,
               0 AS materiality_minor, 1 AS families FROM range(10) t(n);
        CREATE TABLE cases AS SELECT replace(account, 'a', 'C-') AS case_id, * FROM account_scores;
        CREATE TABLE case_members AS SELECT 'C-' || n AS case_id, unnest(['f' || n, 'g' || n])
            AS finding FROM range(10) t(n)
        """
    )
    yield con
    con.close()


def test_a_truth_labels_every_account(con: duckdb.DuckDBPyConnection) -> None:
    told = of_accounts(con, Truth(frozenset({"a0", "a2", "a9", "elsewhere"})), LINE, 3)
    assert told["above_line"] | {"low": 0, "high": 0} == {
        "unit": "account", "of": 4, "labelled": 4, "hits": 2, "precision": 0.5, "low": 0, "high": 0,
    }  # fmt: skip
    assert told["first"]["of"] == 3
    assert told["first"]["precision"] == 0.666667
    assert set(of_accounts(con, Truth(frozenset({"a0"})), LINE)) == {"above_line"}


def test_a_capacity_beyond_the_line_and_beyond_the_list(con: duckdb.DuckDBPyConnection) -> None:
    told = of_accounts(con, Truth(frozenset({"a0", "a5"})), LINE, 50)
    assert (told["above_line"]["of"], told["first"]["of"]) == (4, 10)
    assert told["first"]["hits"] == 2


def test_an_empty_head_says_nothing(con: duckdb.DuckDBPyConnection) -> None:
    told = of_accounts(con, Truth(frozenset({"a0"})), Decimal(99))
    assert told["above_line"] == {
        "unit": "account", "of": 0, "labelled": 0, "hits": 0, "precision": None, "low": None,
        "high": None,
    }  # fmt: skip


def test_accounts_of_one_ring_are_one_draw(con: duckdb.DuckDBPyConnection) -> None:
    """Two hits of one ring beside two others: as wide as three draws, not four."""
    ring = {
        "id": "P-1", "typology": "money_cycle", "variant": "ring", "records": [],
        "accounts": [{"account": "a0"}, {"account": "a2"}, {"account": "a9"}],
    }  # fmt: skip
    told = of_accounts(con, truth_of({"planted": [ring], "innocent": []}), LINE)["above_line"]
    assert (told["low"], told["high"]) == share_interval(
        np.array([True, False, True, False]), np.array([0, 1, 0, 2])
    )
    assert (told["low"], told["high"]) == (0.0, 1.0)


def test_decisions_label_the_cases_that_share_a_finding(con: duckdb.DuckDBPyConnection) -> None:
    said = [(1, "f0", True), (1, "gone", True), (2, "g1", False), (3, "f2", True), (4, "g2", False)]
    told = of_cases(con, said, LINE, 2)
    above = told["above_line"]
    assert (above["of"], above["labelled"], above["hits"], above["disputed"]) == (4, 2, 1, 1)
    assert (above["precision"], above["low"], above["high"]) == (0.5, 0.0, 1.0)
    assert (told["first"]["labelled"], told["first"]["hits"], told["first"]["disputed"]) == (
        2,
        1,
        0,
    )
    nobody = of_cases(con, [(1, "gone", True)], LINE)["above_line"]
    assert (nobody["of"], nobody["labelled"], nobody["precision"]) == (4, 0, None)


def test_cases_of_one_dossier_are_one_draw(con: duckdb.DuckDBPyConnection) -> None:
    said = [(1, "f0", True), (1, "f1", True), (1, "f2", True)]
    told = of_cases(con, said, LINE)["above_line"]
    assert (told["hits"], told["low"], told["high"]) == (3, 0.025, 1.0)


@pytest.mark.parametrize(
    ("hits", "n", "wanted"),
    [(5, 5, (0.478176, 1.0)), (0, 5, (0.0, 0.521824)), (1, 1, (0.025, 1.0))],
)
def test_where_all_agree_the_bound_is_exact(hits: int, n: int, wanted: tuple[float, float]) -> None:
    assert share_interval(np.arange(n) < hits, np.arange(n)) == wanted


def test_an_interval_of_many_is_that_of_a_share() -> None:
    """400 of 800: 0.5 and twice the error of sqrt(p q / n) = 0.0177 to either side."""
    low, high = share_interval(np.arange(800) % 2 == 0, np.arange(800))
    assert low == pytest.approx(0.4654, abs=0.006)
    assert high == pytest.approx(0.5346, abs=0.006)
    assert (low, high) == share_interval(np.arange(800) % 2 == 0, np.arange(800))

"""Dense worlds for rings that run again, bicliques and commission peaks: they end, and tell."""

from itertools import permutations
from typing import Any
from unittest import mock

import numpy as np
import torture

from regift.graph.bounds import Bounds
from regift.graph.snapshot import Snapshot
from regift.queries import biclique, commission_peak, repeated_ring
from regift.queries.cuts import lines

DAY_US = 24 * torture.HOUR_US


def twice(accounts: int, bounds: Bounds | None = None) -> Snapshot:
    """Everybody pays everybody else in 20 days, and again in the next 20, in any order."""
    order = np.random.default_rng(1)
    pairs = np.array(list(permutations(range(accounts), 2)))
    at = np.concatenate([order.permutation(len(pairs)), len(pairs) + order.permutation(len(pairs))])
    both = np.concatenate((pairs, pairs))
    return torture.snapshot(both[:, 0], both[:, 1], at * (40 * DAY_US // len(at)), bounds=bounds)


def crowd(payers: int, payees: int) -> Snapshot:
    """Every payer pays every payee once, all within a day."""
    u, w = np.divmod(np.arange(payers * payees), payees)
    return torture.snapshot(u, payers + w, np.arange(len(u)) * (DAY_US // len(u)))


def test_rings_that_run_again_among_all_are_cut_at_their_roots() -> None:
    with twice(8) as graph:
        whole = repeated_ring.find(graph, repeated_ring.Params())
    assert whole.truncated == {}
    with twice(8, Bounds(expansions=10)) as graph, torture.guarded():
        cut = repeated_ring.find(graph, repeated_ring.Params())
    told: Any = cut.truncated["expansions"]
    assert told["accounts"]
    assert set(cut.findings["content"].to_pylist()) < set(whole.findings["content"].to_pylist())


def test_rings_that_are_found_in_many_turns_are_found_once() -> None:
    with twice(8) as graph:
        whole = repeated_ring.find(graph, repeated_ring.Params())
        with mock.patch.object(repeated_ring, "STEPS", 50):
            parts = repeated_ring.find(graph, repeated_ring.Params())
    assert len(whole) > 10
    assert parts.findings == whole.findings


def test_more_rings_than_a_search_keeps_are_told() -> None:
    with (
        twice(8) as graph,
        mock.patch.object(repeated_ring, "STEPS", 50),
        mock.patch.object(repeated_ring, "FINDINGS", 3),
    ):
        found = repeated_ring.find(graph, repeated_ring.Params())
    assert len(found) >= 3
    assert [line.split(":")[0] for line in lines(found.truncated)] == ["memory"]


def test_a_crowd_is_one_biclique_and_a_larger_one_is_a_market() -> None:
    with crowd(60, 60) as graph, torture.guarded():
        found = biclique.find(graph, biclique.Params())
    assert [int(n) for n in found.findings["instances"].to_pylist()] == [1770**2]
    assert len(found.evidence) == 3600
    with crowd(2000, 101) as graph, torture.guarded():
        assert len(biclique.find(graph, biclique.Params())) == 0


def test_more_sides_than_a_search_keeps_are_told() -> None:
    with crowd(10, 10) as graph, mock.patch.object(biclique, "SIDES", 50):
        found = biclique.find(graph, biclique.Params())
    assert [line.split(":")[0] for line in lines(found.truncated)] == ["memory"]
    assert not any(found.findings["complete"].to_pylist())


def test_commissions_of_a_hub_of_equal_amounts() -> None:
    with torture.hub(10_000, 95) as graph, torture.guarded():
        found = commission_peak.find(graph, commission_peak.Params())
    assert found.truncated == {}

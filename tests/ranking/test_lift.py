"""The lift against plain Python: leave one out exactly, at most a quarter, nothing from nothing."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.ranking.lift import KEPT_PERCENT, MOST_BP, NANO, company, lift_bp, lifted, middle_ppm

SIZE = 5
PAYMENTS = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.integers(1, 9)),
    min_size=1, max_size=12,
).filter(lambda rows: any(s != t for s, t, _ in rows))  # fmt: skip
SCORES = st.lists(st.sampled_from([0, 0, 1, 3, 9]), min_size=SIZE, max_size=SIZE)


def columns(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source, target, amount = (
        np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)
    )
    return source, target, amount


def slow_company(nats: list[int], rows: list[tuple[int, int, int]], who: int) -> Fraction:
    """Two steps of a walk from everybody but `who`, in fractions, before the hub's division."""
    times: Counter[tuple[int, int]] = Counter()
    for s, t, _ in rows:
        if s != t:
            times[s, t] += 1
            times[t, s] += 1
    total = Counter[int]()
    for (s, _), n in times.items():
        total[s] += n
    kept = Fraction(KEPT_PERCENT, 100)

    def step(seed: dict[int, Fraction]) -> dict[int, Fraction]:
        out: dict[int, Fraction] = Counter()  # type: ignore[assignment]
        for (s, t), n in times.items():
            out[t] += seed.get(s, Fraction(0)) * Fraction(n, total[s]) * kept
        return out

    first = step({each: Fraction(min(n, 5)) for each, n in enumerate(nats) if each != who})
    counterparties = sum(1 for s, _ in times if s == who)
    hub = max(1, (counterparties + 1).bit_length() - 1)
    return (first.get(who, Fraction(0)) + step(first).get(who, Fraction(0))) / hub


@settings(max_examples=60, deadline=None)
@given(SCORES, PAYMENTS)
def test_company_is_a_walk_that_leaves_oneself_out(
    nats: list[int], rows: list[tuple[int, int, int]]
) -> None:
    source, target, _ = columns([row for row in rows if row[0] != row[1]])
    got = company(np.array(nats, dtype=np.int64) * NANO, source, target)
    for who in range(SIZE):
        assert got[who] / NANO == pytest.approx(float(slow_company(nats, rows, who)), abs=2e-5)


@settings(max_examples=60, deadline=None)
@given(SCORES, PAYMENTS, st.permutations(range(SIZE)))
def test_bounds_and_names(
    nats: list[int], rows: list[tuple[int, int, int]], names: list[int]
) -> None:
    s = np.array(nats, dtype=np.int64) * NANO
    case = np.array([0, 0, 0, 1, -1])
    source, target, amount = columns(rows)
    bp = lift_bp(s, source, target, amount, case)
    assert ((bp >= 0) & (bp <= MOST_BP)).all()
    assert (bp[s == 0] == 0).all()
    assert (lifted(s, bp) * 4 <= s * 5).all()
    name = np.array(names)
    turned = np.empty_like(s), np.empty_like(case)
    turned[0][name], turned[1][name] = s, case
    again = lift_bp(turned[0], name[source][::-1], name[target][::-1], amount[::-1], turned[1])
    assert again[name].tolist() == bp.tolist()


def test_the_middle_of_a_ring_and_nothing_outside() -> None:
    """0 -> 1 -> 2 -> 0 of 90, and 1 also deals with 3 outside; 3 -> 4 is no case."""
    rows = [(0, 1, 90), (1, 2, 90), (2, 0, 45), (3, 1, 500), (1, 3, 500), (3, 4, 7), (4, 3, 7)]
    source, target, amount = columns(rows)
    case = np.array([0, 0, 0, -1, -1])
    assert middle_ppm(source, target, amount, case).tolist() == [500_000, 1_000_000, 500_000, 0, 0]


def test_large_sums_do_not_overflow() -> None:
    huge = 2**61
    source, target = np.array([0, 1]), np.array([1, 2])
    got = middle_ppm(source, target, np.array([huge, huge]), np.zeros(3, dtype=np.int64))
    assert got.tolist() == [0, 1_000_000, 0]

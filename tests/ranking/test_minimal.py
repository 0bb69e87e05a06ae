"""Least evidence and clearing sets against every subset."""

from itertools import combinations

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.ranking.constants import STRONG_NANO
from regift.ranking.minimal import Piece, clearing, least

WEIGHTS = (50_000_000, 200_000_000, STRONG_NANO - 1, STRONG_NANO, 700_000_000, 1_200_000_000)
PIECES = st.lists(
    st.tuples(
        st.sampled_from("abcde"), st.sampled_from("FG"), st.sampled_from("123456"),
        st.sampled_from(WEIGHTS),
    ),
    min_size=1, max_size=14, unique_by=lambda each: each[:3],
)  # fmt: skip
BOUNDS = st.sampled_from((1, 300_000_000, STRONG_NANO, 916_290_632, 1_500_000_000, 4_000_000_000))


def said(pieces: list[Piece]) -> int:
    """S of D-12."""
    best: dict[tuple[str, str], int] = {}
    for rec, family, _, nano in pieces:
        best[rec, family] = max(best.get((rec, family), 0), nano)
    totals: dict[str, int] = {}
    for (rec, _), nano in best.items():
        totals[rec] = totals.get(rec, 0) + nano
    strong = sum(nano for nano in totals.values() if nano >= STRONG_NANO)
    return strong + max((nano for nano in totals.values() if nano < STRONG_NANO), default=0)


@settings(max_examples=examples(150), deadline=None)
@given(PIECES, BOUNDS)
def test_no_fewer_records_reach_the_line(pieces: list[Piece], bound: int) -> None:
    records = sorted({rec for rec, *_ in pieces})
    sizes = [
        size
        for size in range(1, len(records) + 1)
        for some in combinations(records, size)
        if said([piece for piece in pieces if piece[0] in some]) >= bound
    ]
    found = least(pieces, bound)
    assert (len(found.records) if found else None) == min(sizes, default=None)
    if found:
        named = {rec for rec, _ in found.records}
        assert said([piece for piece in pieces if piece[0] in named]) == found.s >= bound


@settings(max_examples=examples(150), deadline=None)
@given(PIECES, BOUNDS)
def test_a_clearing_set_clears_and_says_whether_it_is_the_smallest(
    pieces: list[Piece], bound: int
) -> None:
    findings = sorted({finding for _, _, finding, _ in pieces})
    found = clearing(pieces, bound)
    if said(pieces) < bound:
        assert found is None
        return
    assert found is not None
    left = [piece for piece in pieces if piece[2] not in found.findings]
    assert (said(left) if left else 0) == found.s < bound
    smallest = min(
        size
        for size in range(1, len(findings) + 1)
        for some in combinations(findings, size)
        if said([piece for piece in pieces if piece[2] not in some]) < bound
    )
    assert len(found.findings) >= smallest
    assert found.exact == (len(found.findings) <= 3)
    if found.exact:
        assert len(found.findings) == smallest


def test_a_weak_record_counts_once() -> None:
    weak = [(rec, "F", rec, 300_000_000) for rec in "abc"]
    assert least(weak, 300_000_001) is None
    assert clearing(weak, 300_000_000).findings == ("a", "b", "c")  # type: ignore[union-attr]

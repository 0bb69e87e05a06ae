"""Sales beside certificates with scopes, grace and reviews: engine and slow oracle agree."""

from collections import Counter
from typing import Any

from build import EPOCH_US
from found import as_dicts, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.custody import custody
from oracles.uncertified_issue import uncertified_issue

from regift import queries
from regift.graph.snapshot import Settings, snapshot_from_rows
from regift.queries import certified

DAY_US = 86_400_000_000
SCOPES = (
    None, None, None, "collection:c", "channel:mini_program",
    "collection:c;channel:official_account", " Collection: c ; collection:d", "art only",
    "art; channel:official_account ;channel:personal",
    "collection:", "channel:nowhere", ";;", "collection:c:d",
)  # fmt: skip
BRANDS = ("b'", "牌🎁", "x")

sales = st.lists(
    st.tuples(
        st.sampled_from(BRANDS),
        st.integers(0, 9),
        st.sampled_from((None, "c", "d", "c:d")),
        st.sampled_from((None, None, "mini_program", "personal")),
    ),
    min_size=4,
    max_size=14,
)
papers = st.lists(
    st.tuples(
        st.sampled_from(BRANDS),
        st.integers(0, 9),
        st.sampled_from((None, 0, 1, 2, 4, -1)),
        st.sampled_from(SCOPES),
        st.sampled_from((None, None, "accepted", "refused")),
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(sales, papers, st.sampled_from(("0", "1d", "3d")))
def test_reasons_and_records(sold: Any, held: Any, grace: str) -> None:
    """Each sale is an issue of an item of its own; days are a grid, so that moments meet."""
    rows = {
        "accounts": [{"account": brand, "kind": "official_account"} for brand in BRANDS],
        "items": [{"item": f"i{n}", "collection": c} for n, (_, _, c, _) in enumerate(sold)],
        "gifts": [
            {"record_id": f"g{n:02}", "at_us": EPOCH_US + at * DAY_US, "source": brand,
             "target": "ann", "item": f"i{n}", "kind": "issue", "price_minor": 100,
             "currency": "CNY", "channel": channel}
            for n, (brand, at, _, channel) in enumerate(sold)
        ],
        "certificates": [
            {"account": brand, "partner_company": "chain co", "filing_number": f"F{n}",
             "valid_from_us": EPOCH_US + at * DAY_US, "scope": scope,
             "valid_to_us": None if days is None else EPOCH_US + (at + days) * DAY_US}
            for n, (brand, at, days, scope, _) in enumerate(held)
        ],
    }  # fmt: skip
    said = tuple((brand, f"F{n}", word) for n, (brand, *_, word) in enumerate(held) if word)
    with snapshot_from_rows(rows, reviewed=said) as graph:
        found = as_dicts(run(queries.ALL["uncertified_issue"], graph, {"grace": grace}))
        grace_us = {"0": 0, "1d": DAY_US, "3d": 3 * DAY_US}[grace]
        certified.define(graph.con, grace_us)
        told = dict(graph.con.execute("SELECT record_id, status FROM certified_sales").fetchall())
        certified.drop(graph.con)
    have = sorted((f["accounts"][0], f["reason"], tuple(f["records"])) for f in found)
    want = uncertified_issue(custody(rows, (), Settings()), rows, (), grace_us, said)
    assert have == sorted(want)
    assert len(told) == len(sold)
    wrong = Counter(f["reason"] for f in found for _ in f["records"])
    assert Counter(s for s in told.values() if s not in certified.COVERED) == wrong
    assert set(told.values()) <= set(certified.STATUSES)

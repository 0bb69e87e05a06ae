"""Sales beside certificates with scopes, grace and reviews: engine and slow oracle agree."""

from collections import Counter
from pathlib import Path
from typing import Any

from build import EPOCH_US
from examples import examples
from found import as_dicts, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.custody import custody
from oracles.uncertified_issue import gap, uncertified_issue

from regift import queries
from regift.enforcement import certificate_work as work
from regift.enforcement.casebook import Casebook
from regift.enforcement.certificate_work import Moment
from regift.graph.snapshot import Settings, snapshot_from_rows
from regift.queries import certified

DAY_US = 86_400_000_000
SCOPES = (
    None, None, None, "collection:c", "channel:mini_program",
    "collection:c;channel:official_account", " Collection: c ; collection:d", "art only",
    "art; channel:official_account ;channel:personal",
    "collection:", "channel:nowhere", ";;", "collection:c:d",
)  # fmt: skip
NOWHERE = Path("/nowhere/casebook.sqlite")
"""No file: a listing then reads an empty casebook."""
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


def rows_of(sold: Any, held: Any) -> dict[str, list[dict[str, Any]]]:
    """Each sale is an issue of an item of its own; days are a grid, so that moments meet."""
    return {
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


GRACE = {"0": 0, "1d": DAY_US, "3d": 3 * DAY_US}


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(sales, papers, st.sampled_from(sorted(GRACE)))
def test_reasons_and_records(sold: Any, held: Any, grace: str) -> None:
    rows, grace_us = rows_of(sold, held), GRACE[grace]
    said = tuple((brand, f"F{n}", word) for n, (brand, *_, word) in enumerate(held) if word)
    with snapshot_from_rows(rows, reviewed=said) as graph:
        found = as_dicts(run(queries.ALL["uncertified_issue"], graph, {"grace": grace}))
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


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(sales, papers, st.sampled_from(sorted(GRACE)), st.integers(0, 10))
def test_compliant_is_to_sell_nothing_bare_since_certificates_turned(
    sold: Any, held: Any, grace: str, day: int
) -> None:
    rows, at_us = rows_of(sold, held), EPOCH_US + day * DAY_US
    said = tuple((brand, f"F{n}", word) for n, (brand, *_, word) in enumerate(held) if word)
    refused = {filing for _, filing, word in said if word == "refused"}
    wanted = {}
    for brand in BRANDS:
        good = [
            c for c in rows["certificates"]
            if c["account"] == brand and c["filing_number"] not in refused
            and (c["valid_to_us"] is None or c["valid_from_us"] < c["valid_to_us"])
        ]  # fmt: skip
        found = uncertified_issue(custody(rows, (), Settings()), rows, (), GRACE[grace], said)
        bare = {record for account, _, records in found for record in records if account == brand}
        mine = [g for g in rows["gifts"] if g["record_id"] in bare and g["at_us"] <= at_us]
        now = gap(good, at_us, GRACE[grace])
        wanted[brand] = all(gap(good, g["at_us"], GRACE[grace]) != now for g in mine)
    with snapshot_from_rows(rows, reviewed=said) as graph, Casebook.read(NOWHERE) as casebook:
        graph.con.execute("CREATE TABLE findings (finding VARCHAR, typology VARCHAR)")
        graph.con.execute("CREATE TABLE subjects (finding VARCHAR, account VARCHAR)")
        moment = Moment(at_us, 0, GRACE[grace])
        work.prepare(graph.con, casebook, moment)
        have = {b: work.account_line(graph.con, moment, b, "en")["compliant"] for b in BRANDS}
        asked = {
            row["account"]
            for row in work.tasks(graph.con, moment, DAY_US, DAY_US)
            if row["task"] in ("request_proof", "expired")
        }
    assert have == wanted
    assert asked == {brand for brand in BRANDS if not wanted[brand]}

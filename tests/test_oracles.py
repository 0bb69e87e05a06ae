"""The engine and the slow oracles agree on small random worlds; names and row order say nothing."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from build import EPOCH_US
from build import world as world_of
from examples import examples
from found import as_dicts, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles.closed_channel_sale import closed_channel_sale
from oracles.closed_circulation import closed_circulation
from oracles.custody import custody, hops
from oracles.custody_gap import custody_gap
from oracles.effective import effective
from oracles.entities import entities
from oracles.multi_level_gift import multi_level_gift
from oracles.paid_gift import Params as PaidParams
from oracles.paid_gift import paid_gift
from oracles.records import account_kinds, place
from oracles.second_level_sale import second_level_sale
from oracles.uncertified_issue import uncertified_issue
from strategies import TICK_US, World, odd_names, record_sets

from regift import queries
from regift.graph.snapshot import Snapshot
from regift.queries.params import duration_us, periods_text

FEW = settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=examples(80))

LEDGER = (
    "record_id",
    "item",
    "ord",
    "at_us",
    "seq",
    "source",
    "target",
    "source_entity",
    "target_entity",
    "kind",
    "price_minor",
    "currency",
    "channel",
    "issuer",
    "issuer_how",
    "rule",
    "level",
    "lower_bound",
    "gap",
    "undone",
    "partner",
    "reissued",
    "linked",
    "cycle_from",
)
TYPOLOGIES = (
    "multi_level_gift",
    "second_level_sale",
    "closed_channel_sale",
    "closed_circulation",
    "custody_gap",
    "uncertified_issue",
    "paid_gift",
)


def find(name: str, graph: Snapshot, **given: str) -> list[dict[str, Any]]:
    return as_dicts(run(queries.ALL[name], graph, given))


def of_hop(finding: dict[str, Any]) -> str:
    """The record of a hop typology's anchor (D-4)."""
    (anchor,) = finding["anchor"]
    return str(anchor).removeprefix("gifts:")


def ledger_of(world: World) -> Any:
    return custody(world.rows, world.judgements, world.settings)


def who_in(world: World) -> Any:
    return entities(world.rows, world.judgements, world.settings)


@MANY
@given(record_sets())
def test_derived_tables(world: World) -> None:
    with world.snapshot() as graph:
        agree_on_effective(world, graph)
        agree_on_entities(world, graph)
        agree_on_custody(world, graph)


def agree_on_effective(world: World, graph: Snapshot) -> None:
    wanted = effective(world.rows, world.settings)
    cancelled = graph.con.sql("SELECT record_id, refund_id FROM cancelled").fetchall()
    payments = graph.con.sql("SELECT record_id FROM payments ORDER BY ord").fetchall()
    assert sorted(cancelled) == sorted(wanted.cancelled.items())
    assert [record for (record,) in payments] == [p["record_id"] for p in wanted.payments]


def agree_on_entities(world: World, graph: Snapshot) -> None:
    wanted = who_in(world)
    links = graph.con.sql("SELECT a, b, grade FROM links").fetchall()
    of = graph.con.sql("SELECT account, entity FROM entity_of").fetchall()
    assert sorted(of) == sorted(wanted.of.items())
    assert sorted(links) == sorted((a, b, grade) for (a, b), grade in wanted.grade.items())


def agree_on_custody(world: World, graph: Snapshot) -> None:
    """All columns of all hops, in order; a difference names its record and column."""
    who = who_in(world)
    table = graph.con.sql("SELECT * FROM custody ORDER BY item, ord").to_arrow_table()
    wanted = list(hops(ledger_of(world)))
    assert table["record_id"].to_pylist() == [hop.row["record_id"] for hop in wanted]
    different = []
    for have, hop in zip(table.to_pylist(), wanted, strict=True):
        want = hop.row | vars(hop) | {"seq": hop.row.get("seq") or 0}
        want["source_entity"] = who.of[want["source"]]
        want["target_entity"] = who.of[want["target"]]
        for column in LEDGER:
            if have[column] != want.get(column):
                different.append((have["record_id"], column, have[column], want.get(column)))
    assert different == []


@MANY
@given(
    record_sets(),
    st.sampled_from(("0", "1", "2")),
    st.sampled_from(("0", "6h", "1d")),
    st.booleans(),
    st.booleans(),
)
def test_hop_typologies(
    world: World, allowed: str, short: str, buy_back: bool, resale: bool
) -> None:
    """One example asks all: most of its time goes into the snapshot."""
    ledger, who = ledger_of(world), who_in(world)
    with world.snapshot() as graph:
        found = find("multi_level_gift", graph, allowed=allowed, return_window=short)
        levels = sorted((of_hop(f), f["level"]) for f in found)
        other = replace(world.settings, return_window_us=duration_us(short))
        walked = custody(world.rows, world.judgements, other)
        wanted = multi_level_gift(walked, int(allowed))
        assert levels == sorted(wanted), "multi_level_gift"

        periods = ((EPOCH_US, 3 * TICK_US), (EPOCH_US + 9 * TICK_US, TICK_US))
        held = {"return_window": short, "holding": periods_text(periods)}
        found = find("multi_level_gift", graph, allowed=allowed, **held)
        levels = sorted((of_hop(f), f["level"]) for f in found)
        assert levels == sorted(multi_level_gift(walked, int(allowed), who, periods)), "holding"

        given = {"buy_back": str(buy_back).lower(), "resale": str(resale).lower()}
        found = find("second_level_sale", graph, **given)
        levels = sorted((of_hop(f), f["level"]) for f in found)
        wanted = second_level_sale(ledger, who, buy_back, resale)
        assert levels == sorted(wanted), "second_level_sale"

        found = find("closed_channel_sale", graph)
        records = sorted(of_hop(f) for f in found)
        assert records == sorted(closed_channel_sale(ledger)), "closed_channel_sale"

        found = find("closed_circulation", graph)
        cycles = sorted((of_hop(f), tuple(f["records"])) for f in found)
        assert cycles == sorted(closed_circulation(ledger)), "closed_circulation"

        found = find("custody_gap", graph)
        gaps = sorted((of_hop(f), f["gap"]) for f in found)
        assert gaps == sorted(custody_gap(ledger)), "custody_gap"

        found = find("uncertified_issue", graph, grace=short)
        sales = sorted((f["accounts"][0], f["reason"], tuple(f["records"])) for f in found)
        certified = (ledger, world.rows, world.judgements, duration_us(short))
        assert sales == sorted(uncertified_issue(*certified)), "uncertified_issue"


@MANY
@given(
    record_sets(paid=True),
    st.sampled_from(("24h", "72h", "6h", "0")),
    st.sampled_from(("10.00", "5", "0.01")),
    st.booleans(),
    st.booleans(),
)
def test_paid_gift(world: World, window: str, floor: str, linked: bool, split: bool) -> None:
    wanted = paid_gift(
        world.rows,
        ledger_of(world),
        who_in(world),
        effective(world.rows, world.settings),
        account_kinds(world.rows, world.judgements),
        PaidParams(duration_us(window), Decimal(floor), linked, split),
    )
    switches = {"linked": str(linked).lower(), "split": str(split).lower()}
    with world.snapshot() as graph:
        agree_on_effective(world, graph)
        found = find("paid_gift", graph, window=window, floor=floor, **switches)
    have = [(of_hop(f), f["tier"], tuple(f["records"])) for f in found]
    assert sorted(have) == sorted((g, tier, (g, *payments)) for g, tier, payments in wanted)


def everything(world: World, back: dict[str, str]) -> dict[str, Any]:
    """All derived tables and findings, accounts by the names of `back`."""
    with world.snapshot() as graph:
        tables = {
            table: graph.con.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist()
            for table in ("cancelled", "payments", "links", "entity_of", "custody")
        }
        for name in TYPOLOGIES:
            tables[name] = find(name, graph)
    names = {"source", "target", "a", "b", "account", "entity", "issuer"}
    names |= {"source_entity", "target_entity", "holder_before"}
    for name, rows in tables.items():
        for row in rows:
            row.pop("content", None)
            row.update({c: back[row[c]] for c in names & set(row) if row[c] is not None})
            if "accounts" in row:
                row["accounts"] = [back.get(account, account) for account in row["accounts"]]
            if name == "uncertified_issue":
                row.pop("finding")
                row["anchor"] = [back.get(part, part) for part in row["anchor"]]
                row["unit"] = back.get(row["unit"], row["unit"])
        rows.sort(key=repr)
    return tables


@FEW
@given(record_sets(paid=True), st.integers(0, 999))
def test_row_order_says_nothing(world: World, seed: int) -> None:
    same = {name: name for name in world.names()}
    assert everything(world, same) == everything(world.shuffled(seed), same)


@FEW
@given(record_sets(paid=True), st.integers(0, 999))
def test_names_say_nothing(world: World, seed: int) -> None:
    """Names of the same order: the last tie-break of links is the account id."""
    names = odd_names(world.names(), seed)
    same = {name: name for name in names}
    back = {new: old for old, new in names.items()}
    assert everything(world, same) == everything(world.renamed(names), back)


def test_total_order_is_by_bytes() -> None:
    rows = [{"at_us": 0, "record_id": name} for name in ("🎁", "é", "z", "Z", "赠")]
    in_order = [row["record_id"] for row in sorted(rows, key=place)]
    assert in_order == sorted(in_order, key=str.encode)


@pytest.mark.parametrize("name", TYPOLOGIES)
def test_nothing_in_nothing_out(name: str) -> None:
    with world_of({}) as graph:
        assert find(name, graph) == []

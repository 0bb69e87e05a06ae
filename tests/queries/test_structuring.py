"""structuring: exact findings of its three forms, sums of any size, and a slow count of packets."""

import random
from typing import Any

from build import EPOCH_US, minor, world
from found import as_dicts, run

from regift import queries

STRUCTURING = queries.ALL["structuring"]
HOUR_US = 3_600_000_000


def found(table: dict[str, Any], given: dict[str, str]) -> list[dict[str, Any]]:
    with world(table) as graph:
        return as_dicts(run(STRUCTURING, graph, given))


def test_under_to_the_last_column() -> None:
    lines = [f"t{i} payment x>p{i % 2} {45000 + i}.50 @{i}d" for i in range(3)]
    with world({"transfers": lines}) as graph:
        result = run(STRUCTURING, graph, {})
    (row,) = as_dicts(result)
    assert row.pop("finding").startswith("st-")
    assert len(row.pop("content")) == 64
    assert row == {
        "typology": "structuring", "anchor": ["x", "CNY", "out", "t0"], "unit": "x",
        "first_us": EPOCH_US, "last_us": EPOCH_US + 48 * HOUR_US, "amount_minor": None,
        "currency": "CNY", "length": 1, "instances": 1, "level": None, "complete": True,
        "items": [], "form": "out", "total": "135004.50", "threshold": "50000",
        "pair_rate": "0.0000", "accounts": ["x", "p0", "p1"],
        "roles": ["payer", "receiver", "receiver"], "records": ["t0", "t1", "t2"],
        "tables": ["transfers"] * 3,
    }  # fmt: skip
    assert result.evidence["role"].to_pylist() == ["out"] * 3
    assert result.truncated == {}


def test_default_packets() -> None:
    """Ten packets of 5,000 within ten minutes, five of whose receivers another sender knows."""
    ours = [f"x{i} red_packet x>p{i} 5000.00 @1h{i}m" for i in range(9)]
    ours.append("x9 red_packet x>p9 5000.00 @1h10m")
    theirs = [f"y{i} red_packet y>p{i + 5} 5000.00 @7d1h{i}m" for i in range(10)]
    with world({"transfers": ours + theirs}) as graph:
        result = run(STRUCTURING, graph, {})
    rows = as_dicts(result)
    assert [(row["anchor"], row["total"], row["instances"]) for row in rows] == [
        (["x", "CNY", "packets", "x0"], "50000.00", 1),
        (["y", "CNY", "packets", "y0"], "50000.00", 1),
    ]
    assert set(result.evidence["role"].to_pylist()) == {"packet"}
    # One shared receiver less, and neither has half.
    assert found({"transfers": [*ours, *theirs[1:], "y0 red_packet y>q 5000.00 @7d1h"]}, {}) == []


def test_sums_beyond_64_bits_decide_and_are_shown() -> None:
    """11,000 amounts near the largest that is accepted; the later window is one minor unit more."""
    line = "9000000000000.00"
    table: dict[str, Any] = {
        "transfers": [f"t{i:05} payment x>y {line} @{i // 5500}s" for i in range(11_000)]
    }
    table["transfers"] += ["u payment x>y 9000000000000.00 @31d", "v payment x>y 0.01 @31d"]
    given = {"threshold": "9000000000000.01", "near": "0", "window": "2s"}
    rows = found(table, given | {"min_events": "5000"})
    assert [(row["total"], row["instances"]) for row in rows] == [("99000000000000000.00", 11_000)]
    assert minor("99000000000000000.00", "CNY") > 2**63


def brute_force(
    lines: list[tuple[str, str, str, int, int]], burst: int, window: int, least: int, sum_: int
) -> set[str]:
    """Roots of `packets`, by the definition's words."""
    bursts = []
    for record, sender, _, at, _ in lines:
        mine = [p for p in lines if p[1] == sender and at <= p[3] <= at + burst and p[4] < sum_]
        receivers = {p[2] for p in mine}
        enough = len(mine) >= least and len(receivers) >= 2 and sum(p[4] for p in mine) >= sum_
        if enough and any(p[0] == record for p in mine):
            bursts.append((record, sender, at, receivers))
    return {
        record
        for record, sender, at, receivers in bursts
        if 2 * sum(
            any(s != sender and abs(t - at) <= window and r in others for _, s, t, others in bursts)
            for r in receivers
        )
        >= len(receivers)
    }  # fmt: skip


def test_packets_are_those_of_the_definition() -> None:
    """Dense bursts, also longer than the window."""
    chance = random.Random(4)
    some = 0
    for trial in range(60):
        burst, window = chance.choice(((2, 5), (4, 1), (5, 0), (3, 3), (6, 2)))
        lines = [
            (f"t{i:02}", chance.choice("xyz"), chance.choice("abcde"), chance.randrange(14),
             chance.choice((100, 200, 300, 500)))
            for i in range(chance.randrange(8, 30))
        ]  # fmt: skip
        wanted = brute_force(lines, burst, window, 2, 500)
        texts = [f"{r} red_packet {s}>{t} {a // 100}.00 @{at}h" for r, s, t, at, a in lines]
        given = {"burst": f"{burst}h", "window": f"{window}h", "packets": "2", "threshold": "5"}
        rows = found({"transfers": texts}, given | {"near": "1"})
        assert sum(int(row["instances"]) for row in rows) == len(wanted), (trial, texts)
        assert {row["anchor"][3] for row in rows} <= wanted
        some += len(wanted)
    assert some > 100


def test_nothing_and_parameters_without_end() -> None:
    assert found({}, {}) == []
    lines = ["t1 payment x>a 1.00 @0h", "t2 red_packet x>b 1.00 @1h"]
    given = {"window": "999999999w", "burst": "999999999w", "min_events": "2", "near": "0"}
    (row,) = found({"transfers": lines}, given | {"threshold": "1000000000000000000"})
    assert (row["records"], row["threshold"]) == (["t1", "t2"], "1000000000000000000")
    # No amount is below a threshold of nothing.
    assert found({"transfers": lines}, {"threshold": "0", "near": "0", "min_events": "0"}) == []

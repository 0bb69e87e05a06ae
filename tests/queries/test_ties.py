"""`ties`: records of one time follow each other in total order (`order`) or not at all (`strict`).

Every world is of one hour: a pattern in the order of `seq`, duplicates of other ids, a transfer to
oneself, and a payment that is refunded. With `strict` there is nothing; the same an hour apart is
found both ways.
"""

import re
from typing import Any

import pytest
from build import world
from found import as_dicts, run

from regift import queries

CASES: dict[str, tuple[dict[str, str], list[str], list[str], int]] = {
    "money_cycle": (
        {},
        [
            "t1 payment a>b 1.00 @0h seq=0",
            "t2 payment b>a 1.00 @0h seq=1",
            "t3 payment b>a 1.00 @0h seq=1",
            "t4 payment b>b 1.00 @0h seq=0",
            "t5 payment a>b 1.00 @0h seq=0",
            "t6 refund b>a 1.00 @0h seq=2 refers_to=t5",
        ],
        ["t1", "t2"],
        2,
    ),
    "pass_through": (
        {"min_events": "1"},
        [
            "t1 payment s>x 1.00 @0h seq=0",
            "t2 payment x>y 0.45 @0h seq=1",
            "t3 payment x>y 0.45 @0h seq=1",
            "t4 payment x>x 1.00 @0h seq=0",
            "t5 payment s>x 1.00 @0h seq=0",
            "t6 refund x>s 1.00 @0h seq=2 refers_to=t5",
        ],
        ["t1", "t2", "t3"],
        1,
    ),
    "scatter_gather": (
        {"min_accounts": "2", "flow": "1"},
        [
            "t1 payment u>j 0.50 @0h seq=0",
            "t2 payment u>j 0.50 @0h seq=0",
            "t3 payment u>k 1.00 @0h seq=0",
            "t4 payment j>w 1.00 @0h seq=1",
            "t5 payment k>w 1.00 @0h seq=1",
            "t6 payment j>j 1.00 @0h seq=0",
            "t7 payment u>k 1.00 @0h seq=0",
            "t8 refund k>u 1.00 @0h seq=2 refers_to=t7",
        ],
        ["t1", "t2", "t3", "t4", "t5"],
        3,
    ),
    "gather_scatter": (
        {"min_accounts": "2", "flow": "1"},
        [
            "t1 payment s>x 1.00 @0h seq=0",
            "t2 payment s>x 1.00 @0h seq=0",
            "t3 payment t>x 1.00 @0h seq=0",
            "t4 payment x>y 1.00 @0h seq=1",
            "t5 payment x>y 1.00 @0h seq=1",
            "t6 payment x>z 1.00 @0h seq=1",
            "t7 payment x>x 1.00 @0h seq=0",
            "t8 payment t>x 1.00 @0h seq=0",
            "t9 refund x>t 1.00 @0h seq=2 refers_to=t8",
        ],
        ["t1", "t2", "t3", "t4", "t5", "t6"],
        2,
    ),
    "layering_path": (
        {"min_hops": "3", "keep": "1"},
        [
            "t1 payment a>b 1.00 @0h seq=0",
            "t2 payment b>c 1.00 @0h seq=1",
            "t3 payment b>c 1.00 @0h seq=1",
            "t4 payment c>d 1.00 @0h seq=2",
            "t5 payment c>c 1.00 @0h seq=1",
            "t6 payment d>e 1.00 @0h seq=3",
            "t7 refund e>d 1.00 @0h seq=4 refers_to=t6",
        ],
        ["t1", "t2", "t4"],
        4,
    ),
    "peel_chain": (
        {"min_hops": "2"},
        [
            "t1 payment a>b 1.00 @0h seq=0",
            "t2 payment b>p 0.05 @0h seq=1",
            "t3 payment b>p 0.05 @0h seq=1",
            "t4 payment b>c 0.90 @0h seq=1",
            "t5 payment b>b 1.00 @0h seq=0",
            "t6 payment q>b 1.00 @0h seq=0",
            "t7 refund b>q 1.00 @0h seq=2 refers_to=t6",
        ],
        ["t1", "t2", "t3", "t4"],
        2,
    ),
}
"""Parameters; records; those of the only finding, and its instances."""


def found(name: str, lines: list[str], ties: str) -> list[tuple[list[str], int]]:
    with world({"transfers": lines}) as graph:
        rows: list[dict[str, Any]] = as_dicts(
            run(queries.ALL[name], graph, {**CASES[name][0], "ties": ties})
        )
    return [(row["records"], int(row["instances"])) for row in rows]


def apart(lines: list[str]) -> list[str]:
    """The same with an hour in place of each step of `seq`."""
    return [re.sub(r"@0h seq=(\d)", r"@\1h", line) for line in lines]


def test_every_typology_with_ties_is_here() -> None:
    having = {name for name, typology in queries.ALL.items() if hasattr(typology.params(), "ties")}
    assert having == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_one_time(name: str) -> None:
    _, lines, records, instances = CASES[name]
    assert found(name, lines, "strict") == []
    assert found(name, lines, "order") == [(records, instances)]
    assert found(name, lines[::-1], "order") == [(records, instances)]


@pytest.mark.parametrize("name", CASES)
def test_an_hour_apart(name: str) -> None:
    _, lines, records, instances = CASES[name]
    assert found(name, apart(lines), "strict") == [(records, instances)]
    assert found(name, apart(lines), "order") == [(records, instances)]


@pytest.mark.parametrize("name", [name for name in CASES if name != "money_cycle"])
def test_against_the_order(name: str) -> None:
    """The last of the pattern first: even in total order nothing is found. (A ring just turns.)"""
    _, lines, records, _ = CASES[name]
    last = max(int(re.search(r"seq=(\d)", line)[1]) for line in lines if line[:2] in records)  # type: ignore[index]
    turned = [
        line.replace(f"seq={last}", "seq=-1") if line[:2] in records else line for line in lines
    ]
    assert found(name, turned, "order") == []

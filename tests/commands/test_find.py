"""`regift find`, `typology` and `trace item` from outside."""

from pathlib import Path

import pytest
from command_line import FINDING_KEYS, run

from regift.queries import ALL

FOUND = {
    "closed_circulation": [["g09", "g10"]],
    "money_cycle": [["t1", "t2", "t3"]],
    "multi_level_gift": [["g03"], ["g06"]],
    "paid_gift": [["g03", "t4"]],
    "second_level_sale": [["g07"]],
}


def find(world: Path, *args: str) -> list[list[str]]:
    ran = run("find", *args, "--json", "-w", world)
    assert ran.code == 0, ran.stderr
    return [row["records"] for row in ran.rows]


@pytest.mark.parametrize("typology", list(FOUND))
def test_stored_findings(world: Path, typology: str) -> None:
    assert find(world, typology) == FOUND[typology]


def test_json_has_the_keys_of_the_contract_in_order(world: Path) -> None:
    for typology in FOUND:
        for row in run("find", typology, "--json", "-w", world).rows:
            assert list(row)[: len(FINDING_KEYS)] == FINDING_KEYS
            assert [each["record"] for each in row["evidence"]] == row["records"]
            assert all(set(each) == {"table", "record", "role"} for each in row["evidence"])


def test_one_finding_to_the_letter(world: Path) -> None:
    (row,) = run("find", "money_cycle", "--json", "-w", world).rows
    assert {key: row[key] for key in FINDING_KEYS} == {
        "finding": "mc-0b65026db40133b3",
        "typology": "money_cycle",
        "accounts": ["a", "b", "c"],
        "records": ["t1", "t2", "t3"],
        "items": [],
        "first_at": "2026-01-01T00:00:00Z",
        "last_at": "2026-01-01T02:00:00Z",
        "amount": "95.00",
        "currency": "CNY",
        "length": 3,
        "instances": 1,
        "level": None,
        "clause": "R5",
        "complete": True,
    }


def test_set_searches_anew_and_ids_stay(world: Path) -> None:
    stored = run("find", "multi_level_gift", "--json", "-w", world).rows
    strict = run("find", "multi_level_gift", "--set", "reading=strict", "--json", "-w", world).rows
    assert [row["records"] for row in strict] == [["g05"], ["g02"], ["g03"], ["g06"], ["g12"]]
    assert {row["finding"] for row in stored} < {row["finding"] for row in strict}
    assert find(world, "money_cycle", "--set", "keep=0.96") == []
    assert find(world, "money_cycle", "--set", "keep=0.95", "--set", "window=2h") == [
        ["t1", "t2", "t3"]
    ]
    assert find(world, "money_cycle", "--set", "window=119m") == []


def test_account_and_times_select(world: Path) -> None:
    assert find(world, "multi_level_gift", "--account", "礼物🎁") == [["g06"]]
    assert find(world, "multi_level_gift", "--account", "00123") == [["g06"]]
    assert find(world, "multi_level_gift", "--account", "=1+1") == []
    third = "2026-01-03T00:00:00Z"
    assert find(world, "multi_level_gift", "--since", third) == [["g03"], ["g06"]]
    assert find(world, "multi_level_gift", "--until", third) == []
    fourth = "2026-01-04T08:00:00"  # of Shanghai: the very moment of g06
    assert find(world, "multi_level_gift", "--since", fourth) == [["g06"]]
    assert find(world, "multi_level_gift", "--until", fourth) == [["g03"]]


def test_limit_says_of_how_many(world: Path) -> None:
    code, out, err = run("find", "multi_level_gift", "--limit", "1", "--json", "-w", world)
    assert (code, out.count("\n")) == (0, 1)
    assert err == "1 of 2 findings of multi_level_gift\n"
    code, out, err = run("find", "multi_level_gift", "--limit", "0", "-q", "-w", world)
    assert (code, out, err) == (0, "", "")


def test_numbers_without_measure(world: Path) -> None:
    assert find(world, "money_cycle", "--limit", "9" * 30) == [["t1", "t2", "t3"]]
    ran = run("find", "paid_gift", "--set", "floor=1e400", "-w", world)
    assert ran.code == 2
    assert ran.line.endswith("floor: '1e400' is no number that an amount could have")


def test_count_is_one_object(world: Path) -> None:
    (row,) = run("find", "money_cycle", "--count", "--json", "-w", world).rows
    assert row == {
        "typology": "money_cycle",
        "count": 1,
        "rings": 1,
        "by_length": {"3": 1},
        "complete": True,
    }


def test_a_table_for_people(world: Path) -> None:
    out = run("find", "multi_level_gift", "-w", world).stdout.splitlines()
    assert out[0].split() == [
        *("finding", "accounts", "items", "first_at", "amount", "currency", "length", "level"),
    ]
    assert len(out) == 3
    assert "礼物🎁 > 00123" in out[2]


def test_the_workspace_may_come_first_or_from_the_environment(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = run("find", "money_cycle", "--json", "-w", world).stdout
    assert run("-w", world, "find", "money_cycle", "--json").stdout == wanted
    monkeypatch.setenv("REGIFT_WORKSPACE", str(world))
    assert run("find", "money_cycle", "--json").stdout == wanted


def test_typology_list_has_the_contract_s_keys(world: Path) -> None:
    rows = run("typology", "list", "--json", "-w", world).rows
    assert {row["typology"] for row in rows} == set(ALL)
    for row in rows:
        assert list(row)[:5] == ["typology", "layer", "clause", "parameters", "engines"]
        assert "embedded" in row["engines"]
    (cycle,) = [row for row in rows if row["typology"] == "money_cycle"]
    assert cycle["parameters"] == {
        "window": "3d",
        "max_length": "6",
        "min_amount": "0",
        "keep": "0.5",
        "ties": "strict",
        "kinds": "payment,red_packet",
        "group": "ring",
    }


def test_typology_show_tells_the_parameters_of_this_workspace(copied: Path) -> None:
    (copied / "regift.toml").write_text('[clock]\nunit = "1d"\n[typology.paid_gift]\nfloor = 5\n')
    (row,) = run("typology", "show", "paid_gift", "--json", "-w", copied).rows
    assert (row["parameters"]["window"], row["parameters"]["floor"]) == ("30d", "5")
    shown = run("typology", "show", "paid_gift", "-w", copied).stdout
    assert shown.startswith("Paid gift")
    settings = {row["setting"]: row for row in run("config", "show", "--json", "-w", copied).rows}
    assert settings["clock.unit"] == {
        "setting": "clock.unit", "value": "1d", "origin": "regift.toml"
    }  # fmt: skip
    window = settings["typology.paid_gift.window"]
    assert (window["value"], window["origin"]) == ("30d", "default 3d, coarse tier for the clock")
    assert settings["typology.paid_gift.floor"]["origin"] == "regift.toml"
    assert settings["entities.phone"]["origin"] == "default"


def test_trace_follows_every_move(world: Path) -> None:
    rows = run("trace", "item", "x2", "--json", "-w", world).rows
    assert [(row["record"], row["level"], row["rule"], row["undone"]) for row in rows] == [
        ("g08", 0, "issue", None),
        ("g09", 1, "hop", "gift"),
        ("g10", 0, "return", "gift"),
        ("g11", 0, "internal", None),
        ("g12", 1, "hop", None),
    ]
    assert [row["ord"] for row in rows] == [0, 1, 2, 3, 4]
    sale = run("trace", "item", "007", "--json", "-w", world).rows[3]
    assert (sale["source"], sale["target"], sale["price"]) == ("00123", "eve", "100.00")
    ran = run("trace", "item", "007", "-w", world)
    assert ran.stderr == "issuer brand (issue)\n"
    assert run("trace", "item", "7", "-w", world).code == 2

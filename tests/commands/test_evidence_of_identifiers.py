"""Findings that rest on identifiers and judgements are listed, explained, ranked and exported."""

import csv
import io
import json
from pathlib import Path

import networkx as nx
import pytest
from command_line import asked, loaded, run

GIFTS = """\
record_id,at,source,target,item,kind
r1,2026-01-01T00:00:00Z,brand,0012,x,issue
r2,2026-01-02T00:00:00Z,brand,礼物 🎁,y,issue
r3,2026-01-03T00:00:00Z,brand,"=1+""1",z,issue
"""
IDENTIFIERS = """\
account,kind,value
0012,phone,13912345678
礼物 🎁,phone,13912345678
0012,device,secret-7
礼物 🎁,device,secret-7
"""
SHARED = ["0012 device", "0012 phone", "礼物 🎁 device", "礼物 🎁 phone"]
JUDGED = ["0012 same", '=1+"1 same']


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three accounts of one hand: two share a phone and a device, a person joined the third."""
    place = tmp_path_factory.mktemp("linked") / "ws"
    for table, text in (("gifts", GIFTS), ("identifiers", IDENTIFIERS)):
        assert loaded(place, table, text, name=f"{table}.csv").code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    pair = ("0012", '=1+"1')
    judged = run("link", "judge", *pair, "same", "--reason", "one person", "-w", place)
    assert judged.code == 0, judged.stderr
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def id_of(place: Path) -> str:
    (found,) = asked(place, "SELECT finding FROM findings WHERE typology = 'shared_controller'")
    return str(found[0])


def test_find_names_accounts_and_kinds(linked: Path) -> None:
    (row,) = run("find", "shared_controller", "--json", "-w", linked).rows
    assert row["accounts"] == ["0012", '=1+"1', "礼物 🎁"]
    assert row["records"] == SHARED + JUDGED
    assert row["evidence"] == [
        *({"table": "identifiers", "record": text, "role": "shared"} for text in SHARED),
        *({"table": "judgements", "record": text, "role": "judged"} for text in JUDGED),
    ]
    assert row["detail"] == {"acting": 3, "links": 2, "stratum": "<4"}


def test_it_counts_as_one_record_of_each_account(linked: Path) -> None:
    """Six rows of evidence are one piece: 0.2 of kappa, half of it chance."""
    finding = id_of(linked)
    sql = f"SELECT account, rec FROM pieces WHERE finding = '{finding}' ORDER BY account"
    pieces = asked(linked, sql)
    assert pieces == [(a, f"finding:{finding}") for a in ("0012", '=1+"1', "礼物 🎁")]
    (told,) = run("explain", finding, "--json", "-w", linked).rows
    assert told["score"] == 10.0
    assert len(told["evidence"]) == 6
    ranked = run("rank", "--json", "-w", linked).rows
    assert {row["account"]: row["score"] for row in ranked} == {
        "0012": 10.0, '=1+"1': 10.0, "礼物 🎁": 10.0,
    }  # fmt: skip
    assert {row["measure"] for row in ranked} == {None}


def test_every_list_has_it(linked: Path, tmp_path: Path) -> None:
    text = run("export", "findings", "-o", "-", "--format", "csv", "-w", linked).stdout
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert json.loads(row["records"]) == SHARED + JUDGED
    assert json.loads(row["evidence"])[0] == "identifiers:shared:0012 device"
    assert json.loads(row["evidence"])[-1] == 'judgements:judged:=1+"1 same'
    suspects = run("export", "suspects", "-o", "-", "--format", "jsonl", "-w", linked).rows
    assert {each["account"] for each in suspects} == {"0012", '=1+"1', "礼物 🎁"}
    assert {(each["findings"], tuple(each["records"])) for each in suspects} == {(1, ())}
    for suffix in ("xlsx", "parquet"):
        for kind in ("findings", "suspects"):
            target = tmp_path / f"{kind}.{suffix}"
            assert run("export", kind, "-o", target, "-w", linked).code == 0


def test_its_case_has_a_graph_of_accounts(linked: Path) -> None:
    case = "C-" + id_of(linked)[-16:]
    assert run("case", "show", case, "-w", linked).code == 0
    raw = run("export", "case", case, "-o", "-", "-w", linked).raw
    graph = nx.read_graphml(io.BytesIO(raw), force_multigraph=True)
    assert sorted(graph.nodes) == ["0012", '=1+"1', "礼物 🎁"]
    assert graph.number_of_edges() == 0


def test_values_are_told_nowhere(linked: Path) -> None:
    finding = id_of(linked)
    for asked_for in (
        ("find", "shared_controller"),
        ("find", "shared_controller", "--json"),
        ("explain", finding),
        ("explain", finding, "--json"),
        ("rank", "--json"),
        ("export", "findings", "-o", "-", "--format", "jsonl"),
        ("export", "suspects", "-o", "-", "--format", "jsonl"),
    ):
        ran = run(*asked_for, "-w", linked)
        assert ran.code == 0
        assert "secret-7" not in ran.stdout
        assert "13912345678" not in ran.stdout

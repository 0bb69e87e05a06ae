"""A typology is one file and one line of a registry: everything else knows it from there."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from command_line import run
from tree import ROOT

from regift import queries

TOY = '''"""toy_issue: an item is issued.

    brand --issue--> ann        one finding an issue; for tests only

Cost: one pass over the ledger.
"""

from dataclasses import dataclass

from regift.graph.snapshot import Snapshot
from regift.queries.findings import Findings, collect
from regift.queries.params import count
from regift.queries.typology import Typology


@dataclass(frozen=True)
class Params:
    """Which issues."""

    least: int = count(0, "smallest place in the item's order")


def find(graph: Snapshot, params: Params) -> Findings:
    """One finding an issue."""
    return collect(graph.con, "toy_issue", "toy", f"""
        SELECT ['gifts:' || record_id] AS anchor, item AS unit, at_us AS first_us,
               at_us AS last_us, NULL AS amount_minor, NULL AS currency, 1 AS length,
               1 AS instances, level, true AS complete, [item] AS items, NULL AS detail,
               [source, target] AS accounts, ['giver', 'receiver'] AS roles,
               [{{'tbl': 'gifts', 'record': record_id, 'role': 'issue'}}] AS evidence
        FROM custody WHERE rule = 'issue' AND ord >= {params.least}""")


TYPOLOGY = Typology(
    name="toy_issue", prefix="toy", layer="item", family="toy", kappa_percent=50, fact=False,
    clauses=("R1",), partition="item", anchor="gifts:record_id", params=Params, find=find,
    texts={"en": "an item is issued"},
)
'''
GIFTS = "record_id,at,source,target,item,kind\ni1,2026-01-01T00:00:00Z,brand,ann,x,issue\n"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, written now, and its line in the registry."""
    path = tmp_path / "toy_issue.py"
    path.write_text(TOY)
    spec = importlib.util.spec_from_file_location("regift.queries.toy_issue", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(queries.ALL, "toy_issue", module.TYPOLOGY)


@pytest.mark.usefixtures("toy")
def test_find_rank_explain_export_and_settings_know_it(tmp_path: Path) -> None:
    place = str(tmp_path / "w")
    (tmp_path / "gifts.csv").write_text(GIFTS)
    assert run("-w", place, "load", str(tmp_path / "gifts.csv"), "--table", "gifts").code == 0
    refreshed = run("-w", place, "refresh")
    assert "toy_issue: 1 findings" in refreshed.stderr

    finding = json.loads(run("-w", place, "find", "toy_issue", "--json").stdout)
    assert (finding["records"], finding["clause"]) == (["i1"], "R1")
    assert run("-w", place, "find", "toy_issue", "--set", "least=1", "--json").stdout == ""

    ranked = json.loads(run("-w", place, "rank", "--json", "--top", "1").stdout)
    assert [reason["term"] for reason in ranked["reasons"]] == ["toy_issue"]
    explained = json.loads(run("-w", place, "explain", finding["finding"], "--json").stdout)
    assert explained["typology"] == "toy_issue"
    exported = run("-w", place, "export", "findings", "--format", "jsonl", "-o", "-")
    assert json.loads(exported.stdout.splitlines()[-1])["typology"] == "toy_issue"
    assert "toy_issue" in run("typology", "list", "-w", place).stdout
    assert "smallest place" in run("typology", "show", "toy_issue", "-w", place).stdout
    assert "typology.toy_issue.least" in run("config", "show", "-w", place).stdout


@pytest.mark.usefixtures("toy")
def test_documents_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    generate = importlib.import_module("generate")
    assert "an item is issued" in generate.typologies_page()

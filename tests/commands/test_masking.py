"""Identifiers are masked unless asked for, and who asked is in the audit log."""

import json
import sqlite3
from pathlib import Path

from command_line import run

from regift.graph.workspace import Workspace


def test_identifiers_are_masked_and_asking_is_noted(tmp_path: Path) -> None:
    place = str(tmp_path / "w")
    rows = tmp_path / "identifiers.csv"
    rows.write_text("account,kind,value\nann,phone,13912345678\nbob,phone,13912345678\n")
    assert run("-w", place, "load", str(rows), "--table", "identifiers").code == 0
    assert run("-w", place, "refresh").code == 0

    ran = run("-w", place, "link", "explain", "ann", "bob", "--json")
    assert ran.code == 0
    assert json.loads(ran.stdout)["identifiers"][0]["value"] == "13*******78"

    ran = run("-w", place, "link", "explain", "ann", "bob", "--json", "--identifiers")
    assert ran.code == 0
    assert json.loads(ran.stdout)["identifiers"][0]["value"] == "13912345678"
    with sqlite3.connect(Workspace(Path(place)).casebook) as casebook:
        noted = casebook.execute("SELECT action, payload FROM audit").fetchall()
    casebook.close()
    assert [(action, json.loads(payload)) for action, payload in noted[1:]] == [
        ("identifiers shown", {"a": "ann", "b": "bob"})
    ]
    assert run("-w", place, "audit", "verify").code == 0

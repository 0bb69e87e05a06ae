"""A measure approved, or reversed, between two refreshes: what a full one says, each time."""

from pathlib import Path

from build import time_us
from workspaces import GIFTS, everything, manifest, put, select

from regift.enforcement import measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Handed, Planned
from regift.graph.workspace import Workspace
from regift.refresh.run import refresh

FOUND = "SELECT anchor[1] FROM findings WHERE detail ->> '$.form' = 'successor' ORDER BY 1"


def mode(workspace: Workspace) -> str:
    """How the last refresh looked for it."""
    ran = {each["typology"]: each["mode"] for each in manifest(workspace).run["typologies"]}
    return str(ran["evasion"])


def same_as_full(workspace: Workspace) -> None:
    found = everything(workspace)
    refresh(workspace, full=True)
    assert everything(workspace) == found


def measure(workspace: Workspace, account: str, since: str) -> int:
    with Casebook.open(workspace.casebook, "ann") as one:
        (number,) = measures.plan(one, [Planned(account, "notice", "R4", "test")], EXAMPLE_RULES)
        measures.approve(one, [number], "test", EXAMPLE_RULES)
        measures.export(one, [Handed(number, time_us(since))], "test")
    return number


def test_a_measure_between_two_refreshes(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    put(
        workspace, "gifts", GIFTS,
        "g1,2026-01-01T00:00:00Z,brand,a,x,issue", "g2,2026-01-02T00:00:00Z,a,c,x,sale",
        "g3,2026-01-11T00:00:00Z,brand,b,y,issue", "g4,2026-01-12T00:00:00Z,b,c,y,sale",
    )  # fmt: skip
    put(workspace, "identifiers", "account,kind,value", "a,device,d", "b,device,d")
    refresh(workspace)
    assert select(workspace, FOUND) == []
    number = measure(workspace, "a", "@9d")
    assert refresh(workspace).fresh
    assert mode(workspace) == "whole"
    assert select(workspace, FOUND) == [("b",)]
    same_as_full(workspace)
    put(workspace, "gifts", GIFTS, "g5,2026-01-05T00:00:00Z,c,b,x,gift")
    refresh(workspace)
    assert select(workspace, FOUND) == [], "it was there before"
    same_as_full(workspace)
    put(workspace, "accounts", "account,opened_at", "b,2026-01-11T00:00:00Z")
    refresh(workspace)
    assert select(workspace, FOUND) == [("b",)], "it was opened later"
    same_as_full(workspace)
    measure(workspace, "b", "@20d")
    refresh(workspace)
    assert select(workspace, FOUND) == [("b",)], "it was measured after that"
    with Casebook.open(workspace.casebook) as casebook:
        measures.reverse(casebook, number, "wrong")
    refresh(workspace)
    assert select(workspace, FOUND) == []
    same_as_full(workspace)

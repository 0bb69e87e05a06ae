"""A review, another scope, another collection: a refresh of what changed equals a full one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import everything, manifest, put, select

from regift.enforcement import certificates
from regift.enforcement.casebook import Casebook
from regift.graph.workspace import Workspace
from regift.refresh.run import refresh

PAPER = "account,partner_company,filing_number,valid_from,valid_to,scope"
FINDINGS = (
    "SELECT anchor[2], detail ->> '$.reason' FROM findings WHERE typology = 'uncertified_issue' "
    "ORDER BY ALL"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two brands sell one item of each of two collections; both have a certificate."""
    workspace = Workspace.create(tmp_path / "w")
    put(workspace, "accounts", "account,kind", "b1,official_account", "b2,official_account")
    items = (f"x{n}{c},{c},b{n}" for n in (1, 2) for c in "cd")
    put(workspace, "items", "item,collection,issuer", *items)
    gifts = (
        f"g{n}{c},2026-01-0{4 + n}T00:00:00Z,b{n},ann,x{n}{c},issue,5.00,CNY"
        for n in (1, 2) for c in "cd"
    )  # fmt: skip
    put(workspace, "gifts", "record_id,at,source,target,item,kind,price,currency", *gifts)
    papers = (f"b{n},chain,F{n},2026-01-01,2026-02-01,collection:c;collection:d" for n in (1, 2))
    put(workspace, "certificates", PAPER, *papers)
    refresh(workspace)
    return workspace


def review(workspace: Workspace, verdict: str) -> None:
    with Casebook.open(workspace.casebook) as casebook:
        certificates.review(casebook, "b1", "F1", verdict, "test")


def narrower(workspace: Workspace) -> None:
    row = "b2,chain,F2,2026-01-01,2026-02-01,collection:c"
    put(workspace, "certificates", PAPER, row, action="replace", reason="read again")


def another_collection(workspace: Workspace) -> None:
    header = "item,collection,issuer"
    put(workspace, "items", header, "x1d,e,b1", action="replace", reason="typed wrong")


def refused(workspace: Workspace) -> None:
    review(workspace, "refused")


def accepted(workspace: Workspace) -> None:
    review(workspace, "accepted")


STEPS: tuple[tuple[Callable[[Workspace], None], list[tuple[str, str]]], ...] = (
    (refused, [("g1c", "refused")]),
    (narrower, [("g1c", "refused"), ("g2d", "out_of_scope")]),
    (another_collection, [("g1c", "refused"), ("g1d", "none"), ("g2d", "out_of_scope")]),
    (accepted, [("g1d", "out_of_scope"), ("g2d", "out_of_scope")]),
)


def test_incremental_is_full(workspace: Workspace) -> None:
    assert select(workspace, FINDINGS) == []
    for step, wanted in STEPS:
        step(workspace)
        refresh(workspace)
        ran = {r["typology"]: r["mode"] for r in manifest(workspace).run["typologies"]}
        assert ran["uncertified_issue"] == "touched", step.__name__
        assert select(workspace, FINDINGS) == wanted, step.__name__
        found = everything(workspace)
        refresh(workspace, full=True)
        assert everything(workspace) == found, step.__name__
    again = refresh(workspace)
    assert not again.fresh, "nothing changed"

"""One change at a time: what it must reach, and what the run and the history must still say."""

import dataclasses
from pathlib import Path

import pytest
from workspaces import GIFTS, TRANSFERS, everything, manifest, put, select

from regift.graph.workspace import Workspace
from regift.queries import ALL
from regift.refresh.run import refresh, truncated_of


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def test_a_middleman_that_turns_out_a_merchant_ends_the_route(workspace: Workspace) -> None:
    """He is on no gift, so no item is touched: the search depends on kinds of accounts itself."""
    put(
        workspace, "gifts", GIFTS,
        "i,2026-01-01T00:00:00Z,brand,ann,x,issue",
        "g,2026-01-02T00:00:00Z,ann,bob,x,gift",
    )  # fmt: skip
    put(
        workspace, "transfers", TRANSFERS,
        "p,2026-01-02T01:00:00Z,bob,mid,100,CNY,payment",
        "q,2026-01-02T02:00:00Z,mid,ann,95,CNY,payment",
    )  # fmt: skip
    refresh(workspace)
    paid = "SELECT count(*) FROM findings WHERE typology = 'paid_gift'"
    assert select(workspace, paid) == [(1,)]
    put(workspace, "accounts", "account,kind", "mid,merchant")
    refresh(workspace)
    assert select(workspace, paid) == [(0,)]
    found = everything(workspace)
    refresh(workspace, full=True)
    assert everything(workspace) == found


def test_findings_carried_over_take_their_cuts_along(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regift.queries.slices.FINDINGS", 1)
    workspace.settings_file.write_text('[typology.money_cycle]\ngroup = "instance"\n')
    put(
        workspace, "transfers", TRANSFERS,
        *(f"{pair}{n},2026-01-0{n}T00:00:00Z,{pair[0]},{pair[1]},9,CNY,payment"
          for n in (1, 2) for pair in ("ab", "ba")),
    )  # fmt: skip
    put(workspace, "transfers", TRANSFERS, "ba3,2026-01-03T00:00:00Z,b,a,9,CNY,payment")
    cut = refresh(workspace).truncated
    assert list(cut) == ["money_cycle"]
    put(workspace, "accounts", "account,kind", "a,personal")
    again = refresh(workspace)
    modes = {ran["typology"]: ran["mode"] for ran in again.manifest.run["typologies"]}
    assert modes["money_cycle"] == "carried"
    assert again.truncated == cut


def test_a_search_that_was_cut_runs_whole_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cut may lie in units that nothing touches now, and must not be forgotten with them."""
    put(workspace, "gifts", GIFTS, "g1,2026-01-01T00:00:00Z,brand,ann,x,issue")
    typology = ALL["custody_gap"]
    cut = {"budget": {"items": ["x"]}}
    monkeypatch.setitem(
        ALL,
        "custody_gap",
        dataclasses.replace(
            typology,
            find=lambda graph, params: dataclasses.replace(
                typology.find(graph, params),
                truncated=cut if graph.con.sql("FROM gifts WHERE item = 'x'").fetchall() else {},
            ),
        ),
    )
    refresh(workspace)
    put(workspace, "gifts", GIFTS, "g2,2026-01-01T00:00:00Z,brand,ann,y,issue")
    refresh(workspace)
    modes = {ran["typology"]: ran["mode"] for ran in manifest(workspace).run["typologies"]}
    assert (modes["custody_gap"], modes["multi_level_gift"]) == ("whole", "touched")
    assert truncated_of(manifest(workspace)) == {"custody_gap": cut}


@pytest.mark.parametrize("between", [False, True], ids=["one refresh", "a refresh after each"])
def test_the_history_names_the_load_that_replaced_each_row(
    workspace: Workspace, between: bool
) -> None:
    """However often it was refreshed meanwhile."""
    row = "t1,2026-01-01T00:00:00Z,ann,bob,{},CNY,payment"
    for action, amount, reason in (
        ("load", 5, None), ("replace", 6, "typing error"), ("withdraw", 0, "court order"),
        ("replace", 7, "court changed its mind"), ("withdraw", 0, "appeal"),
    ):  # fmt: skip
        header, text = (
            ("record_id", "t1") if action == "withdraw" else (TRANSFERS, row.format(amount))
        )
        put(workspace, "transfers", header, text, action=action, reason=reason)
        if between:
            refresh(workspace)
    refresh(workspace)
    history = "SELECT load, action, reason, row->>'amount_minor' FROM history ORDER BY ALL"
    assert select(workspace, history) == [
        ("L000002", "replace", "typing error", "500"),
        ("L000003", "withdraw", "court order", "600"),
        ("L000005", "withdraw", "appeal", "700"),
    ]
    assert select(workspace, "FROM withdrawn") == [("transfers", '["t1"]', "L000005")]


@pytest.mark.parametrize("folder", ["day=2026-01-01", "a [1]* it's 丹 %20#"])
def test_the_name_of_a_folder_changes_nothing(tmp_path: Path, folder: str) -> None:
    """`day=...` names a partition elsewhere, brackets and stars are patterns."""
    workspace = Workspace.create(tmp_path / folder / "w")
    for n in (1, 2):
        put(workspace, "gifts", GIFTS, f"g{n},2026-01-01T00:00:00Z,brand,ann,x{n},issue")
        put(workspace, "gifts", GIFTS, f"h{n},2026-01-02T00:00:00Z,ann,bob,x{n},gift")
        refresh(workspace)
    put(workspace, "gifts", "record_id", "g1", action="withdraw", reason="test")
    refresh(workspace)
    assert select(workspace, "SELECT record_id FROM custody ORDER BY 1") == [
        ("g2",), ("h1",), ("h2",)
    ]  # fmt: skip


def test_the_same_rows_are_the_same_bytes(workspace: Workspace, tmp_path: Path) -> None:
    """Whichever way they came: a generation's digests are of what it says, not of its history."""
    row = "g{0},2026-01-0{0}T00:00:00Z,brand,ann,x{1},gift"
    put(workspace, "gifts", GIFTS, *(row.format(n, n % 2) for n in (1, 2, 3)))
    refresh(workspace)
    put(workspace, "gifts", GIFTS, *(row.format(n, n % 2) for n in (6, 5, 4)))
    put(workspace, "accounts", "account,kind", "ann,personal")
    refresh(workspace)
    parts = manifest(workspace).segments
    refresh(workspace, full=True)
    assert manifest(workspace).segments == parts
    other = Workspace.create(tmp_path / "other" / "w")
    put(other, "accounts", "account,kind", "ann,personal")
    put(other, "gifts", GIFTS, *(row.format(n, n % 2) for n in range(1, 7)))
    refresh(other)
    assert manifest(other).segments == parts
    assert manifest(other).digests["records"] == manifest(workspace).digests["records"]


def test_items_that_never_moved_are_not_counted_as_run(workspace: Workspace) -> None:
    """`status` said 3 of 1 items."""
    put(workspace, "gifts", GIFTS, "g1,2026-01-01T00:00:00Z,brand,ann,x,issue")
    refresh(workspace)
    put(workspace, "items", "item,issuer", "x,brand", "y,brand", "z,brand")
    run = refresh(workspace).manifest.run
    assert (run["items_run"], run["items_total"]) == (1, 1)

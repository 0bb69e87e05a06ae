"""An account that is forgotten: in no file any more, and the chains of others stay."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from workspaces import GIFTS, TRANSFERS, everything, manifest, put, select

from regift.enforcement import allow_list, forgetting
from regift.enforcement.casebook import Casebook
from regift.graph.keyed import key_of, tombstone
from regift.graph.store import open_snapshot, published
from regift.graph.workspace import Workspace
from regift.loaders.errors import RegiftError, UsageError
from regift.refresh import forget
from regift.refresh.run import refresh
from regift.refresh.settings import read_settings
from regift.refresh.verify import verify

GONE = "礼'物\"🎁-7"
"""An id with everything that has to be quoted somewhere."""

CSV = '"礼\'物""🎁-7"'
SECRET = "+86 139 secret"

ROWS: dict[str, tuple[str, list[str]]] = {
    "gifts": (
        GIFTS,
        [
            "i,2026-01-01T00:00:00Z,brand,ann,x,issue",
            f"g1,2026-01-02T00:00:00Z,ann,{CSV},x,gift",
            f"g2,2026-01-03T00:00:00Z,{CSV},bob,x,gift",
            "g3,2026-01-04T00:00:00Z,bob,cat,x,gift",
            f"g4,2026-01-05T00:00:00Z,{CSV},eve,y,issue",
            "g5,2026-01-06T00:00:00Z,eve,bob,y,gift",
        ],
    ),
    "transfers": (
        TRANSFERS,
        [
            f"t1,2026-01-02T01:00:00Z,{CSV},ann,100,CNY,payment",
            f"t2,2026-01-03T01:00:00Z,bob,{CSV},101,CNY,payment",
            "t3,2026-01-04T01:00:00Z,cat,bob,102,CNY,payment",
        ],
    ),
    "accounts": (
        "account,kind,operator,name",
        [f"{CSV},personal,op,A Person", f"brand,official_account,{CSV},Brand", "bob,,,Bob"],
    ),
    "items": ("item,collection,issuer", [f"y,c,{CSV}", "x,c,brand"]),
    "identifiers": (
        "account,kind,value",
        [f"{CSV},phone,{SECRET}", f"{CSV},device,d1", "eve,device,d9", "dan,device,d9"],
    ),
    "certificates": (
        "account,partner_company,filing_number,valid_from",
        [f"{CSV},Chain Ltd,F1,2025-01-01T00:00:00Z", "brand,Chain,F2,2025-01-01T00:00:00Z"],
    ),
    "labels": (
        "account,at,code,origin,note",
        [f"{CSV},2026-01-02T00:00:00Z,spam,us,a note", "bob,2026-01-02T00:00:00Z,spam,us,b"],
    ),
}


def load_all(workspace: Workspace) -> None:
    for table, (header, rows) in ROWS.items():
        put(workspace, table, header, *rows)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A world in which the account is everywhere: corrected, withdrawn, rejected, decided."""
    made = Workspace.create(tmp_path_factory.mktemp("forget") / "w")
    load_all(made)
    refresh(made)
    why = {"action": "replace", "reason": f"{GONE} called"}
    put(made, "gifts", GIFTS + ",price,currency", f"g2,2026-01-03T00:00:00Z,{CSV},bob,x,gift,9,CNY",
        **why)  # fmt: skip
    put(made, "accounts", ROWS["accounts"][0], f"{CSV},personal,op,Another Name", **why)
    gone = {"action": "withdraw", "reason": "wrong"}
    put(made, "identifiers", "account,kind,value", f"{CSV},device,d1", **gone)
    put(made, "certificates", ",".join(ROWS["certificates"][0].split(",")[i] for i in (0, 2, 3)),
        f"{CSV},F1,2025-01-01T00:00:00Z", **gone)  # fmt: skip
    put(made, "gifts", GIFTS, f"bad,never,{CSV},bob,x,gift", max_bad="1")
    with Casebook.open(made.casebook) as casebook:
        casebook.judge(GONE, "dan", "same", f"{GONE} and dan have one voice")
        allow_list.add(casebook, GONE, 4_000_000_000_000_000, "pays my rent")
    refresh(made)
    return made


@pytest.fixture
def workspace(built: Workspace, tmp_path: Path) -> Workspace:
    """The same, to be changed."""
    return Workspace(Path(shutil.copytree(built.root, tmp_path / "w", symlinks=True)))


def texts(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Everything that any file of the workspace says, by file; what is packed unpacked."""
    for path in sorted(workspace.root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = str(path.relative_to(workspace.root))
        with duckdb.connect() as con:
            if path.suffix == ".parquet":
                rows = con.sql(f"FROM read_parquet('{path}')").fetchall()
                yield name, repr(rows)
            elif path.suffix == ".duckdb":
                con.execute(f"ATTACH '{path}' AS g (READ_ONLY)")
                tables = con.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'g'"
                ).fetchall()
                yield name, repr([con.sql(f'FROM g."{table}"').fetchall() for (table,) in tables])
        yield name, path.read_bytes().decode("utf-8", "replace")


def naming(workspace: Workspace, *words: str) -> dict[str, list[str]]:
    """Files in which one of the words stands, as it is or as Python or JSON quote it."""
    found: dict[str, list[str]] = {}
    said = list(texts(workspace))
    for word in words:
        forms = {word, repr(word)[1:-1], json.dumps(word)[1:-1]}
        forms |= {json.dumps(word, ensure_ascii=False)[1:-1], word.replace('"', '""')}
        forms |= {repr(form)[1:-1] for form in forms}
        for name, text in said:
            if any(form in text for form in forms):
                found.setdefault(name, []).append(word)
    return found


def tomb(workspace: Workspace) -> str:
    return tombstone(key_of(workspace), GONE)


def renamed(rows: Any, workspace: Workspace) -> Any:
    """Rows of a test with the tombstone for the id."""
    return [tuple(tomb(workspace) if cell == GONE else cell for cell in row) for row in rows]


def test_no_file_names_it(workspace: Workspace) -> None:
    words = (GONE, SECRET, "A Person", "Another Name", "a note", "pays my rent", "one voice")
    before = naming(workspace, *words)
    assert len(before) > 10
    assert {word for each in before.values() for word in each} == set(words)
    said: list[str] = []
    forget.ask(workspace, GONE, "they wrote")
    refresh(workspace, full=True, say=said.append)
    assert naming(workspace, *words) == {}
    assert "1 accounts are forgotten" in said[-1]
    assert "(1, 2)" in said[-1]
    assert published(workspace, manifest(workspace)) == [3]
    with Casebook.read(workspace.casebook) as casebook:
        casebook.verify([manifest(workspace).digests["casebook_head"]])
        (each,) = forgetting.listed(casebook.con)
    assert (each.account, each.state, each.generation) == (tomb(workspace), "done", 3)
    assert not verify(workspace).differences
    assert not refresh(workspace).fresh


def test_chains_of_others_stay(workspace: Workspace) -> None:
    sql = (
        "SELECT record_id, ord, source, target, rule, level, issuer, issuer_how, lower_bound, gap "
        "FROM custody ORDER BY ALL"
    )
    ledger = select(workspace, sql)
    assert any(GONE in row for row in ledger)
    forget.ask(workspace, GONE, "they wrote")
    refresh(workspace, full=True)
    assert sorted(select(workspace, sql)) == sorted(renamed(ledger, workspace))
    assert select(workspace, "FROM identifiers ORDER BY ALL") == [
        ("dan", "device", "d9", None, None),
        ("eve", "device", "d9", None, None),
    ]
    kinds = select(workspace, "SELECT account, kind, operator, name FROM accounts ORDER BY ALL")
    assert kinds == [
        ("bob", None, None, "Bob"),
        ("brand", "official_account", tomb(workspace), "Brand"),
        (tomb(workspace), "personal", None, None),
    ]
    assert select(workspace, "SELECT account FROM labels") == [("bob",)]
    assert select(workspace, "SELECT issuer FROM items ORDER BY item") == [
        ("brand",),
        (tomb(workspace),),
    ]
    history = select(workspace, 'SELECT tbl, key, reason, "row" FROM history')
    ((table, key, reason, row),) = [each for each in history if each[0] == "gifts"]
    assert (table, key, reason, json.loads(row)["source"]) == (
        *("gifts", '["g2"]', "", tomb(workspace)),
    )
    assert {each[0] for each in history} == {"gifts", "certificates"}


def test_it_is_what_a_world_with_the_tombstone_is(workspace: Workspace, tmp_path: Path) -> None:
    """Findings, cases and scores equal those of records that never had the id."""
    forget.ask(workspace, GONE, "they wrote")
    refresh(workspace, full=True)
    other = Workspace.create(tmp_path / "other")
    for table, (header, rows) in ROWS.items():
        kept = [row.replace(CSV, tomb(workspace)) for row in rows]
        if table in ("identifiers", "labels"):
            kept = [row for row in kept if tomb(workspace) not in row]
        kept = [row.replace("personal,op,A Person", "personal,,") for row in kept]
        if table == "certificates":
            kept = kept[1:]
        price = table == "gifts"
        kept = [
            f"{row},9,CNY" if row[:3] == "g2," else f"{row},," if price else row for row in kept
        ]
        put(other, table, header + ",price,currency" * price, *kept)
    with Casebook.open(other.casebook) as casebook:
        casebook.judge(tomb(workspace), "dan", "same", "x")
        allow_list.add(casebook, tomb(workspace), 4_000_000_000_000_000, "x")
    refresh(other)
    left, right = everything(workspace), everything(other)
    for each in (left, right):
        each["judgements"] = [row[:3] for row in each["judgements"]]
        each["allowed"] = [row[:2] for row in each["allowed"]]
        each["proposals"] = [
            tuple(cell.removesuffix("x") if isinstance(cell, str) else cell for cell in row)
            for row in each["proposals"]
        ]
    assert left["findings"]
    assert left == right


def test_loading_it_again_brings_nothing_back(workspace: Workspace) -> None:
    forget.ask(workspace, GONE, "they wrote")
    refresh(workspace, full=True)
    before = everything(workspace)
    again = {t: put(workspace, t, header, *rows) for t, (header, rows) in ROWS.items()
             if t not in ("gifts", "certificates")}  # fmt: skip
    assert {t: (r.accepted, r.rejected) for t, r in again.items()} == dict.fromkeys(again, (0, 0))
    assert again["identifiers"].notes == ("rows that name a forgotten account, left out: 2",)
    late = put(workspace, "gifts", GIFTS, f"g9,2026-02-01T00:00:00Z,bob,{CSV},x,gift")
    assert (late.accepted, late.rejected) == (1, 0)
    assert late.notes == ("rows that name a forgotten account, taken under its tombstone: 1",)
    clash = put(workspace, "gifts", GIFTS, f"g1,2026-01-02T00:00:00Z,{CSV},ann,x,gift",
                f"bad,never,x,{CSV},x,gift", max_bad="2")  # fmt: skip
    assert clash.rules == {"conflict": 1, "time_malformed": 1}
    refresh(workspace)
    assert naming(workspace, GONE, SECRET) == {}
    assert select(workspace, "SELECT target FROM gifts WHERE record_id = 'g9'") == [
        (tomb(workspace),)
    ]
    put(workspace, "gifts", "record_id", "g9", action="withdraw", reason="late")
    refresh(workspace)
    after = everything(workspace)
    assert {t: rows for t, rows in after.items() if t != "history"} == before


def test_a_kill_before_the_end_is_made_good(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget.ask(workspace, GONE, "they wrote")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("regift.refresh.forget.remove_older", killed)
        with pytest.raises(KeyboardInterrupt):
            refresh(workspace, full=True)
    assert "generations/000002.duckdb" in naming(workspace, GONE)
    made = everything(workspace)
    # A load that began before the generation was there still has the id.
    refresh(workspace)
    assert naming(workspace, GONE) == {}
    assert everything(workspace) == made
    with Casebook.read(workspace.casebook) as casebook:
        assert forgetting.waiting(casebook.con) == []


def test_what_was_staged_meanwhile_is_rewritten(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loads do not wait for a refresh: one may come in while the accounts are being forgotten."""
    forget.ask(workspace, GONE, "they wrote")
    finish = forget._erase_loads
    new = "SELECT source FROM gifts WHERE record_id = 'g8'"

    def late(*given: Any) -> None:
        with monkeypatch.context() as patch:  # as if it had read the manifest before
            patch.setattr("regift.graph.staging.current_manifest", lambda _: None)
            put(workspace, "gifts", GIFTS, f"g8,2026-02-01T00:00:00Z,{CSV},bob,x,gift")
            put(workspace, "identifiers", "account,kind,value", f"{CSV},phone,{SECRET}2")
        finish(*given)

    monkeypatch.setattr(forget, "_erase_loads", late)
    refresh(workspace, full=True)
    assert naming(workspace, GONE, SECRET) == {}
    refresh(workspace)
    assert select(workspace, new) == [(tomb(workspace),)]
    assert naming(workspace, GONE, SECRET) == {}


def test_a_reader_keeps_its_generation_until_it_ends(workspace: Workspace) -> None:
    forget.ask(workspace, GONE, "they wrote")
    said: list[str] = []
    with open_snapshot(workspace, read_settings(workspace), manifest(workspace)) as graph:
        refresh(workspace, full=True, say=said.append)
        assert said[-1] == (
            "not yet forgotten: generations 2 are being read; the next refresh goes on"
        )
        assert graph.con.execute("SELECT count(*) FROM gifts WHERE source = $1", [GONE]).fetchone()
        assert published(workspace, manifest(workspace)) == [2, 3]
    refresh(workspace, say=said.append)
    assert naming(workspace, GONE, SECRET) == {}
    assert published(workspace, manifest(workspace)) == [3]


def test_a_refresh_that_is_not_full_waits_and_says_so(workspace: Workspace) -> None:
    forget.ask(workspace, GONE, "they wrote")
    said: list[str] = []
    refresh(workspace, say=said.append)
    assert said[-1] == "1 accounts wait to be forgotten: `regift refresh --full` does it"
    assert select(workspace, "SELECT count(*) FROM gifts WHERE source = 'bob'") == [(1,)]
    assert naming(workspace, SECRET)


def test_what_is_named_nowhere_and_a_lost_key(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match=r"nothing in .* names the account 'nobody'"):
        forget.ask(workspace, "nobody", "x")
    forget.ask(workspace, GONE, "they wrote")
    refresh(workspace, full=True)
    with pytest.raises(UsageError, match="nothing in"):
        forget.ask(workspace, GONE, "again")
    (workspace.root / "key").unlink()
    with pytest.raises(RegiftError, match="key is missing: restore it from a backup"):
        put(workspace, "gifts", GIFTS, f"g8,2026-02-01T00:00:00Z,{CSV},bob,x,gift")

"""The audit log: whatever is changed past regift is found, and the row is named."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from casebooks import CLEARED, book, case, changed, filled, tables

from regift.enforcement import dossiers
from regift.enforcement.audit_log import chained, digest_of_text
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.heads import heads_in
from regift.enforcement.migrations import MIGRATIONS
from regift.enforcement.replay import TABLES, check_tables, erase
from regift.graph import workspace
from regift.loaders.errors import BadFile, RegiftError, UsageError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "casebook.sqlite"
    filled(path)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "casebook.sqlite"))


def said(path: Path, *heads: str) -> str:
    """What verify has against a casebook."""
    with Casebook.open(path) as casebook, pytest.raises(RegiftError) as error:
        casebook.verify(heads)
    return str(error.value)


def checked(casebook: Casebook) -> None:
    """What verify does, inside of a transaction."""
    casebook.check_chain()
    check_tables(casebook)


def cells(path: Path) -> list[tuple[str, str, int]]:
    """Every cell of every table: (table, column, rowid)."""
    con = sqlite3.connect(path)
    found = [
        (table, column, rowid)
        for table in ("audit", *TABLES)
        for (column,) in con.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        for (rowid,) in con.execute(f"SELECT rowid FROM {table}").fetchall()
    ]
    con.close()
    return found


def test_a_casebook_with_everything_in_it_verifies(path: Path) -> None:
    with Casebook.open(path) as casebook:
        assert casebook.verify([casebook.head()]) == len(casebook.rows())
    assert all(tables(path)[table] for table in TABLES), "a table without a row tests nothing"


def test_every_cell_that_is_changed_is_found(path: Path) -> None:
    """Each cell of each row of each table, once: a text longer, a number one more, null no null."""
    everything = cells(path)
    assert len({(table, column) for table, column, _ in everything}) > 60
    with Casebook.open(path) as casebook:
        for table, column, rowid in everything:
            casebook.con.execute("BEGIN")
            casebook.con.execute("PRAGMA ignore_check_constraints = ON")
            casebook.con.execute(
                f"UPDATE {table} SET {column} = CASE typeof({column}) WHEN 'text' "
                f"THEN {column} || 'x' WHEN 'null' THEN 1 ELSE {column} + 1000 END "
                "WHERE rowid = ?",
                (rowid,),
            )
            with pytest.raises(RegiftError) as error:
                checked(casebook)
            casebook.con.execute("ROLLBACK")
            named = "audit row" if table == "audit" else f"of {table} is not what the log says"
            assert named in str(error.value), (table, column, rowid)


@pytest.mark.parametrize("table", ["audit", *TABLES])
def test_a_row_that_is_gone_or_added_is_found(path: Path, table: str) -> None:
    copy = Path(shutil.copy(path, path.with_name("copy.sqlite")))
    changed(path, f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    assert table in said(path)
    key = TABLES.get(table, "seq").split(",")[0]
    columns = [
        name
        for (name,) in sqlite3.connect(copy).execute(
            "SELECT name FROM pragma_table_info(?)", (table,)
        )
    ]
    values = ", ".join(f"{c} + 1000" if c == key else c for c in columns)
    changed(
        copy,
        f"INSERT INTO {table} SELECT {values} FROM {table} "
        f"WHERE rowid = (SELECT max(rowid) FROM {table})",
    )
    assert table in said(copy)


def test_a_trigger_is_found(path: Path) -> None:
    changed(
        path,
        "CREATE TRIGGER quiet AFTER INSERT ON measures BEGIN "
        "DELETE FROM measures WHERE number = new.number; END",
    )
    assert "the trigger quiet was changed past regift" in said(path)


def test_a_tail_that_was_cut_is_found_by_a_head_and_by_an_older_copy(path: Path) -> None:
    with Casebook.open(path) as casebook:
        casebook.note("export", {"list": "findings"})
        last, head = len(casebook.rows()), casebook.head()
    copy = Path(shutil.copy(path, path.with_name("copy.sqlite")))
    changed(path, f"DELETE FROM audit WHERE seq = {last}")
    with Casebook.open(path) as casebook:
        assert casebook.verify() == last - 1, "what is left is whole in itself"
        with pytest.raises(RegiftError, match=f"does not have {head[:12]}"):
            casebook.check_chain([head])
        with pytest.raises(RegiftError, match="rows are gone"):
            casebook.check_chain(heads_in(copy))


def test_a_log_that_was_written_anew_is_found_by_a_head(path: Path) -> None:
    """Whoever writes the file can make a whole chain that fits; not one with a head seen before."""
    with Casebook.open(path) as casebook:
        head = casebook.head()
    con = sqlite3.connect(path)
    con.execute("UPDATE audit SET actor = 'dan' WHERE actor = 'ann'")
    before = "0" * 64
    for row in con.execute("SELECT * FROM audit ORDER BY seq").fetchall():
        seq, at_us, who, action, payload, digest, _, nonce = row
        if payload is not None:
            digest = digest_of_text(nonce + payload)
        before = chained(before, seq, at_us, who, action, digest)
        con.execute("UPDATE audit SET digest = ?, hash = ? WHERE seq = ?", (digest, before, seq))
    con.commit()
    con.close()
    with Casebook.open(path) as casebook:
        casebook.check_chain()
        with pytest.raises(RegiftError, match="or all were written anew"):
            casebook.check_chain([head])


def test_erasing_takes_the_words_and_leaves_what_was_decided(path: Path) -> None:
    with book(path, "ann") as casebook:
        dossiers.note(casebook, case("a"), "her phone is 13912345678")
        note = casebook.rows()[-1].seq
        decision = next(row.seq for row in casebook.rows() if row.action == "case decide")
        head = casebook.head()
        before = dossiers.get(casebook, 1)
        erase(casebook, note, "asked for")
        erase(casebook, decision, "names a person")
        assert casebook.verify([head]) == note + 2
        after = dossiers.get(casebook, 1)
        assert (after.state, after.measure, after.reason) == (before.state, before.measure, "")
        assert [act["words"] for act in dossiers.acts(casebook, 1)][-1] == ""
        assert casebook.state().measured[0][0] == "ann"
        for row in (note, 10_000, casebook.rows()[-1].seq):
            with pytest.raises(UsageError, match="cannot be erased"):
                erase(casebook, row, "again")
    for file in path.parent.iterdir():
        assert b"13912345678" not in file.read_bytes()
        assert b"they sold it on" not in file.read_bytes() or file == path


def test_a_payload_that_nobody_erased_is_missed(path: Path) -> None:
    changed(path, "UPDATE audit SET payload = NULL, nonce = '' WHERE seq = 3")
    assert "audit row 3" in said(path)
    assert "has lost its payload" in said(path)


def test_a_clock_that_goes_back_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = workspace.now_us() + 1_000_000_000_000
    with book(path, "ann") as casebook:
        monkeypatch.setattr(workspace, "now_us", lambda: last)
        casebook.note("export", {})
        before = tables(path)
        monkeypatch.setattr(workspace, "now_us", lambda: last - 60_000_001)
        with pytest.raises(RegiftError, match="regift audit clock"):
            dossiers.decide(casebook, case("d"), CLEARED, EXAMPLE_RULES)
        assert tables(path) == before
        monkeypatch.setattr(workspace, "now_us", lambda: last - 60_000_000)
        casebook.note("export", {})
        row = casebook.rows()[-1]
        assert (row.at_us, row.payload) == (last, {"clock_behind_us": 60_000_000})
        monkeypatch.setattr(workspace, "now_us", lambda: last - 900_000_000_000)
        casebook.accept_clock("the machine was in the future")
        casebook.note("export", {})
        assert casebook.rows()[-1].at_us == last - 900_000_000_000
        casebook.verify()


def test_a_file_of_the_first_version_is_brought_on(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    payload = '{"a": "x", "b": "y", "reason": "r", "verdict": "same"}'
    digest = digest_of_text(payload)
    head = chained("0" * 64, 1, 5, "ann", "link judge", digest)
    changed(
        path,
        *MIGRATIONS[0].split(";"),
        f"INSERT INTO audit VALUES (1, 5, 'ann', 'link judge', '{payload}', '{digest}', '{head}')",
        "INSERT INTO judgements VALUES (1, 'x', 'y', 'same', 'r')",
        "PRAGMA user_version = 1",
    )
    with Casebook.open(path) as casebook:
        assert casebook.verify([head]) == 1
        dossiers.note(casebook, case("a"), "new")
        assert casebook.verify([head]) == 3
        assert casebook.judgements() == [("x", "y", "same", 1)]
    changed(path, "PRAGMA user_version = 99")
    with pytest.raises(RegiftError, match="newer regift"):
        Casebook.open(path)


def test_a_damaged_page_is_found(path: Path) -> None:
    """Zeros over any page but the first, which SQLite needs to open the file at all."""
    content = path.read_bytes()
    assert len(content) > 12 * 4096
    for page in range(1, len(content) // 4096):
        begin = page * 4096
        path.write_bytes(content[:begin] + bytes(4096) + content[begin + 4096 :])
        said(path)


def test_a_listing_writes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = path.with_name("100% ? none.sqlite")
    with Casebook.read(missing) as casebook:
        assert (casebook.rows(), dossiers.listed(casebook), casebook.verify()) == ([], [], 0)
    assert not missing.exists()
    moved = path.rename(missing)
    with Casebook.read(moved) as casebook:
        rows = len(casebook.rows())
    monkeypatch.setattr("os.access", lambda *_: False)
    with Casebook.read(moved) as casebook:
        assert casebook.verify() == rows
        with pytest.raises(RegiftError, match="nothing was changed"):
            casebook.note("export", {})
    assert len(heads_in(moved)) == rows
    assert [file.name for file in path.parent.iterdir()] == [moved.name]
    moved.with_name(f"{moved.name}-wal").write_bytes(b"rows")
    with pytest.raises(RegiftError, match="open it there once"):
        Casebook.read(moved)


def test_a_file_without_a_head_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("nothing")
    with pytest.raises(BadFile, match="names no head"):
        heads_in(file)
    with pytest.raises(RegiftError, match="No such file"):
        heads_in(tmp_path / "gone")

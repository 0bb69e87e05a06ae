"""Readers and left-overs: what is open stays, what was never current is no generation."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from workspaces import GIFTS, everything, manifest, put, select

from regift.enforcement.casebook import Casebook, Decisions
from regift.graph.collect_garbage import collect_garbage
from regift.graph.store import current_manifest, manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.errors import RegiftError, UsageError
from regift.refresh.run import refresh
from regift.refresh.settings import read_settings

RECORDS = "SELECT count(*), max(record_id) FROM gifts"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def gift(workspace: Workspace, number: int) -> None:
    """One more gift of one item, taken in."""
    put(workspace, "gifts", GIFTS, f"g{number:02d},2026-01-01T00:00:{number:02d}Z,brand,ann,x,gift")
    refresh(workspace)


def test_a_reader_keeps_its_generation_through_ten_refreshes_and_gc(workspace: Workspace) -> None:
    """It asks for a table for the first time when everybody else is ten generations on."""
    gift(workspace, 1)
    gift(workspace, 2)
    settings = read_settings(workspace)
    with open_snapshot(workspace, settings, manifest(workspace)) as reader:
        for number in range(3, 13):
            gift(workspace, number)
        removed, _ = collect_garbage(workspace, keep=1)
        assert reader.con.execute(RECORDS).fetchall() == [(2, "g02")]
        assert reader.con.execute("SELECT count(*) FROM custody").fetchall() == [(2,)]
        assert "generations/000001.json" in removed
        assert "generations/000002.json" not in removed
    assert select(workspace, RECORDS) == [(12, "g12")]
    removed, _ = collect_garbage(workspace, keep=1)
    assert {"generations/000002.json", "generations/000002.duckdb"} < set(removed)
    assert [path.name for path in workspace.generations.glob("*.json")] == ["000012.json"]


def test_a_generation_that_gc_took_between_manifest_and_reading_is_named(
    workspace: Workspace,
) -> None:
    gift(workspace, 1)
    first = manifest(workspace)
    gift(workspace, 2)
    collect_garbage(workspace, keep=1)
    with pytest.raises(RegiftError, match="generation 1 was removed"):
        open_snapshot(workspace, read_settings(workspace), first)


def test_a_generation_that_never_became_current_is_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between manifest and switch; it is not to be read, not kept, and made anew."""
    gift(workspace, 1)
    with monkeypatch.context() as patch:
        patch.setattr("regift.graph.store.os.replace", _switch_fails)
        with pytest.raises(KeyboardInterrupt):
            gift(workspace, 2)
    assert (workspace.generations / "000002.json").exists()
    with pytest.raises(UsageError, match=r"generation 2 is not kept.*there are 1"):
        manifest_of(workspace, 2)
    removed, _ = collect_garbage(workspace, keep=5)
    assert {"generations/000002.json", "generations/000002.duckdb"} <= set(removed)
    assert any(name.startswith(".current.") for name in removed)
    assert refresh(workspace).manifest.number == 2
    assert select(workspace, RECORDS) == [(2, "g02")]


def _switch_fails(source: Path, target: Path) -> None:
    if target.name == "current":
        raise KeyboardInterrupt
    source.rename(target)


def test_current_that_was_lost_in_a_copy_is_not_taken_for_a_new_workspace(
    workspace: Workspace,
) -> None:
    gift(workspace, 1)
    gift(workspace, 2)
    workspace.current.unlink()
    with pytest.raises(RegiftError, match=r"ln -sfn generations/000002.json current"):
        refresh(workspace)
    workspace.current.write_bytes((workspace.generations / "000002.json").read_bytes())
    with pytest.raises(RegiftError, match="lost in a copy"):
        current_manifest(workspace)


def test_a_workspace_whose_making_was_interrupted_is_finished(tmp_path: Path) -> None:
    root = tmp_path / "w"
    (root / "generations").mkdir(parents=True)
    (root / ".regift.toml.17").write_text("[time]")
    workspace = Workspace.create(root)
    gift(workspace, 1)
    assert everything(workspace)["gifts"][0][0] == "g01"
    (tmp_path / "other" / "segments").mkdir(parents=True)
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="no workspace"):
        Workspace.create(tmp_path / "other")
    with pytest.raises(UsageError, match=r"\? in its name"):
        Workspace.create(tmp_path / "what?")


def test_many_open_a_new_casebook_at_once(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    together = Barrier(8)

    def judge(number: int) -> int:
        together.wait()
        casebook = Casebook.open(path)
        try:
            return casebook.judge("ann", f"bob{number}", "same", "test")
        finally:
            casebook.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(judge, range(8))) == list(range(1, 9))
    casebook = Casebook.open(path)
    assert casebook.verify() == 8
    casebook.close()


def test_a_judgement_between_two_questions_is_in_both_answers_or_in_none(tmp_path: Path) -> None:
    """Else a generation names an audit head that covers a judgement it does not know."""
    path = tmp_path / "casebook.sqlite"
    reader, writer = Casebook.open(path), Casebook.open(path)
    asked = reader.judgements

    def judgements_then_another() -> list[tuple[str, str, str, int]]:
        found = asked()
        writer.judge("ann", "bob", "same", "test")
        return found

    before = reader.head()
    reader.judgements = judgements_then_another  # type: ignore[method-assign]
    assert reader.state() == Decisions([], [], [], [], [], [], before)
    reader.judgements = asked  # type: ignore[method-assign]
    judged = [("ann", "bob", "same", 1)]
    assert reader.state() == Decisions(judged, [], [], [], [], [], writer.head())
    reader.close()
    writer.close()


def test_gc_leaves_the_scratch_of_work_that_goes_on(workspace: Workspace) -> None:
    refresh(workspace)
    left = workspace.root / "scratch" / "load-1-1"
    with workspace.scratch("retry") as held:
        (held / "mended.csv").write_text("x\n")
        left.mkdir()
        assert collect_garbage(workspace, keep=1)[0] == ["scratch/load-1-1"]
        assert (held / "mended.csv").is_file()
        assert not left.exists()
    assert not held.exists()

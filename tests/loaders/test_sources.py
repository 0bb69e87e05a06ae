"""Where records come from: packed files, folders, standard input, several files at once."""

import gzip
import io
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from loaders_reading import HEAD, ROW, Read, read_bytes

from regift.loaders import sources
from regift.loaders.errors import BadFile, UsageError

GOOD = f"{HEAD}\n{ROW}\n".encode()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return sink.getvalue().to_pybytes()


def test_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_STEP", 16)
    two = gzip.compress(GOOD) + gzip.compress(b"g2,2026-01-01,a,b,x,gift\n")
    for name, content, many in (
        ("a.csv.gz", gzip.compress(GOOD), 1),
        ("b.csv.zst", zstd(GOOD), 1),
        ("c.CSV.GZ", two, 2),
    ):
        found = read_bytes(tmp_path, content, name=name)
        assert len(found.column("record_id")) == many
        assert found.reading.files == [str(tmp_path / name)]
    lines = b'{"record_id":1,"at":"2026-01-01","source":1,"target":2,"item":3,"kind":"gift"}'
    assert read_bytes(tmp_path, gzip.compress(lines), name="d.jsonl.gz").column("item") == ["3"]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_damaged_packing(tmp_path: Path, name: str) -> None:
    content = gzip.compress(GOOD * 100) if name.endswith("gz") else zstd(GOOD * 100)
    for damaged in (content[: len(content) // 2], b"no such thing"):
        with pytest.raises(BadFile, match=r"a\.csv"):
            read_bytes(tmp_path, damaged, name=name)


def test_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name, record in (("b.csv", "g2"), ("a.csv", "g1"), ("sub/c.csv", "g3")):
        (folder / name).write_bytes(GOOD.replace(b"g1", record.encode()))
    (folder / ".hidden").write_bytes(b"")
    found = Read([str(folder), str(folder / "a.csv")], "gifts", tmp_path)
    assert found.rows("record_id, _file") == [("g1", 0), ("g2", 1), ("g3", 2), ("g1", 3)]
    names = [str(folder / name) for name in ("a.csv", "b.csv", "sub/c.csv", "a.csv")]
    assert found.reading.files == names
    assert found.reading.raw(2, [0]) == [ROW.replace("g1", "g3")]
    (folder / "notes.docx").write_bytes(b"")
    with pytest.raises(BadFile, match=r"notes\.docx: unknown kind of file; known are \.csv"):
        Read([str(folder)], "gifts", tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for named, says in (
        ([str(tmp_path / "no.csv")], "no such file or folder"),
        ([str(tmp_path / "empty")], "the folder holds no file"),
        ([], "no file given"),
    ):
        with pytest.raises(UsageError, match=says):
            Read(named, "gifts", tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b'{"record_id":"g1","at":"2026-01-01T00:00:00Z","source":"a","target":"b","item":"x",'
        b'"kind":"gift"}\n',
    ],
)
def test_standard_input(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    found = Read(["-"], "gifts", tmp_path)
    assert found.rows("record_id, item") == [("g1", "x")]
    assert found.reading.files == ["-"]


def test_notes_are_said_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"{HEAD},colour\n{ROW},red\n")
    found = Read([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], "gifts", tmp_path)
    assert found.reading.notes == ["ignored columns: colour (2 files)"]


def test_a_bad_second_file_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(GOOD)
    (tmp_path / "b.csv").write_bytes(b"")
    with pytest.raises(BadFile, match=r"b\.csv: the file is empty"):
        Read([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], "gifts", tmp_path)

"""Files that somebody broke: each is read, refused row by row, or refused in one clear error.

The corpus is made here: a sound file of each kind, and shapes known to be trouble. Hypothesis then
changes bytes of them. What must hold for all: no other exception than one of ours, every record
accepted, rejected or skipped, and nothing written but into the scratch folder.
"""

import functools
import gzip
import io
import json
import random
import tempfile
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loaders_reading import HEAD, ROW

from regift.loaders.errors import RegiftError
from regift.loaders.limits import Limits
from regift.loaders.read import Reading, ReadOptions, read
from regift.loaders.tables import TABLES

ROWS = [ROW.replace("g1", f"g{k}").split(",") for k in range(8)]
NAMES = HEAD.split(",")
CSV = "\n".join([HEAD, *map(",".join, ROWS), ""]).encode()
QUOTED = b"".join(b'"' + line.replace(b",", b'","') + b'"\r\n' for line in CSV.splitlines())
JSONL = "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in ROWS).encode()


def parquet(**options: object) -> bytes:
    out = io.BytesIO()
    columns = [pa.array([row[place] for row in ROWS]) for place in range(len(NAMES))]
    pq.write_table(pa.table(columns, names=NAMES), out, **options)
    return out.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (NAMES, *ROWS):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as packed:  # not packed: a changed byte is one of the XML
        plain = io.BytesIO()
        with zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as archive:
            for name in packed.namelist():
                archive.writestr(name, packed.read(name))
    return plain.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", CSV)
        made.writestr("b.jsonl", JSONL)
    return out.getvalue()


def zstd(content: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(content)
    return out.getvalue().to_pybytes()


@functools.cache
def corpus() -> dict[str, tuple[str, bytes]]:
    """(name of the file, content) by what it is."""
    return {
        "csv": ("f.csv", CSV),
        "quoted": ("f.csv", QUOTED),
        "tsv": ("f.tsv", CSV.replace(b",", b"\t")),
        "jsonl": ("f.jsonl", JSONL),
        "parquet": ("f.parquet", parquet()),
        "parquet_zstd": ("f.parquet", parquet(compression="zstd")),
        "parquet_plain": ("f.parquet", parquet(compression="none", use_dictionary=False)),
        "xlsx": ("f.xlsx", workbook()),
        "zip": ("f.zip", archive()),
        "gz": ("f.csv.gz", gzip.compress(CSV, mtime=0)),
        "zst": ("f.csv.zst", zstd(CSV)),
    }


def load(name: str, content: bytes, **options: object) -> Reading | RegiftError:
    """Read one file; an exception that is not ours is a failed test."""
    with tempfile.TemporaryDirectory() as place, duckdb.connect() as con:
        folder = Path(place)
        scratch = folder / "scratch"
        scratch.mkdir()
        (folder / name).write_bytes(content)
        limits = Limits(unpacked=64 << 20)
        try:
            given_options = ReadOptions(limits=limits, **options)
            reading = read(
                con, [str(folder / name)], TABLES["gifts"], given_options, scratch=scratch
            )
        except RegiftError as error:
            return error
        finally:
            assert {path.name for path in folder.iterdir()} == {"scratch", name}
        ((accepted,),) = con.execute("SELECT count(*) FROM accepted").fetchall()
        ((rejected,),) = con.execute("SELECT count(*) FROM rejects").fetchall()
        assert (accepted, rejected) == (reading.accepted, reading.rejected)
        records = sum(count.records for count in reading.counts)
        assert records == accepted + rejected + reading.skipped
        for place_of_file, file in enumerate(reading.counts):
            rows = con.execute(
                "SELECT _row FROM accepted WHERE _file = $1 ORDER BY _row", [place_of_file]
            ).fetchall()
            assert len(reading.raw(place_of_file, [row for (row,) in rows])) == file.accepted
        return reading


@pytest.mark.parametrize("kind", list(corpus()))
def test_the_sound_file_is_read(kind: str) -> None:
    reading = load(*corpus()[kind])
    assert isinstance(reading, Reading)
    assert reading.accepted == (16 if kind == "zip" else 8)


SPECIAL = [b"", b"\0", b'"', b'""', b"\n", b"\r", b",", b"\xff", b"\xef\xbb\xbf", b"\\", b"{", b"[",
           b"&#0;", b"<!", b"]]>", b"9" * 400, b"-", b"e9", b"\x1b[2J", b"PK\x05\x06"]  # fmt: skip


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of the corpus with a few of its bytes changed, cut, doubled or replaced."""
    name, content = corpus()[draw(st.sampled_from(list(corpus())))]
    made = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(made) - 1)))
        match draw(st.integers(0, 4)):
            case 0:
                made[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                made[at:at] = draw(st.sampled_from(SPECIAL))
            case 2:
                del made[at : at + draw(st.integers(1, 30))]
            case 3:
                made[at:at] = made[at : at + draw(st.integers(1, 30))]
            case 4:
                made[at] = (made[at] ^ 1 << draw(st.integers(0, 7))) if made else 0
    return name, bytes(made)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(file=changed())
def test_changed_files(file: tuple[str, bytes]) -> None:
    load(*file)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pieces=st.lists(st.sampled_from([*SPECIAL, HEAD.encode(), ROW.encode(), b" ", b"\t"])),
    name=st.sampled_from([name for name, _ in corpus().values()]),
    encoding=st.sampled_from(["utf-8", "utf-16", "gb18030", "latin-1", "utf-7", "utf-32"]),
)
def test_texts_of_special_pieces(pieces: list[bytes], name: str, encoding: str) -> None:
    load(name, b"".join(pieces), encoding=encoding)


def object_of(**values: str) -> str:
    row = {**dict(zip(NAMES, map(json.dumps, ROWS[0]), strict=True)), **values}
    return "{" + ", ".join(f'"{key}": {value}' for key, value in row.items()) + "}\n"


DEEP = 20_000
SHAPES = {
    "deep_list.jsonl": ("[" * DEEP + "]" * DEEP + "\n", (0, 1)),
    "deep_open.jsonl": ("[" * DEEP + "\n", (0, 1)),
    "deep_object.jsonl": (object_of(memo='{"a":' * DEEP + "1" + "}" * DEEP), (1, 0)),
    "deep_id.jsonl": (object_of(item='{"a":' * DEEP + "1" + "}" * DEEP), (0, 1)),
    "huge_integer.jsonl": (object_of(seq="9" * 5000), (0, 1)),
    "huge_exponent.jsonl": (object_of(price="1e999999999", currency='"CNY"'), (0, 1)),
    "nul_in_name.jsonl": (object_of(**{"a\\u0000b": "1"}), (1, 0)),
    "nul_in_id.jsonl": (object_of(item='"a\\u0000b"'), (0, 1)),
    "half_a_character.jsonl": (object_of(item='"\\ud800"'), (0, 1)),
    "same_name_twice.jsonl": (object_of(**{"kind ": "1"}).replace('"kind "', '"kind"'), (0, 1)),
    "sql_in_name.jsonl": (object_of(**{"x'); DROP TABLE accepted; --": "1"}), (1, 0)),
    "sql_in_id.jsonl": (object_of(item="\"'); DROP TABLE accepted; --\""), (1, 0)),
    "path_in_id.jsonl": (object_of(item='"../../../etc/passwd"'), (1, 0)),
    "pointer_in_name.jsonl": (object_of(**{"/item": "1", "~0~1": "2", "$.item": "3"}), (1, 0)),
    "no_json.jsonl": ("NaN\n-\n{]\n\n'a'\nnull\n", (0, 5)),
    "far_away.csv": (
        f"{HEAD}\n" + "".join(
            ROW.replace("2026-01-01T00:00:00Z", at) + "\n"
            for at in ("99999-01-01", "-0001-01-01", "0000-00-00", "10000-01-01T00:00:00Z",
                       "292278994-08-17T07:12:55.807Z", "9" * 30, "2026-13-01",
                       "2026-01-01T24:00:01Z")
        ),
        (0, 8),
    ),
    "many_columns.csv": (
        ",".join([HEAD, *(f"c{k}" for k in range(10_000))]) + f"\n{ROW}{',' * 10_000}\n",
        (1, 0),
    ),
    "sql_in_header.csv": (f"{HEAD},\"x'); DROP TABLE accepted; --\"\n{ROW},1\n", (1, 0)),
    "mixed_line_ends.csv": (f"{HEAD}\r\n{ROW}\n{ROW}\r{ROW}\r\n{ROW}", (2, 1)),
    "quotes_across_lines.csv": (f'{HEAD}\n{ROW}\n"a\n{ROW}\n{ROW}\n', (3, 1)),
    "quote_then_text.csv": (f'{HEAD}\n"g1"x,2026-01-01,a,b,x,gift\n{ROW}\n', (1, 1)),
    "long_line.csv": (f"{HEAD}\n{ROW}\n{'x' * (3 << 20)}\n{ROW}\n", (2, 1)),
    "long_quoted.csv": (f'{HEAD}\n{ROW}\n"{"x" * (3 << 20)}"\n{ROW}\n', (2, 1)),
    "long_line.jsonl": (object_of() + '{"a":"' + "x" * (3 << 20) + '"}\n' + object_of(), (2, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SHAPES))
def test_shapes_known_to_be_trouble(name: str) -> None:
    content, counts = SHAPES[name]
    reading = load(name, content.encode())
    assert isinstance(reading, Reading), str(reading)
    assert (reading.accepted, reading.rejected) == counts


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("f.csv", ",".join([HEAD, *(f"c{k}" for k in range(20_000))]), "20,006 columns"),
        ("f.csv", HEAD + ",kind", "names 'kind' more than once"),
        ("f.csv", HEAD + "," + "x" * (2 << 20), "longer than 1048576 bytes"),
        ("f.csv", "\0" * 100, "the header is damaged"),
        ("f.csv", HEAD.replace(",", "\r"), "the header is damaged"),
        ("f.csv", "", "the file is empty"),
        ("f.jsonl", '{"a": 1}\n', "no column 'record_id'"),
        ("f.jsonl", '{"' + "a" * 500_000 + '": 1}\n', "no column 'record_id'"),
    ],
)
def test_files_that_are_refused_as_a_whole(name: str, content: str, says: str) -> None:
    error = load(name, content.encode())
    assert isinstance(error, RegiftError)
    assert says in str(error)
    assert len(str(error)) < 5_000


def test_rows_that_a_parquet_file_only_claims() -> None:
    """A few kilobytes that claim 8 million rows are a bomb, not a file."""
    out = io.BytesIO()
    same = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["x"]))
    table = pa.table([same] * len(NAMES), names=NAMES)
    with pq.ParquetWriter(out, table.schema) as writer:
        for _ in range(8):
            writer.write_table(table)
    error = load("f.parquet", out.getvalue())
    assert isinstance(error, RegiftError)
    assert "unpack to more than 200 times as many" in str(error)


def test_a_page_of_a_parquet_file_that_fills_memory() -> None:
    out = io.BytesIO()
    row = [pa.array([text]) for text in ("x" * (80 << 20), *ROWS[0][1:])]
    pq.write_table(
        pa.table(row, names=NAMES), out, compression="zstd", use_dictionary=False,
        write_statistics=False,
    )  # fmt: skip
    error = load("f.parquet", out.getvalue())
    assert isinstance(error, RegiftError)
    assert "unpack to more than 200 times as many" in str(error)


def test_many_quotes_take_no_longer_than_their_length() -> None:
    """A scan that went back at each open quote would take a time that grows with its square."""
    drawn = random.Random(7)
    pieces = ['"', '""', '"a', 'a"', ",", "\n", '"\n', '",', "a"]
    body = "".join(drawn.choices(pieces, k=1_000_000))
    reading = load("f.csv", f"{HEAD}\n{body}\n".encode())
    assert isinstance(reading, Reading)
    assert reading.accepted == 0

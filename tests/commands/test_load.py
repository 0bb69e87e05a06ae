"""`regift load` and `withdraw` from outside: every way in, and what each leaves behind."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest
from command_line import GIFTS, Ran, loaded, run

HEAD = "record_id,at,source,target,item,kind"
ROWS = ["g1,2026-01-01T00:00:00Z,brand,ann,x,issue", "g2,2026-01-02T00:00:00Z,ann,bob,x,gift"]
CSV = "\n".join([HEAD, *ROWS, ""])
OBJECTS = [dict(zip(HEAD.split(","), row.split(","), strict=True)) for row in ROWS]
JSONL = "".join(json.dumps(each) + "\n" for each in OBJECTS)
BAD = "\n".join([HEAD, *ROWS, "g3,soon,ann,bob,x,gift", "g4,2026-01-03T00:00:00Z,a,b,x,lend", ""])


def report(ran: Ran) -> dict[str, object]:
    assert ran.code == 0, ran.stderr
    (row,) = ran.rows
    return row


def packed(suffix: str, content: bytes, folder: Path) -> bytes:
    """Content as DuckDB, an independent writer, packs it."""
    target = folder / f"packed{suffix}"
    name = {".gz": "gzip", ".zst": "zstd"}[suffix]
    plain = folder / "plain"
    plain.write_bytes(content)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT unnest(string_split(rtrim(content, chr(10)), chr(10))) AS line "
            f"FROM read_text('{plain}')) TO '{target}' "
            f"(FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '', COMPRESSION {name})"
        )
    return target.read_bytes()


@pytest.mark.parametrize(
    "name", ["f.csv", "f.tsv", "f.jsonl", "f.parquet", "f.csv.gz", "f.csv.zst", "f.jsonl.zst"]
)
def test_every_format_stages_the_same_rows(tmp_path: Path, fresh: Path, name: str) -> None:
    kind = name.split(".")[1]
    content = {"csv": CSV, "tsv": CSV.replace(",", "\t"), "jsonl": JSONL}.get(kind, "").encode()
    if kind == "parquet":
        with duckdb.connect() as con:
            quoted = ", ".join(f'"{name}"' for name in HEAD.split(","))
            rows = ", ".join(str(tuple(each.values())) for each in OBJECTS)
            con.execute(
                f"COPY (FROM (VALUES {rows}) t({quoted})) TO '{tmp_path / name}' (FORMAT parquet)"
            )
        content = (tmp_path / name).read_bytes()
    if name.endswith((".gz", ".zst")):
        content = packed("." + name.split(".")[2], content, tmp_path)
    assert report(loaded(fresh, "gifts", content, "--json", name=name)) == {
        "load": "L000001",
        "accepted": 2,
        "duplicates": 0,
        "older": 0,
        "rejected": 0,
        "rules": {},
        "notes": [],
        "table": "gifts",
    }
    again = report(loaded(fresh, "gifts", CSV, "--json", name="again.csv"))
    assert (again["accepted"], again["duplicates"], again["load"]) == (0, 2, None)


@pytest.mark.parametrize("content", [CSV, JSONL], ids=["csv", "jsonl"])
def test_standard_input(fresh: Path, content: str) -> None:
    ran = run("load", "-", "--table", "gifts", "--json", "-w", fresh, stdin=content)
    assert report(ran)["accepted"] == 2


def test_a_folder_is_all_its_files(tmp_path: Path, fresh: Path) -> None:
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "b.csv.gz").write_bytes(gzip.compress(f"{HEAD}\n{ROWS[1]}\n".encode()))
    (folder.parent / "a.csv").write_text(f"{HEAD}\n{ROWS[0]}\n")
    ran = run("load", folder.parent, "--table", "gifts", "--json", "-w", fresh)
    assert report(ran)["accepted"] == 2


def test_a_map_renames_columns(tmp_path: Path, fresh: Path) -> None:
    given = tmp_path / "map.toml"
    given.write_text('[columns]\nrecord_id = "Nr"\nkind = { constant = "gift" }\n')
    content = CSV.replace("record_id", "Nr").replace(",kind", "").replace(",issue", "")
    content = content.replace(",gift", "")
    ran = loaded(fresh, "gifts", content, "--map", str(given), "--json")
    assert report(ran)["accepted"] == 2


def test_people_read_what_happened_and_what_comes_next(fresh: Path) -> None:
    code, out, err = loaded(fresh, "gifts", CSV)
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "L000001 staged: 2 gifts accepted, 0 already there, 0 older than what is there, 0 rejected",
        "next: `regift refresh`",
    ]
    assert tuple(loaded(fresh, "gifts", CSV, "-q")) == (0, "", "")


def test_dry_run_stages_nothing(fresh: Path) -> None:
    row = report(loaded(fresh, "gifts", CSV, "--dry-run", "--json"))
    assert (row["load"], row["accepted"]) == (None, 2)
    assert not fresh.exists()
    assert report(loaded(fresh, "gifts", CSV, "--json"))["load"] == "L000001"


def test_a_dry_run_without_a_workspace_says_what_is_wrong_and_makes_none(fresh: Path) -> None:
    ran = loaded(fresh, "gifts", BAD, "--dry-run")
    assert ran.code == 3
    assert "line 4: time_malformed" in ran.line
    assert ran.line.endswith("(and 1 more); allow some with --max-bad")  # no rejects are kept
    assert not fresh.exists()
    fresh.mkdir()
    (fresh / "other").touch()
    ran = loaded(fresh, "gifts", CSV, "--dry-run")
    assert (ran.code, ran.line.endswith("is no workspace: name another folder with -w")) == (
        2,
        True,
    )


def test_a_file_that_is_not_there_makes_no_workspace(fresh: Path) -> None:
    ran = run("load", fresh.parent / "no.csv", "--table", "gifts", "-w", fresh)
    assert (ran.code, fresh.exists()) == (2, False)
    assert ran.line == f"regift: {fresh.parent / 'no.csv'}: no such file or folder"


def test_bad_rows_stop_a_load_and_are_kept(fresh: Path) -> None:
    ran = loaded(fresh, "gifts", BAD)
    assert ran.code == 3
    assert ran.line == (
        f"regift: nothing loaded: {fresh.parent / 'f.csv'} line 4: time_malformed: "
        'at "soon" is no ISO 8601 time like 2026-01-31T08:00:00+08:00 (and 1 more); '
        "see `regift rejects list`, or allow some with --max-bad"
    )
    assert [row["rule"] for row in run("rejects", "list", "--json", "-w", fresh).rows] == [
        "time_malformed",
        "kind_unknown",
    ]
    status = run("status", "--json", "-w", fresh).rows[0]
    assert (status["staged_rows"], status["refused_loads"], status["rejects"]) == (0, 1, 2)


@pytest.mark.parametrize(
    ("allowed", "code"), [("2", 0), ("1", 3), ("50%", 0), ("49%", 3), ("100%", 0), ("0%", 3)]
)
def test_max_bad_counts_rows_or_percent(fresh: Path, allowed: str, code: int) -> None:
    ran = loaded(fresh, "gifts", BAD, "--max-bad", allowed, "--json")
    assert ran.code == code
    if code == 0:
        row = report(ran)
        assert (row["accepted"], row["rejected"]) == (2, 2)
        assert row["rules"] == {"kind_unknown": 1, "time_malformed": 1}


def test_a_header_alone_is_a_load_of_nothing(fresh: Path) -> None:
    row = report(loaded(fresh, "gifts", f"{HEAD}\n", "--json"))
    assert (row["load"], row["accepted"]) == (None, 0)
    assert row["notes"] == [f"{fresh.parent / 'f.csv'}: header only: 0 rows"]


def test_replace_corrects_and_load_conflicts(copied: Path) -> None:
    changed = GIFTS.splitlines()[0] + "\n" + GIFTS.splitlines()[3].replace("cat", "zoe") + "\n"
    ran = loaded(copied, "gifts", changed)
    assert ran.code == 3
    assert ': conflict: the key ["g03"] is there with other content' in ran.line
    row = report(loaded(copied, "gifts", changed, "--replace", "--reason", "typo", "--json"))
    assert row["accepted"] == 1
    assert run("refresh", "-q", "-w", copied).code == 0
    moves = run("trace", "item", "x1", "--json", "-w", copied).rows
    assert [move["target"] for move in moves] == ["ann", "bob", "zoe"]
    assert run("status", "--json", "-w", copied).rows[0]["history"] == 1


def test_withdrawn_records_are_gone_after_the_next_refresh(copied: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.csv"
    keys.write_text("record_id\ng03\n")
    args = ("withdraw", keys, "--table", "gifts", "--reason", "court order", "-w", copied)
    assert report(run(*args, "--dry-run", "--json"))["load"] is None
    assert report(run(*args, "--json"))["accepted"] == 1
    assert len(run("trace", "item", "x1", "--json", "-w", copied).rows) == 3
    assert run("refresh", "-q", "-w", copied).code == 0
    assert [m["record"] for m in run("trace", "item", "x1", "--json", "-w", copied).rows] == [
        "g01",
        "g02",
    ]
    ran = loaded(copied, "gifts", GIFTS)
    assert ran.code == 3
    assert ': withdrawn: the key ["g03"] was withdrawn: `load --replace --reason`' in ran.line
    keys.write_text("record_id\nnever\nnope\n")
    assert ': not_found: no accepted record has the key ["never"] (and 1 more)' in run(*args).line

"""`regift query --sql` reads the generation, and nothing can make it do more."""

import hashlib
from pathlib import Path

import pytest
from command_line import asked, run

import regift
from regift.loaders.errors import UsageError


def digests(place: Path) -> dict[str, str]:
    """Every file of a workspace."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_it_reads(world: Path) -> None:
    assert asked(world, "SELECT count(*), max(level) FROM custody") == [(12, 3)]
    union = "WITH a AS (SELECT 1 AS x) (FROM a UNION SELECT 2) ORDER BY 1"
    assert asked(world, union) == [(1,), (2,)]
    assert asked(world, "FROM query('SELECT 7 AS x')") == [(7,)]
    ran = run("query", "--sql", "SELECT item FROM gifts", "--limit", "2", "--json", "-w", world)
    assert (len(ran.rows), ran.stderr) == (2, "2 of 12 rows\n")
    views = {row["view"] for row in run("query", "--views", "--json", "-w", world).rows}
    assert {"gifts", "transfers", "custody", "findings", "payments", "links"} <= views


def test_values_that_json_lacks_are_text(world: Path) -> None:
    sql = "SELECT 'nan'::DOUBLE a, '\\x00\\xff'::BLOB b, 1.50::DECIMAL(9, 2) c, NULL d, 2^70 e"
    assert asked(world, sql) == [("nan", "00ff", "1.50", None, 2.0**70)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO gifts VALUES (1)",
        "UPDATE currencies SET digits = 1",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW gifts",
        "COPY (SELECT 1) TO '{out}'",
        "COPY gifts TO '{out}' (FORMAT parquet)",
        "EXPORT DATABASE '{out}'",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET lock_configuration = false",
        "RESET memory_limit",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "USE generation",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY (SELECT 1) TO '{out}'",
        "WITH a AS (INSERT INTO currencies VALUES ('Q', 1) RETURNING *) FROM a",
        "WITH a AS (DELETE FROM currencies RETURNING *) SELECT * FROM a",
        "WITH a AS (UPDATE currencies SET digits = 9 RETURNING *) FROM a",
        "WITH a AS (COPY (SELECT 1 AS x) TO '{segment}' (USE_TMP_FILE false)) FROM a",
        "WITH a AS (COPY (SELECT 1 AS x) TO '{out}') FROM a",
        "FROM query('WITH a AS (COPY (SELECT 1) TO ''{segment}'' (USE_TMP_FILE false)) FROM a')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('{other}')",
        "SELECT * FROM parquet_metadata('{other}')",
        "SELECT * FROM read_json('{casebook}')",
        "SELECT * FROM sqlite_scan('{casebook}', 'audit')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT getenv('HOME')",
        "SELECT 1 AS a, 2 AS a",
        "SELECT * FROM nothing",
        "SELECT * FROM manifest",
        "SELECT",
        "",
        "SELECT 'x'::INTEGER",
    ],
)
def test_everything_else_is_refused_in_one_line(copied: Path, tmp_path: Path, sql: str) -> None:
    other = tmp_path / "other.parquet"
    segment = next((copied / "segments").glob("gifts-*"))
    other.write_bytes(segment.read_bytes())
    before = digests(tmp_path)
    ran = run(
        "query",
        "--sql",
        sql.format(
            out=tmp_path / "out", segment=segment, other=other, casebook=copied / "casebook.sqlite"
        ),
        "--json",
        "-w",
        copied,
    )
    assert ran.code == 2
    assert ran.line.startswith("regift: the query ")
    assert digests(tmp_path) == before


def test_the_python_api_is_as_strict(world: Path) -> None:
    segment = next((world / "segments").glob("gifts-*"))
    with regift.open(world) as generation, pytest.raises(UsageError, match="COPY changes"):
        generation.sql(f"WITH a AS (COPY (SELECT 1) TO '{segment}') FROM a")

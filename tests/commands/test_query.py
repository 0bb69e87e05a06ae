"""`regift query --sql` reads the generation, and nothing can make it do more."""

import hashlib
import subprocess
import sys
import time
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
    assert asked(world, "SELECT unnest(range(2)) AS x UNION ALL FROM range(5, 6)") == [
        (0,), (1,), (5,)
    ]  # fmt: skip
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
        "FROM query('SELECT 7 AS x')",
        "FROM query('SELECT * FROM read' || '_text(''/etc/passwd'')')",
        "FROM query_table('gifts')",
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT * FROM READ_CSV('/etc/passwd')",
        "SELECT * FROM system.main.read_csv('/etc/passwd')",
        "SELECT * FROM gifts WHERE item IN (SELECT content FROM read_text('/etc/passwd'))",
        "SELECT (SELECT count(*) FROM glob('/etc/*'))",
        "WITH a AS (FROM read_blob('/etc/passwd')) FROM a",
        "SELECT * FROM read_duckdb('{casebook}')",
        "SELECT * FROM parquet_schema('{segment}')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM duckdb_temporary_files()",
        "SELECT * FROM pragma_database_size()",
        "SELECT * FROM checkpoint()",
        "SELECT * FROM force_checkpoint()",
        "SELECT * FROM enable_logging('QueryLog', storage='file', storage_path='{out}')",
        "SELECT * FROM enable_profiling(format='json', save_location='{out}')",
        "SELECT * FROM register_external_resource('x')",
        "SELECT * FROM arrow_scan(1, 1, 1)",
        "SELECT * FROM pandas_scan(1)",
        "SELECT * FROM python_map_function(1)",
        "SELECT * FROM seq_scan('gifts')",
        "SELECT * FROM which_secret('s3://x', 's3')",
        "SELECT write_log('x')",
        "SELECT pg_sleep(1)",
        "SELECT SLEEP_MS(1)",
        "SELECT nextval('s')",
        "SELECT * FROM sql",
        "SELECT * FROM graph",
        "SELECT * FROM statements",
        "SELECT * FROM 'https://example.org/x.csv'",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "SELECT * FROM '{segment}/../../../other.parquet'",
        "IMPORT DATABASE '{out}'",
        "DETACH generation",
        "VACUUM",
        "CHECKPOINT",
        "PREPARE a AS SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "CREATE MACRO f() AS TABLE FROM read_text('/etc/passwd')",
        "CREATE SECRET s (TYPE s3)",
        "SET VARIABLE x = 1",
        "BEGIN",
        "SELECT 1 -- \n; COPY (SELECT 1) TO '{out}'",
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        "SELECT " + "1 + " * 900 + "1",
        "SELECT * FROM " + "(SELECT * FROM " * 3000 + "gifts" + ")" * 3000,
        "SELECT '" + "x" * 100_000 + "'",
        'SELECT * FROM "\x1b[31m"',
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


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x FROM t) SELECT count(*) FROM t",
        "SELECT count(*) FROM range(10000000000000) a, range(1000000) b",
        "SELECT sum(hash(a.item || b.range)) FROM gifts a, range(100000000000) b",
    ],
)
def test_a_query_that_would_not_end_is_stopped(world: Path, sql: str) -> None:
    began = time.monotonic()
    ran = run("query", "--sql", sql, "--timeout", "1s", "-w", world)
    assert (ran.code, ran.line) == (
        1,
        "regift: the query was stopped after 1s: ask for less, or raise --timeout or [limits] "
        "query_time",
    )
    assert time.monotonic() - began < 60
    assert asked(world, "SELECT 1 AS x") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT levenshtein(repeat('ab', 100000), repeat('ba', 100000))",
        "SELECT len(regexp_replace(repeat('a', 200000000), 'a', 'b', 'g'))",
    ],
)
def test_one_step_that_would_not_end_ends_the_process(world: Path, sql: str) -> None:
    """In a process of its own: the last resort is its end."""
    command = [sys.executable, "-m", "regift.cli", "query", "--sql", sql, "--timeout", "1s"]
    ran = subprocess.run(
        [*command, "-w", str(world)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("regift: the query was stopped after 1s")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(range) FROM range(10000000000)",
        "SELECT string_agg(range::VARCHAR || repeat('x', 1000), ',') FROM range(100000000)",
        "SELECT count(DISTINCT hash(range)) FROM range(100000000)",
        "SELECT len(range(400000000))",
        "SELECT repeat('a', 4000000000)",
        "SELECT list(repeat('a', 100000000)) FROM range(1000)",
    ],
)
def test_a_query_that_needs_too_much_memory_is_stopped(world: Path, sql: str) -> None:
    before = digests(world)
    ran = run("query", "--sql", sql, "--memory", "256MiB", "-w", world)
    assert ran.code == 1
    assert ran.line.startswith("regift: the query needs more memory than 256MiB: ask for less")
    assert digests(world) == before  # nor is anything put aside


def test_an_answer_that_is_too_large_is_stopped(world: Path) -> None:
    ran = run("query", "--sql", "FROM range(10000000000)", "--memory", "64MiB", "-w", world)
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.line.startswith("regift: the answer is larger than 16MiB: ask for less, add LIMIT")
    ran = run("query", "--sql", "FROM range(100000)", "--limit", "2", "--json", "-w", world)
    assert (ran.code, len(ran.rows), ran.stderr) == (0, 2, "2 of 100,000 rows\n")


def test_limits_come_from_options_the_environment_and_settings(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (copied / "regift.toml").open("a") as settings:
        settings.write('[limits]\nquery_time = "3s"\nfiles = 7\n')
    rows = {row["setting"]: row for row in run("config", "show", "--json", "-w", copied).rows}
    assert (rows["limits.query_time"]["value"], rows["limits.query_time"]["origin"]) == (
        "3s",
        "regift.toml",
    )
    assert rows["limits.unpacked"]["value"] == "20GiB"
    endless = "SELECT count(*) FROM range(10000000000000) a, range(1000000) b"
    monkeypatch.setenv("REGIFT_QUERY_TIME", "1s")
    assert "stopped after 1s" in run("query", "--sql", endless, "-w", copied).line
    for option, said in (
        (("--timeout", "soon"), "soon"),
        (("--memory", "1MiB"), "less than 64MiB"),
        (("--memory", "much"), "not a size such as"),
    ):
        ran = run("query", "--sql", "SELECT 1", *option, "-w", copied)
        assert (ran.code, said in ran.line) == (2, True)


def test_questions_leave_the_rest_of_the_python_api_alone(world: Path) -> None:
    with regift.open(world) as generation:
        for _ in range(2):
            assert generation.sql("SELECT count(*) AS n FROM gifts")["n"].tolist() == [12]
            with pytest.raises(UsageError, match="does more than read"):
                generation.sql("SELECT * FROM read_csv('/etc/passwd')")
        assert len(generation.findings("multi_level_gift", allowed="0")) > 0

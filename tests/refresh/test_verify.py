"""`refresh --verify`: the same where nothing is wrong, else the first difference."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from command_line import TRANSFERS, WORLD, loaded, run

from regift.graph.store import current_manifest
from regift.graph.workspace import Workspace, read_json, write_json
from regift.refresh.differences import Difference, difference
from regift.refresh.verify import verify


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was refreshed twice, the second time with what changed."""
    place = tmp_path_factory.mktemp("verify") / "w"
    for table, text in WORLD.items():
        assert loaded(place, table, text).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    late = TRANSFERS.splitlines()[0] + "\nt5,2026-01-03T00:20:00Z,eve,00123,100.00,CNY,payment\n"
    assert loaded(place, "transfers", late).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def changed(place: Path, *statements: str) -> None:
    """Change what the current generation's file says."""
    manifest = current_manifest(Workspace(place))
    assert manifest is not None
    with duckdb.connect(str(place / "generations" / f"{manifest.name}.duckdb")) as con:
        for statement in statements:
            con.execute(statement)


@pytest.fixture
def place(made: Path) -> Iterator[Path]:
    """The same, whose generation's file is as it was again after the test."""
    manifest = current_manifest(Workspace(made))
    assert manifest is not None
    files = [made / "generations" / f"{manifest.name}{end}" for end in (".duckdb", ".json")]
    before = [file.read_bytes() for file in files]
    try:
        yield made
    finally:
        for file, content in zip(files, before, strict=True):
            file.write_bytes(content)


def times(place: Path) -> dict[Path, int]:
    """When each file was last written, but for the run log, which has a line of every run."""
    files = (path for path in place.rglob("*") if path.is_file() and path.name != "runs.jsonl")
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.mark.parametrize("how", ["all", "sample"])
def test_what_a_refresh_made_is_the_same(made: Path, how: str) -> None:
    files = times(made)
    code, out, err = run("refresh", "--verify", how, "-w", made)
    assert (code, out.split(":")[0]) == (0, "generation 2 is the same"), err
    assert times(made) == files
    (told,) = run("refresh", "--verify", how, "--json", "-q", "-w", made).rows
    assert (told["same"], told["differences"], told["other_code"]) == (True, [], False)
    assert told["rows"]["findings"] > 5
    assert ("money_cycle" in told["left_out"]) == (how == "sample")
    assert bool(told["sampled"]) == (how == "sample")


def test_a_sample_says_its_seed(made: Path) -> None:
    err = run("refresh", "--verify", "sample", "--seed", "7", "-w", made).stderr
    assert "3 of 3 items" in err
    assert "(--seed 7 chooses the same)" in err
    assert run("refresh", "--verify", "all", "--seed", "7", "-w", made).code == 2
    assert run("refresh", "--verify", "all", "--full", "-w", made).code == 2


@pytest.mark.parametrize(
    ("statement", "table", "column", "seed"),
    [
        ("UPDATE findings SET level = level + 1 WHERE typology = 'multi_level_gift'",
         "findings", "level", 1),
        ("UPDATE subjects SET account = 'zoe' WHERE account = 'cat'", "subjects", "account", None),
        ("UPDATE evidence SET role = 'odd' WHERE record = 'g07'", "evidence", "role", 2),
        ("UPDATE entity_of SET entity = account", "entity_of", "entity", None),
        ("UPDATE account_scores SET score = score + 1 WHERE account = 'bob'",
         "account_scores", "score", 3),
        ("UPDATE proposals SET measure = 'ban' WHERE account = 'ann'",
         "proposals", "measure", None),
        ("DELETE FROM case_members", "case_members", None, 4),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(
    place: Path, statement: str, table: str, column: str | None, seed: int | None
) -> None:
    changed(place, statement)
    first = verify(Workspace(place), seed=seed).differences[0]
    assert (first.table, first.column) == (table, column)


def test_the_command_names_it_and_fails(place: Path) -> None:
    changed(place, "DELETE FROM account_kinds WHERE account = 'eve'")
    code, out, _ = run("refresh", "--verify", "all", "-w", place)
    assert code == 1
    assert out.split("\n")[0] == (
        "1 differ in account_kinds; the first: "
        "account_kinds account eve: is not stored and is there made anew"
    )
    ran = run("refresh", "--verify", "all", "--json", "-w", place)
    (told,) = ran.rows
    assert (ran.code, told["same"], told["differences"][0]["id"]) == (1, False, {"account": "eve"})


def test_a_finding_too_many_and_one_too_few(place: Path) -> None:
    changed(
        place,
        "CREATE TEMP TABLE one AS FROM findings WHERE typology = 'second_level_sale'",
        "DELETE FROM findings WHERE typology = 'second_level_sale'",
        "INSERT INTO findings SELECT * REPLACE ('zz-1' AS finding) FROM one",
    )
    found = verify(Workspace(place)).differences[0]
    assert (found.table, found.rows, found.column) == ("findings", 2, None)
    assert found.id["finding"].startswith("sls-")
    assert (found.stored, found.made) == (False, True)
    assert found.text.endswith("is not stored and is there made anew")


def test_what_the_manifest_says_counts_too(place: Path) -> None:
    path = place / "generations" / "000002.json"
    told = read_json(path)
    (ran,) = [each for each in told["run"]["typologies"] if each["typology"] == "money_cycle"]
    ran["truncated"] = {"expansions": {"roots": 1, "accounts": ["a"], "complete_to_length": 2}}
    write_json(path, told)
    (found,) = verify(Workspace(place)).differences
    assert (found.table, found.id, found.made) == ("manifest", {"typology": "money_cycle"}, {})


def test_findings_that_time_cut_are_taken_as_they_are(place: Path) -> None:
    """A run with no time left found nothing, and says so; that is no difference."""
    ran = run("refresh", "--full", "--budget", "0s", "-q", "-w", place)
    assert ran.code == 4
    for how in ("all", "sample"):
        (told,) = run("refresh", "--verify", how, "--json", "-w", place).rows
        assert (told["same"], told["rows"]["findings"]) == (True, 0)
        assert set(told["left_out"].values()) == {"time had cut them"}
    (place / "current").unlink()
    (place / "current").symlink_to("generations/000002.json")


def test_damage_is_told_by_its_file(place: Path) -> None:
    manifest = current_manifest(Workspace(place))
    assert manifest is not None
    segment = place / "segments" / manifest.segments["transfers"][0].file
    before = segment.read_bytes()
    segment.write_bytes(before[:-1] + b"x")
    try:
        ran = run("refresh", "--verify", "sample", "-w", place)
    finally:
        segment.write_bytes(before)
    assert (ran.code, f"{segment} is damaged" in ran.stderr) == (1, True)


def test_staged_loads_are_told_and_left_staged(place: Path) -> None:
    late = TRANSFERS.splitlines()[0] + "\nt6,2026-01-03T00:20:00Z,x,礼物🎁,1.00,CNY,payment\n"
    assert loaded(place, "transfers", late).code == 0
    code, out, err = run("refresh", "--verify", "all", "-w", place)
    assert (code, "not in generation 2: 1 staged loads" in err) == (0, True), out


def test_before_the_first_refresh(tmp_path: Path) -> None:
    assert loaded(tmp_path / "w", "transfers", TRANSFERS).code == 0
    assert run("refresh", "--verify", "all", "-w", tmp_path / "w").code == 2


@pytest.mark.parametrize(
    ("stored", "made", "wanted"),
    [
        ("(1, 'a', 2), (1, 'b', 3)", "(1, 'b', 3), (1, 'a', 2)", None),
        ("(1, 'a', 2), (1, 'b', 3)", "(1, 'a', 2), (1, 'b', 4)",
         Difference("t", 1, {"x": 1, "y": "b"}, "z", 3, 4)),
        ("(1, 'a', 2), (2, 'b', 3)", "(1, 'c', 2), (2, 'b', NULL)",
         Difference("t", 2, {"x": 1}, "y", "a", "c")),
        ("(1, 'a', 2), (1, 'a', 2)", "(1, 'a', 2)",
         Difference("t", 1, {"x": 1, "y": "a", "z": 2}, None, True, False)),
        ("(NULL, 'a', 2)", "(1, 'a', 2)",
         Difference("t", 2, {"x": 1}, None, False, True)),
    ],
)  # fmt: skip
def test_differences_of_two_tables(stored: str, made: str, wanted: Difference | None) -> None:
    with duckdb.connect() as con:
        for name, rows in (("a", stored), ("b", made)):
            con.execute(f"CREATE TABLE {name} AS FROM (VALUES {rows}) v(x, y, z)")
        assert difference(con, "t", "a", "b") == wanted

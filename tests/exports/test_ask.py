"""Free questions through the Python API: as many as one likes, and the doors stay shut."""

import duckdb
import pytest

import regift
from regift.exports.ask import ask
from regift.graph.snapshot import Settings
from regift.graph.staging import LoadRequest, stage
from regift.graph.store import manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One gift, beside its file gifts.csv."""
    gifts = tmp_path_factory.mktemp("tiny") / "gifts.csv"
    gifts.write_text(
        "record_id,at,source,target,item,kind\ng1,2026-01-01T00:00:00Z,brand,ann,x1,issue\n"
    )
    workspace = Workspace.create(gifts.parent / "w")
    stage(workspace, LoadRequest(sources=(str(gifts),), table="gifts", options=ReadOptions()))
    refresh(workspace)
    return workspace


def test_a_second_question_is_answered_and_as_shut_as_the_first(tiny: Workspace) -> None:
    gifts = tiny.root.parent / "gifts.csv"
    with regift.open(tiny.root) as generation:
        for _ in range(2):
            assert generation.sql("SELECT target FROM gifts")["target"].tolist() == ["ann"]
            with pytest.raises(UsageError, match=r"read_csv\(\), which does more than read"):
                generation.sql(f"SELECT * FROM read_csv('{gifts}')")
            with pytest.raises(UsageError, match="the query failed: "):
                generation.sql(f"SELECT * FROM '{gifts}'")
        assert generation.findings("multi_level_gift", allowed="0").empty


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{gifts}')",
        "SELECT * FROM read_text('{gifts}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM query('FROM read_blob(''{gifts}'')')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/out.db' AS other",
        "EXPORT DATABASE '{folder}/out'",
        "SELECT * FROM enable_logging('QueryLog', storage='file', storage_path='{folder}/log')",
        "SELECT * FROM enable_profiling(format='json', save_location='{folder}/profile')",
        "SET memory_limit = '10GiB'",
        "SET python_enable_replacements = true",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "INSTALL httpfs",
        "LOAD httpfs",
        "INSERT INTO generation.findings SELECT * FROM generation.findings",
        "DELETE FROM generation.findings",
        "DROP TABLE generation.findings",
    ],
)
def test_the_first_door_holds_without_the_second(tiny: Workspace, sql: str) -> None:
    """What `check_words` refuses is refused by DuckDB too once the connection is shut."""
    folder = tiny.root.parent
    before = set(folder.rglob("*"))
    manifest = manifest_of(tiny, None)
    with open_snapshot(tiny, Settings(), manifest) as graph:
        assert ask(graph, tiny, manifest, "SELECT 1 AS x").num_rows == 1
        with pytest.raises(duckdb.Error):
            graph.con.execute(sql.format(gifts=folder / "gifts.csv", folder=folder)).fetchall()
    assert set(folder.rglob("*")) == before

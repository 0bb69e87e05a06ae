"""The Python API answers as the command line does."""

from pathlib import Path

import pytest

import regift
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh

FILES = {
    "gifts": "record_id,at,source,target,item,kind\n"
    "i1,2026-01-01T00:00:00Z,brand,ann,x,issue\n"
    "g1,2026-01-02T00:00:00Z,ann,bob,x,gift\n"
    "g2,2026-01-03T00:00:00Z,bob,cat,x,gift\n",
    "transfers": "record_id,at,source,target,amount,currency,kind\n"
    "t1,2026-01-03T00:00:00Z,cat,bob,9.00,CNY,payment\n"
    "t2,2026-01-03T01:00:00Z,cat,bob,8.00,CNY,payment\n",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    workspace = Workspace.create(tmp_path / "w")
    for table, text in FILES.items():
        path = tmp_path / f"{table}.csv"
        path.write_text(text)
        stage(workspace, LoadRequest(sources=(str(path),), table=table, options=ReadOptions()))
    refresh(workspace)
    return tmp_path / "w"


def test_frames_and_graphs(place: Path) -> None:
    with regift.open(place) as generation:
        assert generation.number == 1
        assert generation.truncated == {}
        found = generation.findings("multi_level_gift")
        assert found["records"].tolist() == [["g2"]]
        assert found["level"].tolist() == [2]
        assert len(generation.findings("multi_level_gift", reading="strict")) == 2
        assert generation.item("x")["level"].tolist() == [0, 1, 2]
        ranked = generation.rank("case")
        assert len(ranked) == 1
        case = ranked["id"][0]
        assert generation.explain(case)["score"] == ranked["score"][0]
        assert set(generation.case(case).nodes) == {"bob", "cat"}
        assert generation.window().number_of_edges() == 5
        money = generation.network()
        assert money.edges["cat", "bob", "CNY"]["amount_minor"] == 1700
        assert generation.sql("SELECT count(*) AS n FROM gifts")["n"].tolist() == [3]


def test_mistakes_are_told(place: Path) -> None:
    with pytest.raises(UsageError, match="no workspace"):
        regift.open(place / "elsewhere")
    with regift.open(place) as generation:
        with pytest.raises(UsageError, match="no typology"):
            generation.findings("none")
        with pytest.raises(UsageError, match="has no parameter"):
            generation.findings("multi_level_gift", windows="3d")

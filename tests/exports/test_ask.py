"""Free questions through the Python API: as many as one likes, and the doors stay shut."""

from pathlib import Path

import pytest

import regift
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.errors import UsageError
from regift.loaders.read import ReadOptions
from regift.refresh.run import refresh


def test_a_second_question_is_answered_and_as_shut_as_the_first(tmp_path: Path) -> None:
    gifts = tmp_path / "gifts.csv"
    gifts.write_text(
        "record_id,at,source,target,item,kind\ng1,2026-01-01T00:00:00Z,brand,ann,x1,issue\n"
    )
    workspace = Workspace.create(tmp_path / "w")
    stage(workspace, LoadRequest(sources=(str(gifts),), table="gifts", options=ReadOptions()))
    refresh(workspace)
    with regift.open(workspace.root) as generation:
        for _ in range(2):
            assert generation.sql("SELECT target FROM gifts")["target"].tolist() == ["ann"]
            with pytest.raises(UsageError, match="the query failed: Permission Error"):
                generation.sql(f"SELECT * FROM read_csv('{gifts}')")
        assert generation.findings("multi_level_gift", allowed="0").empty

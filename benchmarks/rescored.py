"""Scores of a generation made anew without searching again: with a calibration or without one, and
with families of evidence left out."""

from collections.abc import Collection

from regift.graph.snapshot import Snapshot
from regift.queries import ALL
from regift.queries.params import show
from regift.ranking.calibration import Calibration
from regift.ranking.derive import TABLES, derive
from regift.refresh.settings import params_of


def rescore(
    graph: Snapshot, calibration: Calibration | None, without: Collection[str] = ()
) -> None:
    """Make the tables of the ranking anew, in this connection alone.

    calibration: None scores as before any was made; without: families whose findings do not count.
    Cost: the ranking's part of a refresh.
    """
    left_out = [name for name, each in ALL.items() if each.family in without]
    names = ", ".join(f"'{name}'" for name in left_out) or "''"
    con = graph.con
    views = con.sql("SELECT view_name FROM duckdb_views() WHERE temporary").fetchall()
    for (view,) in views:
        if view in TABLES:
            con.execute(f"DROP VIEW {view}")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW findings AS
            SELECT * FROM generation.findings WHERE typology NOT IN ({names});
        CREATE OR REPLACE TEMP VIEW subjects AS
            SELECT * FROM generation.subjects SEMI JOIN findings USING (finding);
        CREATE OR REPLACE TEMP VIEW evidence AS
            SELECT * FROM generation.evidence SEMI JOIN findings USING (finding)
        """
    )
    shown = {name: show(params_of(graph.settings, name)) for name in ALL}
    fitting = calibration.fitting(shown) if calibration else None
    derive(con, graph.settings, ALL, fitting)

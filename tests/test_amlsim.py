"""AMLSim by declared format, from file to ranked list: exact facts, and its rings as they are."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_data import real_data

import regift
from regift.commands.options import opened
from regift.exports.frames import Generation
from regift.graph.snapshot import snapshot_from_rows
from regift.graph.staging import LoadRequest, stage
from regift.graph.workspace import Workspace
from regift.loaders.read import ReadOptions
from regift.queries.money_cycle import Params, count_cycles
from regift.queries.params import duration_us
from regift.ranking.evaluation.evaluate import evaluate
from regift.ranking.evaluation.truth import Instance, Truth
from regift.refresh.run import refresh, searched_of
from regift.refresh.settings import params_of, read_settings

RINGS_1K = {
    "6": ["26090", "26091", "26229", "26699", "26700"],
    "7": ["15496", "15818", "16160", "16416", "17090", "17181", "17182", "17720", "17987"],
    "8": ["49060", "49061", "49386", "49769", "49841"],
    "9": ["18227", "18593", "18722", "18723", "19517"],
}
"""Alerts whose transfers make a ring, with their tran_id."""


def loaded(file: Path, name: str, accepted: int, root: Path) -> Path:
    """A refreshed workspace whose clock is a day."""
    workspace = Workspace.create(root)
    settings = workspace.settings_file.read_text()
    workspace.settings_file.write_text(settings.replace('unit = "1s"', 'unit = "1d"'))
    request = LoadRequest(sources=(str(file),), table="transfers", options=ReadOptions(format=name))
    report = stage(workspace, request)
    assert (report.accepted, report.duplicates, report.rejected) == (accepted, 0, 0)
    assert refresh(workspace).truncated == {}
    return root


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = real_data("amlsim_1k") / "transactions_1k.csv"
    return loaded(file, "amlsim_1k", 52_202, tmp_path_factory.mktemp("amlsim_1k") / "w")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packed = real_data("amlsim_20k") / "20K_cycle200.tgz"
    folder = tmp_path_factory.mktemp("amlsim_20k")
    with tarfile.open(packed) as archive:
        archive.extract("20K_cycle200/transactions.csv", folder, filter="data")
    file = folder / "20K_cycle200" / "transactions.csv"
    return loaded(file, "amlsim_20k", 117_805, folder / "w")


@pytest.fixture
def generation(large: Path) -> Iterator[Generation]:
    with regift.open(large) as generation:
        yield generation


def test_cycles_of_20k_at_a_clock_of_a_day(large: Path) -> None:
    """The defaults are those of the coarse tier: the window of 30 d need not be said."""
    _, settings, _, graph = opened(large)
    params = params_of(settings, "money_cycle", {"keep": "0", "max_length": "0"})
    assert params.window_us == duration_us("30d")
    with graph:
        counted = count_cycles(graph, params)
    assert counted == {
        "count": 759,
        "rings": 264,
        "by_length": {"2": 306, "3": 319, "4": 87, "5": 23, "6": 17, "7": 3, "8": 3, "10": 1},
        "complete": True,
    }


def test_findings_of_20k(generation: Generation) -> None:
    every = generation.findings("money_cycle", keep="0", max_length="0")
    assert (len(every), sum(every["instances"])) == (264, 759)
    stored = generation.findings("money_cycle")
    assert len(stored) == 108
    assert stored["complete"].all()


def test_the_list_of_20k_is_total(generation: Generation) -> None:
    """Every account that a finding gives evidence on, once, and only accounts of the records."""
    ranked = generation.rank("account")
    named = generation.sql("SELECT DISTINCT account FROM pieces")
    assert ranked["account"].is_unique
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["score"].is_monotonic_decreasing
    assert set(ranked["account"]) == set(named["account"])


def test_rings_of_1k_are_not_found(small: Path) -> None:
    """`evaluate` on the alerts, as it is: a change here is news for the README."""
    _, _, manifest, graph = opened(small)
    planted = tuple(
        Instance(alert, "alert", ("money_cycle",), (), tuple(ids))
        for alert, ids in RINGS_1K.items()
    )
    with graph:
        truth = Truth(frozenset(), planted)
        judged = evaluate(graph.con, truth, searched_of(manifest), resamples=0)
    assert [(row["planted"], row["found"]) for row in judged.recall] == [(4, 0)]
    assert [miss["id"] for miss in judged.misses] == list(RINGS_1K)


@pytest.mark.parametrize("alert", list(RINGS_1K))
def test_rings_of_1k_are_rings_but_not_in_time(small: Path, alert: str) -> None:
    """Each is one ring of distinct accounts; in order of time it does not go round, wherever one
    begins. With its times put in order along the ring it is found."""
    with regift.open(small) as generation:
        rows = generation.sql(
            "SELECT record_id, at_us, source, target, amount_minor, currency, kind FROM transfers "
            f"WHERE record_id IN ({', '.join(repr(record) for record in RINGS_1K[alert])})"
        ).to_dict("records")
    loose = Params(window_us=duration_us("365d"), max_length=0, keep_bp=0, ties="order")
    following = {row["source"]: row for row in rows}
    around = [rows[0]]
    while following[around[-1]["target"]] is not rows[0]:
        around.append(following[around[-1]["target"]])
    assert len(around) == len(rows) == len(RINGS_1K[alert])
    with snapshot_from_rows({"transfers": rows}) as graph:
        assert count_cycles(graph, loose)["count"] == 0
    in_order = [row | {"at_us": place} for place, row in enumerate(around)]
    with snapshot_from_rows({"transfers": in_order}) as graph:
        assert count_cycles(graph, loose)["by_length"] == {str(len(rows)): 1}


def test_the_clock_is_kept_in_the_run(small: Path) -> None:
    settings = read_settings(Workspace.open(small))
    assert settings.clock_unit_us == duration_us("1d")
    with regift.open(small) as generation:
        assert generation.sql("SELECT count(*) AS n FROM transfers")["n"][0] == 52_202

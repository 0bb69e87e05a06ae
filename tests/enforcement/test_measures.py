"""Measures from plan to end, the allow-list, and what of both a refresh reads."""

from pathlib import Path

import pytest
from casebooks import book, case, tables

from regift.enforcement import allow_list, dossiers, measures
from regift.enforcement.casebook import Casebook
from regift.enforcement.decision_rules import EXAMPLE_RULES
from regift.enforcement.measures import Handed, Planned
from regift.graph import workspace
from regift.loaders.errors import RegiftError, UsageError

RULES = EXAMPLE_RULES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "casebook.sqlite"


def planned(account: str = "ann", step: str = "restrict", dossier: int | None = None) -> Planned:
    return Planned(account, step, "R4", "many", dossier)


def test_the_life_of_a_measure(path: Path) -> None:
    with book(path, "ann") as log:
        assert measures.plan(log, [planned("b"), planned("a", "notice")], RULES) == [1, 2]
        assert log.state().measured == []
        measures.approve(log, [1, 2], "yes", RULES)
        since = measures.listed(log, account="b")[0].approved_us
        assert since is not None
        assert log.state().measured == [
            ("a", since, "R4", "notice"),
            ("b", since, "R4", "restrict"),
        ]
        measures.export(log, [Handed(1, 5, 6), Handed(2, 7)], "actions-1")
        assert log.state().measured == [("a", 7, "R4", "notice"), ("b", 5, "R4", "restrict")]
        assert [m.number for m in measures.due(log, 6)] == [1]
        measures.recheck(log, 1, "continues", "three more")
        measures.extend(log, 1, "again", due_us=8)
        assert measures.listed(log, account="b")[0].due_us == 8
        measures.close(log, 2, "it stopped")
        assert log.state().measured == [("b", 5, "R4", "restrict")]
        measures.reverse(log, 1, "wrong account")
        assert log.state().measured == []
        assert [(m.state, m.ended_by) for m in measures.listed(log)] == [
            ("reversed", "ann"),
            ("closed", "ann"),
        ]
        log.verify()


def test_a_measure_that_is_over_is_not_in_force(path: Path) -> None:
    with book(path, "ann") as log:
        measures.plan(log, [planned("a")], RULES)
        measures.approve(log, [1], "yes", RULES)
        now = workspace.now_us()
        measures.export(log, [Handed(1, 5, None, now + 10**10)], "x")
        assert len(measures.in_force(log.con, now)) == 1
        assert measures.in_force(log.con, now + 10**10) == []


def test_illegal_moves_leave_nothing(path: Path) -> None:
    with book(path, "ann") as log:
        measures.plan(log, [planned()], RULES)
        before = tables(path)
        refused = {
            "measure 1 .restrict against ann. is planned: export": lambda: measures.export(
                log, [Handed(1, 0)], "x"
            ),
            "is planned: recheck": lambda: measures.recheck(log, 1, "stopped", "r"),
            "is planned: extend": lambda: measures.extend(log, 1, "r", due_us=1),
            "is planned: close": lambda: measures.close(log, 1, "r"),
            "there is no measure 9": lambda: measures.approve(log, [1, 9], "r", RULES),
            "no outcome 'perhaps'": lambda: measures.recheck(log, 1, "perhaps", "r"),
            "the reason is empty": lambda: measures.reverse(log, 1, ""),
            "against ann is planned already: measure 1": lambda: measures.plan(
                log, [planned("bob"), planned()], RULES
            ),
            "planned twice": lambda: measures.plan(log, [planned("x"), planned("x")], RULES),
            "there is no dossier 7": lambda: measures.plan(log, [planned(dossier=7)], RULES),
            "no measure 'jail'": lambda: measures.plan(log, [planned(step="jail")], RULES),
        }
        for said, act in refused.items():
            with pytest.raises(RegiftError, match=said):
                act()
            assert tables(path) == before, said


def test_two_people_for_a_ban(path: Path) -> None:
    with book(path, "ann") as log:
        dossiers.assign(log, case("a"), "eve")
        measures.plan(log, [planned(step="ban", dossier=1), planned("b", "notice")], RULES)
        measures.approve(log, [2], "one is enough", RULES)
        with pytest.raises(RegiftError, match="needs a second person: ann planned it"):
            measures.approve(log, [1], "r", RULES)
    with book(path, "eve") as log:
        with pytest.raises(RegiftError, match="eve is or was assigned its dossier"):
            measures.approve(log, [1], "r", RULES)
        dossiers.assign(log, case("a"), "cat")
        with pytest.raises(RegiftError, match="eve is or was assigned its dossier"):
            measures.approve(log, [1], "r", RULES)
    with book(path, "bob") as log:
        measures.approve(log, [1], "r", RULES)
        assert measures.listed(log, states=["approved"])[0].approved_by == "bob"


def test_the_allow_list(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = workspace.now_us()
    with Casebook.open(path) as log:
        allow_list.add(log, "ann", start + 10**12, "a test account")
        allow_list.add(log, "bob 'quoted' 礼物", start + 10**11, "press")
        allow_list.add(log, "ann", start + 10**13, "longer")
        assert log.state().allowed == [
            ("ann", start + 10**13, "longer"),
            ("bob 'quoted' 礼物", start + 10**11, "press"),
        ]
        with pytest.raises(UsageError, match="is over: an entry ends in the future"):
            allow_list.add(log, "cat", start - 1, "x")
        with pytest.raises(UsageError, match="'cat' is not on the allow-list"):
            allow_list.remove(log, "cat", "x")
        monkeypatch.setattr("regift.enforcement.casebook.now_us", lambda: start + 10**11)
        assert [row[0] for row in log.state().allowed] == ["ann"]
        allow_list.remove(log, "ann", "no more")
        assert log.state().allowed == []
        assert [entry.account for entry in allow_list.entries(log)] == ["bob 'quoted' 礼物"]
        log.verify()

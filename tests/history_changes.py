"""What histories are compared by: all tables, the lists of what changed, and D-10 restated."""

from typing import Any

from workspaces import everything, manifest

from regift.graph.store import attach_generation, manifest_of, open_snapshot
from regift.graph.workspace import Workspace
from regift.ranking.changes import changed
from regift.ranking.rank import rank
from regift.refresh.run import refresh
from regift.refresh.settings import read_settings


def everything_of(place: Workspace) -> tuple[dict[str, list[tuple[Any, ...]]], Any]:
    refresh(place)
    return everything(place), manifest(place)


def listed(workspace: Workspace, then: int) -> dict[str, list[dict[str, Any]]]:
    """The lists of accounts and cases that are new or not what they were."""
    now = manifest(workspace)
    with open_snapshot(workspace, read_settings(workspace), now, threads=1) as graph:
        attach_generation(graph.con, workspace, manifest_of(workspace, then), "earlier")
        return {
            unit: changed(graph.con, unit, rank(graph.con, unit), recalibrated=False)
            for unit in ("account", "case")
        }


def fates(
    before: dict[str, list[tuple[Any, ...]]], now: dict[str, list[tuple[Any, ...]]]
) -> dict[str, list[str]]:
    """Cases that changed and what became of them: definition D-10, case by case."""
    old, new = (_members(each["case_members"]) for each in (before, now))
    was, score = ({row[0]: row[-1] for row in each} for each in (scores_of(before), scores_of(now)))
    heir = {}
    for name, had in old.items():
        kept = {other: len(had & has) for other, has in new.items() if had & has}
        heir[name] = min(kept, key=lambda other: (-kept[other], other)) if kept else None
    told = {name: ["gone"] for name, of in heir.items() if of is None}
    for name, has in new.items():
        olds = [each for each in old if heir[each] == name]
        words = set()
        for each in olds:
            had = old[each]
            parts = sum(bool(had & other) for other in new.values())
            words |= {"same"} if had == has else set()
            words |= {"grew"} if has - had and len(olds) == 1 else set()
            words |= {"shrank"} if had - has and parts == 1 else set()
            words |= {"split"} if parts > 1 else set()
            words |= {"merged"} if len(olds) > 1 else set()
        if not olds:
            words = {"split"} if any(has & had for had in old.values()) else {"new"}
        if words != {"same"} or max(was[each] for each in olds) != score[name]:
            told[name] = sorted(words)
    return told


def _members(rows: list[tuple[Any, ...]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for case, finding, *_ in rows:
        found.setdefault(case, set()).add(finding)
    return found


def scores_of(tables: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """(case, score): the score is where `cases` has it."""
    return [(row[0], row[5]) for row in tables["cases"]]

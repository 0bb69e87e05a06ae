"""What a generation would be without a thing equals a workspace that was never told of it."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from command_line import WORLD, loaded, run

from regift.commands.options import opened
from regift.loaders.errors import UsageError
from regift.ranking.derive import TABLES
from regift.refresh.without import parse, without

MORE = {
    "gifts": "g13,2026-01-08T00:00:00Z,brand,cat,x3,issue,,\n"
    "g14,2026-01-09T00:00:00Z,cat,bob,x3,gift,,\n"
    "g15,2026-01-10T00:00:00Z,bob,fay,x3,gift,,\n",
    "transfers": "t5,2026-01-10T00:20:00Z,fay,eve,20.00,CNY,payment\n",
    "identifiers": "bob,payment_card,p1\neve,payment_card,p1\neve,device,d2\ncat,phone,p2\n"
    "fay,phone,p2\nfay,device,d2\n",
}
TABLES_OF_WORLD = {name: text + MORE.get(name, "") for name, text in WORLD.items()}
TABLES_OF_WORLD["items"] = "item,issuer,collection\nx1,brand,c\nx3,brand,c\n"
TABLES_OF_WORLD["labels"] = "account,at,code,origin\neve,2026-01-05T00:00:00Z,spam,moderation\n"
THINGS = (
    *(f"record:g{n:02}" for n in (2, 3, 6, 7, 10, 13, 14)),
    "transfers:t4", "record:t5", "record:t1",
    *(f"account:{name}" for name in ("ann", "bob", "cat", "brand", "礼物🎁", "=1+1")),
    "device:d2", "phone:+86 100", "payment_card:p1", "phone:p2",
)  # fmt: skip


def rows_without(table: str, thing: str) -> str:
    """The table's file without the rows of the thing."""
    kind, _, id = thing.partition(":")
    head, *rows = csv.reader(io.StringIO(TABLES_OF_WORLD[table]))
    named = [n for n, name in enumerate(head) if name in ("source", "target", "account", "issuer")]
    kept = [head]
    for row in rows:
        told = dict(zip(head, row, strict=True))
        if kind == "account":
            gone = id in [row[n] for n in named]
        elif table == "identifiers":
            gone = (told["kind"], told["value"]) == (kind, id)
        else:
            gone = told.get("record_id") == id and kind in ("record", table)
        kept += [] if gone else [row]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(kept)
    return out.getvalue()


def made(place: Path, thing: str = "nothing:") -> Path:
    for table in TABLES_OF_WORLD:
        ran = loaded(place, table, rows_without(table, thing), name=f"{table}.csv")
        assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", place).code == 0
    return place


def ranking(con: Any) -> dict[str, list[tuple[Any, ...]]]:
    """All that a generation keeps of its ranking."""
    return {table: con.sql(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("whole") / "ws")


@pytest.mark.parametrize("thing", THINGS)
def test_equals_never_loaded(whole: Path, tmp_path: Path, thing: str) -> None:
    """Cases, scores, reasons and proposals, whole tables; and the thing mattered or not alike."""
    place, _, manifest, graph = opened(whole)
    with graph, without(place, manifest, graph.settings, parse(thing)) as con:
        found = ranking(con)
    _, _, _, never = opened(made(tmp_path / "ws", thing))
    with never:
        assert found == ranking(never.con)


def test_it_matters(whole: Path) -> None:
    """The things above are no trifles."""
    place, _, manifest, graph = opened(whole)
    with graph:
        before = ranking(graph.con)["account_scores"]
        for thing in ("record:g02", "transfers:t4", "account:bob", "device:d2"):
            with without(place, manifest, graph.settings, parse(thing)) as con:
                assert ranking(con)["account_scores"] != before, thing


def test_without_a_finding_the_others_stay(whole: Path) -> None:
    place, _, manifest, graph = opened(whole)
    with graph:
        before = graph.con.sql("SELECT finding FROM findings ORDER BY 1").fetchall()
        ((gone,), *rest) = before
        with without(place, manifest, graph.settings, parse(f"finding:{gone}")) as con:
            assert con.sql("SELECT finding FROM findings ORDER BY 1").fetchall() == rest


@pytest.mark.parametrize("thing", ["finding:none", "account:nobody", "device:d9", "record:g99"])
def test_what_is_not_there(whole: Path, thing: str) -> None:
    place, _, manifest, graph = opened(whole)
    with (
        graph,
        pytest.raises(UsageError, match="nothing of the generation is that"),
        without(place, manifest, graph.settings, parse(thing)),
    ):
        pass


@pytest.mark.parametrize("text", ["d-91", ":x", "device:", ""])
def test_a_thing_has_a_kind(text: str) -> None:
    with pytest.raises(UsageError, match="write record:ID"):
        parse(text)


def test_nothing_is_written(whole: Path) -> None:
    """Not a file more, not one changed."""
    place, _, manifest, graph = opened(whole)
    before = {path: path.stat().st_mtime_ns for path in sorted(whole.rglob("*")) if path.is_file()}
    with graph, without(place, manifest, graph.settings, parse("record:g02")):
        pass
    after = {path: path.stat().st_mtime_ns for path in sorted(whole.rglob("*")) if path.is_file()}
    assert after == before

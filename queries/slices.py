"""One search in many parts: by slices of time for memory, by runs of roots for threads.

    records  |----------- slice 1 -----------|----------- slice 2 -----------|
    roots    [part][part][part][part]         [part][part][part][part]
    slice 1 reads its roots and the halo      |-- window --|

A finding belongs to its first record, its *root*, and a part finds what its own roots begin; it
reads the records of one window more. So parts share nothing, none finds what another finds, and
`queries/fold.py` makes one of what they found. Any slices and jobs give the same findings.

How a typology takes part: `SEARCH = Search(...)`, with

    kinds     the kinds of transfers that it reads, from its parameters; `params.window_us` is both
              the halo and the gap of an episode, `params.min_amount` (if there is one) the least
    prepare   what all parts of one graph share and only read, such as horizons: from the graph,
              the parameters and the bounds
    part      a `Task` -> a `Part`: a pure function of what the task holds. Its rows are partials
              (`queries/fold.py`), of the roots [begin, stop) of the graph only; with `counting`
              they need the first of fold's columns and `length` alone
    listed    whether rows are not partials but findings, each with its `anchor`, in the order of
              their roots and at most `task.most` of them, whole roots (`group=instance`)
    parts     the most parts of one graph, where each costs more than its roots: scatter_gather
              goes through all that lies in the windows of a part anew

and `find` hands `search_slices(graph, params, SEARCH).rows` to `collect`.

Time (`bounds.deadline_s`): when it is over no further part begins. Memory: that of the largest
slice and of what was found; when that is `FINDINGS`, no further part begins either. What did not is
told in `truncated["time"]` and `["memory"]`; findings that may reach into it are not complete.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regift.graph.bounds import Bounds
from regift.graph.snapshot import Snapshot
from regift.graph.temporal import EVER, Span, TemporalGraph, flows
from regift.graph.workspace import utc_text
from regift.queries import fold
from regift.queries.cuts import Cut, told

Ints = NDArray[Any]

EDGES = 20_000_000
"""Moves of one slice with its halo, unless slices are given; about 150 bytes each while it runs."""

PARTS = 64
LEAST_ROOTS = 4_096
"""Parts of one slice and currency, and roots that make one: small enough that threads end together
and that a budget is kept, large enough that making a part costs nothing beside it."""

MOST = 2**62
"""As good as no end."""

BUCKETS = 65_536
"""Steps of the histogram by which slices are cut."""

FINDINGS = 1_000_000
"""Findings that one search keeps, about 3 GiB until they are written: more than a list of suspects
can be, and a complete graph of some tens of accounts would go on for ever. Where `listed`: for each
currency, those of the first roots, whole roots only."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One part: the roots [begin, stop) of a graph of one currency, and how to search them.

    whole: the graph holds every record, so nothing of what its roots begin lies in another slice.
    """

    currency: str
    graph: TemporalGraph
    shared: Any
    begin: int
    stop: int
    params: Any
    bounds: Bounds
    counting: bool
    most: int
    whole: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the roots of one part give.

    cuts: by the name of the bound; instances: in all, where `listed`, whether in `rows` or not;
    alone: when counting, by length the findings of one instance and one episode that no row has;
    reached: first root that was not searched, because time or memory was used up; None: all were.
    """

    rows: pa.Table
    cuts: Mapping[str, Cut]
    instances: int = 0
    reached: int | None = None
    alone: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a typology says of itself: see the head of this file."""

    kinds: Callable[[Any], tuple[str, ...]]
    prepare: Callable[[TemporalGraph, Any, Bounds], Any]
    part: Callable[[Task], Part]
    listed: Callable[[Any], bool] = lambda params: False
    parts: Callable[[TemporalGraph, Any], int] = lambda graph, params: PARTS


@dataclass(frozen=True)
class Found:
    """Rows of all parts (for `collect`, or folded partials when counting), and what was cut.

    alone: what only was counted, by length.
    """

    rows: pa.Table
    truncated: dict[str, object]
    alone: Mapping[int, int] = field(default_factory=dict)


def search_slices(graph: Snapshot, params: Any, search: Search, *, counting: bool = False) -> Found:
    """Search a snapshot in as many parts as its bounds ask for; see the head of this file."""
    bounds = graph.bounds
    listed = search.listed(params) and not counting
    spans = plan(graph, search.kinds(params), params.window_us)
    left: dict[str, list[Span]] = {}
    parts: list[tuple[str, Part]] = []
    of = len(spans)
    for number, (since, until) in enumerate(spans):
        if bounds.late:
            left.setdefault("time", []).append((since, until))
            continue
        read = EVER if len(spans) == 1 else (since, min(until - 1 + params.window_us, EVER[1]))
        room = MOST if counting else FINDINGS
        if not listed:
            room = max(0, room - sum(len(part.rows) for _, part in parts))
        tasks = list(_tasks(graph, params, search, read, until, counting, room))
        of += max(len(tasks), 1) - 1
        done = _run(tasks, search, listed, bounds, _progress(bounds, number, len(spans)))
        for task, part in zip(tasks, done, strict=True):
            if isinstance(part, Part):
                parts.append((task.currency, part))
                if part.reached is None:
                    continue
                task = replace(task, begin=part.reached)
                part = "time" if bounds.late else "memory"
            left.setdefault(part, []).append(_span(task, since, until))
    if not parts:
        parts.append(("", search.part(_nothing(graph, params, search, counting))))
    return _joined(parts, params, listed, counting, left, of)


def _joined(
    parts: list[tuple[str, Part]], params: Any, listed: bool, counting: bool,
    left: Mapping[str, list[Span]], of: int,
) -> Found:  # fmt: skip
    """All parts in one."""
    cuts = [(currency, part.cuts) for currency, part in parts if part.cuts]
    inexact = 0
    if listed:
        rows, left_out = _first(parts)
    else:
        rows, left_out = fold.fold([part.rows for _, part in parts], params.window_us), 0
        if "exact" in rows.column_names:
            inexact = pc.sum(pc.invert(rows["exact"])).as_py() or 0
        rows = _reached(rows, [span for spans in left.values() for span in spans], params.window_us)
    truncated = told([cut for _, cut in cuts])
    if inexact:
        truncated["counting"] = {"rings": inexact, "instances": "at least"}
    if left_out:
        truncated["instances"] = {"listed": len(rows), "left_out": left_out}
    for cause, spans in sorted(left.items()):
        truncated[cause] = {"slices": _merged(spans), "cut": len(spans), "of": of}
    if counting:
        alone: Counter[int] = Counter()
        for _, part in parts:
            alone.update(part.alone)
        return Found(rows, truncated, alone)
    rows = rows if listed else fold.finished(rows)
    for currency in sorted({currency for currency, _ in cuts}):
        names = {n for c, by in cuts if c == currency for cut in by.values() for n in cut.accounts}
        rows = _touched(rows, currency, names)
    return Found(rows, truncated)


def plan(graph: Snapshot, kinds: tuple[str, ...], halo_us: int) -> list[Span]:
    """Spans [since, until) of time that hold all roots, as many as asked for or as memory needs.

    Their moves are about equally many; the halo counts where memory decides. Cost: one look at the
    number of moves, and at their times if there is more than one slice.
    """
    wanted = graph.bounds.slices
    if wanted == 1:
        return [EVER]
    con = graph.con
    moves = (
        "(SELECT at_us, kind FROM payments UNION ALL SELECT at_us, kind FROM transfers "
        "WHERE kind IN ('topup', 'payout'))"
    )
    chosen = f"FROM {moves} WHERE list_contains($kinds::VARCHAR[], kind)"
    asked = {"kinds": list(kinds)}
    total, first, last = con.execute(
        f"SELECT count(*), min(at_us), max(at_us) {chosen}", asked
    ).fetchall()[0]
    if total == 0 or (wanted == 0 and total <= EDGES):
        return [EVER]
    width = max(1, -(-(last - first + 1) // BUCKETS))
    counted = con.sql(
        f"SELECT ((at_us - $first) // $width)::BIGINT AS bucket, count(*) AS n {chosen} "
        "GROUP BY bucket ORDER BY bucket",
        params=asked | {"first": first, "width": width},
    ).to_arrow_table()
    held = np.zeros(counted["bucket"][-1].as_py() + 1, np.int64)
    held[counted["bucket"].to_numpy()] = counted["n"].to_numpy()
    before = np.concatenate(([0], np.cumsum(held)))
    cuts = _even(before, wanted) if wanted else _small(before, -(-halo_us // width) + 1)
    times = [EVER[0], *(first + int(bucket) * width for bucket in cuts), EVER[1]]
    return list(pairwise(times))


def _even(before: Ints, slices: int) -> Ints:
    """Buckets at which slices begin (but the first) so that they hold about equally many.

    >>> _even(np.array([0, 5, 5, 9, 10]), 2)
    array([1])
    """
    wanted = int(before[-1]) * np.arange(1, slices, dtype=np.int64) // slices
    cuts = np.unique(np.searchsorted(before, wanted, "left"))
    return cuts[(cuts > 0) & (cuts < len(before) - 1)]


def _small(before: Ints, halo: int) -> list[int]:
    """The same so that a slice and its halo (in buckets) hold at most EDGES.

    Where the halo alone holds more, a slice takes at least a quarter of EDGES roots all the same:
    smaller ones would read that halo again and again and hold no less.
    """
    last = len(before) - 1
    cuts: list[int] = []
    begin = 0
    while True:
        end = int(np.searchsorted(before, before[begin] + EDGES, "right")) - 1 - halo
        least = int(np.searchsorted(before, before[begin] + EDGES // 4, "left"))
        begin = max(end, least, begin + 1)
        if begin >= last or before[-1] - before[cuts[-1] if cuts else 0] <= EDGES:
            return cuts
        cuts.append(begin)


def _tasks(
    graph: Snapshot, params: Any, search: Search, read: Span, until: int, counting: bool, room: int
) -> Iterator[Task]:
    """The parts of one slice, in the order of currencies and then of roots."""
    bounds = graph.bounds
    least = getattr(params, "min_amount", Decimal(0))
    for currency, moves in flows(graph, search.kinds(params), least, read):
        owned = int(np.searchsorted(moves.at_us, until, "left"))
        if not owned:
            continue
        shared = search.prepare(moves, params, bounds)
        begins = _begins(moves.at_us[:owned], bounds, search.parts(moves, params))
        for begin, stop in zip(begins, [*begins[1:], owned], strict=True):
            yield Task(
                currency=currency, graph=moves, shared=shared, begin=begin, stop=stop,
                params=params, bounds=bounds, counting=counting, most=room, whole=read == EVER,
            )  # fmt: skip


def _begins(at_us: Ints, bounds: Bounds, most: int) -> list[int]:
    """First root of each part. Equal times stay together, so that a part is a span of time."""
    if bounds.jobs == 1 and bounds.deadline_s is None and bounds.on_progress is None:
        return [0]
    parts = max(1, min(PARTS, most, len(at_us) // LEAST_ROOTS))
    at = len(at_us) * np.arange(parts) // parts
    begins: list[int] = np.unique(np.searchsorted(at_us, at_us[at], "left")).tolist()
    return begins


def _run(
    tasks: list[Task], search: Search, listed: bool, bounds: Bounds,
    progress: Callable[[int, int], None],
) -> list[Part | str]:  # fmt: skip
    """Parts of tasks, in their order; or `time` or `memory`: it was used up before it began."""
    done: list[Part | str] = ["time"] * len(tasks)

    def run(place: int) -> None:
        task = tasks[place]
        if bounds.late:
            return
        # What others found already is room no more; where `listed`, what comes before in the list.
        others = zip(tasks[:place], done, strict=False) if listed else zip(tasks, done, strict=True)
        found = [
            len(part.rows)
            for other, part in others
            if isinstance(part, Part) and (not listed or other.currency == task.currency)
        ]
        task = replace(task, most=max(0, task.most - sum(found)))
        done[place] = search.part(task) if listed or task.most else "memory"

    if bounds.jobs == 1 or len(tasks) == 1:
        for place in range(len(tasks)):
            run(place)
            progress(place + 1, len(tasks))
        return done
    with ThreadPoolExecutor(bounds.jobs) as pool:
        waiting: set[Future[None]] = {pool.submit(run, place) for place in range(len(tasks))}
        try:
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                progress(len(tasks) - len(waiting), len(tasks))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return done


def _progress(bounds: Bounds, number: int, slices: int) -> Callable[[int, int], None]:
    """Tells how much is done: a slice is a thousand steps."""

    def tell(done: int, of: int) -> None:
        if bounds.on_progress is not None:
            bounds.on_progress(1000 * number + 1000 * done // of, 1000 * slices)

    return tell


def _nothing(graph: Snapshot, params: Any, search: Search, counting: bool) -> Task:
    """A task without a record: its part has the columns of every other."""
    ((currency, moves),) = flows(graph, search.kinds(params), span=(0, -1))
    shared = search.prepare(moves, params, graph.bounds)
    return Task(
        currency=currency, graph=moves, shared=shared, begin=0, stop=0, params=params,
        bounds=graph.bounds, counting=counting, most=0, whole=True,
    )  # fmt: skip


def _span(task: Task, since: int, until: int) -> Span:
    """The time whose roots a part owns."""
    at_us = task.graph.at_us
    first = since if task.begin == 0 else int(at_us[task.begin])
    ends = task.stop == len(at_us) or int(at_us[task.stop]) >= until
    return first, until if ends else int(at_us[task.stop])


def _merged(late: list[Span]) -> list[dict[str, str | None]]:
    """Spans of time as text, those that meet joined; null: from the start, or to the end.

    >>> _merged([(1_000_000, EVER[1]), (EVER[0], 0), (0, 1_000_000)])
    [{'from': None, 'until': None}]
    """
    joined: list[list[int]] = []
    for since, until in sorted(late):
        if joined and since <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], until)
        else:
            joined.append([since, until])
    return [
        {
            "from": None if since == EVER[0] else utc_text(since),
            "until": None if until == EVER[1] else utc_text(until),
        }
        for since, until in joined
    ]


def _first(parts: list[tuple[str, Part]]) -> tuple[pa.Table, int]:
    """Of every currency the findings of its first roots, and how many were left out.

    Whole roots, in total order, as long as all of them together are no more than FINDINGS.
    """
    kept = []
    full: set[str] = set()
    listed: dict[str, int] = {}
    for currency, part in parts:
        room = FINDINGS - listed.get(currency, 0)
        rows = part.rows
        if currency in full:
            rows = rows.slice(0, 0)
        elif len(rows) > room:
            # `root_of`: the number of its root, ascending; what is left of the last root goes too.
            at = rows["root_of"].to_numpy()
            rows = rows.slice(0, int(np.searchsorted(at, at[room], "left")))
        if len(rows) < part.instances:
            full.add(currency)
        listed[currency] = listed.get(currency, 0) + len(rows)
        kept.append(rows)
    left_out = sum(part.instances for _, part in parts) - sum(listed.values())
    return pa.concat_tables(kept).drop_columns(["root_of"]), left_out


def _reached(rows: pa.Table, late: list[Span], gap_us: int) -> pa.Table:
    """Partials that may go on in a span that was not searched are not complete."""
    complete = rows["complete"].to_numpy()
    first, last = rows["root_us"].to_numpy(), rows["last_root_us"].to_numpy()
    for since, until in late:
        # Times lie far inside 64 bits, so these sums do; `until` is not in the span.
        near = (last >= max(since, EVER[0] + gap_us) - gap_us) & (first < until - 1 + gap_us)
        complete = complete & ~near
    return rows.set_column(rows.column_names.index("complete"), "complete", pa.array(complete))


def _touched(rows: pa.Table, currency: str, names: set[str]) -> pa.Table:
    """Findings with an account at which a bound cut are not complete."""
    accounts = fold.one_array(rows["accounts"])
    cut = pc.is_in(accounts.flatten(), pa.array(sorted(names), pa.large_string())).to_numpy(False)
    places = np.concatenate(([0], np.cumsum(cut)))
    ends = np.cumsum(pc.list_value_length(accounts).to_numpy())
    touched = places[ends] > places[np.concatenate(([0], ends[:-1]))]
    touched &= pc.equal(fold.one_array(rows["currency"]), currency).to_numpy(False)
    complete = rows["complete"].to_numpy() & ~touched
    return rows.set_column(rows.column_names.index("complete"), "complete", pa.array(complete))

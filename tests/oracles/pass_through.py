"""pass_through, record by record (D-7)."""

from collections import defaultdict
from typing import Any

from oracles.effective import effective
from oracles.records import Row, Rows, place
from regift.graph.snapshot import Settings

Finding = tuple[str, str, int, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]


def events(x: str, rows: list[Row], params: Any) -> list[tuple[Row, list[Row]]]:
    """Incoming records of x that were passed on, each with the outs that took it."""
    queue: list[list[Any]] = []
    taken: dict[str, int] = defaultdict(int)
    takers: dict[str, list[Row]] = defaultdict(list)
    incoming = []
    for row in rows:
        if row["target"] == x and row["kind"] != "payout":
            incoming.append(row)
            queue.append([row, row["amount_minor"]])
        if row["source"] != x or row["kind"] == "topup":
            continue
        wanted = row["amount_minor"]
        queue = [q for q in queue if row["at_us"] - q[0]["at_us"] <= params.dwell_us]
        for q in queue:
            if params.ties == "strict" and q[0]["at_us"] == row["at_us"]:
                continue
            amount = min(wanted, q[1])
            q[1] -= amount
            wanted -= amount
            if amount and q[0]["source"] != row["target"]:
                taken[q[0]["record_id"]] += amount
                takers[q[0]["record_id"]].append(row)
    return [
        (row, takers[row["record_id"]])
        for row in incoming
        if 10_000 * taken[row["record_id"]] >= params.keep_bp * row["amount_minor"]
    ]


def pass_through(rows: Rows, settings: Settings, params: Any) -> set[Finding]:
    """(relay, currency, amount, ((account, role), ...), ((record, role), ...))"""
    moves = effective(rows, settings).payments + [
        row
        for row in rows.get("transfers", [])
        if row["kind"] in ("topup", "payout") and row["source"] != row["target"]
    ]
    moves.sort(key=place)
    found = set()
    accounts = {row["source"] for row in moves} | {row["target"] for row in moves}
    for x, currency in {(x, row["currency"]) for x in accounts for row in moves}:
        episodes: list[list[tuple[Row, list[Row]]]] = []
        for event in events(x, [row for row in moves if row["currency"] == currency], params):
            if not episodes or event[0]["at_us"] - episodes[-1][-1][0]["at_us"] > params.window_us:
                episodes.append([])
            episodes[-1].append(event)
        for episode in episodes:
            if len(episode) >= params.min_events:
                found.add((x, currency, *described(x, episode)))
    return found


def described(x: str, episode: list[tuple[Row, list[Row]]]) -> Any:
    ins = [row for row, _ in episode]
    outs = sorted({r["record_id"]: r for _, takers in episode for r in takers}.values(), key=place)
    roles = {x: "relay"}
    for row in ins:
        roles.setdefault(row["source"], "source")
    for row in outs:
        roles.setdefault(row["target"], "receiver")
    records = [(place(r), r["record_id"], "in") for r in ins]
    records += [(place(r), r["record_id"], "out") for r in outs]
    amount = sum(row["amount_minor"] for row in ins)
    return amount, tuple(roles.items()), tuple((r, role) for _, r, role in sorted(records))

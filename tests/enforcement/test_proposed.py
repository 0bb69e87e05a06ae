"""Which proposals a plan takes, against a slow restatement of the rule, on drawn worlds."""

import random
from typing import Any

import duckdb
import pytest

from regift.enforcement import proposed
from regift.ranking.constants import MEASURES

STATES = ("planned", "approved", "exported", "rechecked", "closed", "reversed")
DOSSIER_STATES = (
    "open", "awaiting approval", "decided", "cleared", "appealed", "upheld", "overturned",
    "reversed",
)  # fmt: skip
TABLES = {
    "listed": "rank BIGINT, account VARCHAR, case_id VARCHAR, score DECIMAL(5,1), measure VARCHAR, "
    "clause VARCHAR, subject VARCHAR, choice BIGINT",
    "legal_subjects": "account VARCHAR, subject VARCHAR",
    "measures": "number BIGINT, dossier BIGINT, account VARCHAR, step VARCHAR, state VARCHAR, "
    "approved_us BIGINT, effective_us BIGINT",
    "facts": "account VARCHAR, last_us BIGINT",
    "case_dossiers": "case_id VARCHAR, dossier BIGINT, state VARCHAR, since BIGINT, changed BIGINT",
    "allow_listed": "account VARCHAR",
}
World = dict[str, list[tuple[Any, ...]]]


def drawn(draw: random.Random) -> World:
    """Proposals of up to eight accounts, in one case or two, and what a casebook may hold."""
    accounts = [f"a{n}" for n in range(draw.randint(1, 8))]
    ranks = draw.sample(range(1, 30), len(accounts))
    subjects = [draw.choice(accounts[:3]) for _ in accounts]
    cases = [draw.choice("xyz") for _ in accounts]
    listed = [
        (rank, account, each, 100 - rank, draw.choice(MEASURES[:4]), "R4", subject, choice)
        for rank, account, case, subject in zip(ranks, accounts, cases, subjects, strict=True)
        for choice, each in enumerate((case, draw.choice("xyz"))[: draw.randint(1, 2)], 1)
    ]
    dossiers = [
        (case, number, draw.choice(DOSSIER_STATES), draw.randint(0, 1), draw.randint(0, 1))
        for number, case in enumerate(draw.choices("xyz", k=draw.randint(0, 3)), 1)
    ]
    measures = [
        (
            *(number, draw.randint(1, 3), draw.choice(accounts), draw.choice(MEASURES[:4])),
            *(draw.choice(STATES), 10, draw.choice((None, 20))),
        )
        for number in range(1, draw.randint(1, 7))
    ]
    return {
        "listed": listed,
        "legal_subjects": list(zip(accounts, subjects, strict=True)),
        "measures": measures,
        "facts": [(draw.choice(accounts), draw.choice((5, 15, 25))) for _ in range(5)],
        "case_dossiers": dossiers,
        "allow_listed": [(account,) for account in accounts if draw.random() < 0.1],
    }


def chosen(world: World, capacity: int | None, line: int | None) -> tuple[Any, ...]:
    con = duckdb.connect(config={"threads": 1})
    for table, columns in TABLES.items():
        con.execute(f"CREATE TABLE {table} ({columns})")
        for row in world[table]:
            con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    proposed.choose(con, capacity, line)  # type: ignore[arg-type]
    out = con.execute("SELECT account, left_out, follows FROM proposed ORDER BY account").fetchall()
    taken = con.execute(f"SELECT account FROM taken ORDER BY {proposed.ORDER}").fetchall()
    return out, [account for (account,) in taken], proposed.left(con)


def restated(world: World, capacity: int | None, line: int | None) -> tuple[Any, ...]:
    listed = [row for row in shown(world) if line is None or row[3] >= line]
    out = {row[1]: why_left(world, row) for row in listed}
    follows = {row[1]: max(standing(world, row[1]), default=(0, None))[1] for row in listed}
    subject = dict(world["legal_subjects"])
    waiting = {subject[m[2]] for m in world["measures"] if m[4] == "planned"}
    free = sorted(row[:2] for row in listed if out[row[1]] is None)
    fresh = list(dict.fromkeys(subject[a] for _, a in free if subject[a] not in waiting))
    if capacity is not None:
        fresh = fresh[: max(0, capacity - len(waiting))]
    kept = [(rank, a) for rank, a in free if subject[a] in waiting | set(fresh)]
    best: dict[str, int] = {}
    for rank, account in kept:
        best.setdefault(subject[account], rank)
    taken = [a for _, _, a in sorted((best[subject[a]], rank, a) for rank, a in kept)]
    counts = {code: list(out.values()).count(code) for code in proposed.LEFT_OUT}
    counts["beyond"] = len(free) - len(kept)
    rows = [(account, out[account], follows[account]) for account in sorted(out)]
    return rows, taken, {code: n for code, n in counts.items() if n}


def shown(world: World) -> list[tuple[Any, ...]]:
    """One row of each account: the first whose case nobody ended for good, else the first."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in sorted(world["listed"], key=lambda row: row[7]):
        rows.setdefault(row[1], []).append(row)
    return [min(mine, key=lambda row: over(world, row[2])) for mine in rows.values()]


def over(world: World, case: str) -> bool:
    dossiers = [d for d in world["case_dossiers"] if d[0] == case]
    ended = any(d[2] in ("cleared", "reversed", "overturned") for d in dossiers)
    return ended and not any(d[3] or d[4] for d in dossiers)


def standing(world: World, account: str) -> list[tuple[int, int]]:
    """(step, number) of measures of an account that did not end."""
    return [
        (MEASURES.index(m[3]), m[0])
        for m in world["measures"]
        if m[2] == account and m[4] not in ("closed", "reversed")
    ]


def why_left(world: World, row: tuple[Any, ...]) -> str | None:
    _, account, case, _, step, *_ = row
    wanted = MEASURES.index(step)
    if any(place >= wanted for place, _ in standing(world, account)):
        return "stands"
    if (account,) in world["allow_listed"]:
        return "allowed"
    dossiers = [d for d in world["case_dossiers"] if d[0] == case]
    if any(d[2] in ("awaiting approval", "appealed") for d in dossiers):
        return "busy"
    if len(dossiers) > 1:
        return "merged"
    mine = [m for m in world["measures"] if m[2] == account and MEASURES.index(m[3]) >= wanted]
    if dossiers and not dossiers[0][3] and not dossiers[0][4]:
        declined = any(m[1] == dossiers[0][1] and m[4] == "reversed" for m in mine)
        if declined or dossiers[0][2] in ("cleared", "reversed", "overturned"):
            return "refused"
    for m in mine:
        began = m[6] if m[6] is not None else m[5]
        if m[4] == "closed" and not any(a == account and at > began for a, at in world["facts"]):
            return "ended"
    return None


@pytest.mark.parametrize("seed", range(60))
def test_a_plan_takes_what_the_rule_says(seed: int) -> None:
    draw = random.Random(seed)
    world = drawn(draw)
    capacity, line = draw.choice((None, 1, 2, 4)), draw.choice((None, None, 85))
    assert chosen(world, capacity, line) == restated(world, capacity, line)


def test_the_drawn_worlds_show_every_reason() -> None:
    worlds = [drawn(random.Random(seed)) for seed in range(60)]
    seen = {why_left(world, row) for world in worlds for row in world["listed"]}
    assert seen == {None, *proposed.LEFT_OUT}

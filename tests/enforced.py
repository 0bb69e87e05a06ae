"""A world of four operators of which measures are proposed, a clock to be set, and two people.

star    mini program, 40 sales: take_down; 礼物=1 is its account id's odd sister, one sale: notice
mini    mini program of acme, 12 sales: restrict
shop    official account of acme, one sale without a certificate: notice
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import loaded, run

START = datetime(2027, 1, 1, tzinfo=UTC)
"""What the clock says when the world is taken in: all its records are of the two months before."""

SALES = {"star": 40, "mini": 12, "=礼物": 1}
ACCOUNTS = """\
account,kind,operator,name
brand,official_account,issuer,Brand
shop,official_account,acme,Shop
mini,mini_program,acme,Mini
star,mini_program,,Star
=礼物,mini_program,,Odd
"""
IDENTIFIERS = """\
account,kind,value
star,device,d1
=礼物,device,d1
mini,phone,1
mini,device,d2
twin,phone,1
twin,device,d2
"""
"""star and =礼物 are associated; mini and twin, who does nothing, are one entity."""
CERTIFICATES = """\
account,partner_company,filing_number,valid_from,valid_to
brand,Chain Ltd,000123,2025-01-01T00:00:00Z,2029-01-01T00:00:00Z
"""


def sale(number: int, seller: str, at: datetime) -> str:
    """A row of gifts: a seller sells an item that the brand issued to it, a fact against it."""
    item, when = f"{seller}-{number}", at.strftime("%Y-%m-%dT%H:%M:%SZ")
    before = (at - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f"i{item},{before},brand,{seller},{item},issue,,\n"
        f"s{item},{when},{seller},buyer{number},{item},sale,1.00,CNY\n"
    )


def gifts() -> str:
    """All of them, over the two months before `START`."""
    rows = [
        sale(number, seller, START - timedelta(days=50, minutes=-90 * number))
        for seller, count in SALES.items()
        for number in range(count)
    ]
    rows.append("u1,2026-12-30T00:00:00Z,shop,ann,own-1,sale,1.00,CNY\n")
    rows.append("u2,2026-12-31T00:00:00Z,brand,ann,own-2,issue,,\n")
    return "record_id,at,source,target,item,kind,price,currency\n" + "".join(rows)


ITEMS = "item,issuer\nown-1,shop\n"


def set_clock(patch: pytest.MonkeyPatch, after: timedelta = timedelta(0)) -> None:
    """Let the clock stand at so long after `START`, advancing a microsecond at each look."""
    begins = int((START + after).timestamp() * 1_000_000)
    looks = iter(range(10**9))
    patch.setattr("time.time_ns", lambda: (begins + next(looks)) * 1_000)


@contextmanager
def person(login: str) -> Iterator[None]:
    """Act as somebody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regift.graph.workspace.actor", lambda: login)
        yield


def built(place: Path) -> None:
    """Load and refresh the world."""
    texts = {
        "gifts": gifts(),
        "accounts": ACCOUNTS,
        "identifiers": IDENTIFIERS,
        "certificates": CERTIFICATES,
        "items": ITEMS,
    }
    for table, text in texts.items():
        ran = loaded(place, table, text, name=f"{table}.csv")
        assert ran.code == 0, ran.stderr
    ran = run("refresh", "-q", "-w", place)
    assert ran.code == 0, ran.stderr


def taken_in(place: Path, rows: str) -> None:
    """Load more gifts and refresh."""
    header = "record_id,at,source,target,item,kind,price,currency\n"
    ran = loaded(place, "gifts", header + rows, name="more.csv")
    assert ran.code == 0, ran.stderr
    assert run("refresh", "-q", "-w", place).code == 0

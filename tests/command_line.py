"""The command line from outside: run it in this process, and a small world to run it on."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regift.cli import main

GIFTS = """\
record_id,at,source,target,item,kind,price,currency
g01,2026-01-01T00:00:00Z,brand,ann,x1,issue,,
g02,2026-01-02T00:00:00Z,ann,bob,x1,gift,,
g03,2026-01-03T00:00:00Z,bob,cat,x1,gift,,
g04,2026-01-01T00:00:00Z,brand,=1+1,007,issue,,
g05,2026-01-02T00:00:00Z,=1+1,礼物🎁,007,gift,,
g06,2026-01-04T00:00:00Z,礼物🎁,00123,007,gift,,
g07,2026-01-05T00:00:00Z,00123,eve,007,sale,100.00,CNY
g08,2026-01-01T00:00:00Z,brand,ann,x2,issue,,
g09,2026-01-02T00:00:00Z,ann,bob,x2,gift,,
g10,2026-01-02T12:00:00Z,bob,ann,x2,gift,,
g11,2026-01-06T00:00:00Z,ann,dan,x2,gift,,
g12,2026-01-07T00:00:00Z,dan,cat,x2,gift,,
"""
TRANSFERS = """\
record_id,at,source,target,amount,currency,kind
t1,2026-01-01T00:00:00Z,a,b,100.00,CNY,payment
t2,2026-01-01T01:00:00Z,b,c,97.50,CNY,payment
t3,2026-01-01T02:00:00Z,c,a,95.00,CNY,payment
t4,2026-01-03T00:10:00Z,cat,bob,50.00,CNY,payment
"""
ACCOUNTS = """\
account,kind,operator,name
brand,official_account,acme,Acme
ann,personal,,
dan,personal,,"Dan ""d"" Doe"
"""
IDENTIFIERS = """\
account,kind,value
ann,phone,+86 100
ann,device,d1
dan,phone,+86 100
dan,device,d1
bob,device,d2
cat,device,d2
"""
CERTIFICATES = """\
account,partner_company,filing_number,valid_from,valid_to
brand,Chain Ltd,000123,2025-01-01T00:00:00Z,2027-01-01T00:00:00Z
"""
WORLD = {
    "gifts": GIFTS,
    "transfers": TRANSFERS,
    "accounts": ACCOUNTS,
    "identifiers": IDENTIFIERS,
    "certificates": CERTIFICATES,
}

FINDING_KEYS = [
    "finding",
    "typology",
    "accounts",
    "records",
    "items",
    "first_at",
    "last_at",
    "amount",
    "currency",
    "length",
    "instances",
    "level",
    "clause",
    "complete",
]
"""The keys that the contract fixes, in its order; others come behind them."""


@dataclass(frozen=True)
class Ran:
    """What one command did. Unpacks as (code, stdout, stderr)."""

    code: int
    raw: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        return self.raw.decode()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.stdout.split("\n") if line]

    @property
    def line(self) -> str:
        """The one line on stderr of a command that failed and said nothing else."""
        assert self.code != 0, self
        assert self.raw == b"", self
        (line,) = self.stderr.rstrip("\n").split("\n")
        return line

    def __iter__(self) -> Iterator[Any]:
        return iter((self.code, self.stdout, self.stderr))


def run(*args: str | Path, stdin: bytes | str = b"") -> Ran:
    """`regift ARGS` in this process. An exception that `main` lets through is a failed test."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    with _streams(given) as (out, err):
        argv, sys.argv = sys.argv, ["regift", *map(str, args)]
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            sys.argv = argv
        assert isinstance(code, int)
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(code, out.getvalue(), err.getvalue().decode())


@contextmanager
def _streams(given: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Standard streams in memory, UTF-8 as on a terminal."""
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(out, encoding="utf-8", newline="")
    sys.stderr = io.TextIOWrapper(err, "utf-8", errors="backslashreplace", newline="")
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def loaded(place: Path, table: str, content: bytes | str, *args: str, name: str = "f.csv") -> Ran:
    """Write a file beside the workspace and load it."""
    file = place.parent / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return run("load", file, "--table", table, "-w", place, *args)


def asked(place: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of `query --sql`."""
    ran = run("query", "--sql", sql, "--json", "-w", place)
    assert ran.code == 0, ran.stderr
    return [tuple(row.values()) for row in ran.rows]

"""Accounts that look alike, on people whose true identity is known: what a trained model finds.

    python benchmarks/linking.py [--data ../shared/data] [--write | --check]

Each data set becomes a table of identifiers; a model is trained on it without any label (seed 0),
and the pairs that it scores are compared with the truth, beside pairs that share a phone, an e-mail
address or a document as it is written. Prints Markdown; `--write` puts it into docs/linking.md,
`--check` fails when it differs from what is there. Where the data is not beside the checkout a line
says so, and nothing is changed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import duckdb

from regift.graph.connect import dicts
from regift.graph.fuzzy_train import train
from regift.graph.snapshot import Settings, snapshot_from_rows

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "benchmarks")]

from markers import parted, put  # noqa: E402
from page import table  # noqa: E402

PAGE = ROOT / "docs" / "linking.md"
CUTS_CB = (0, 300, 500, 700, 1000)
SETTINGS = Settings(fuzzy_possible_cb=min(CUTS_CB))
AS_WRITTEN = ("phone", "email", "document", "passport", "national_id", "ssn", "driving_licence",
              "tax_id")  # fmt: skip

Pair = tuple[str, str]
Row = dict[str, str]

TRUTHSET = {
    "DATE_OF_BIRTH": "birth_date", "PASSPORT_NUMBER": "passport", "SSN_NUMBER": "ssn",
    "DRIVERS_LICENSE_NUMBER": "driving_licence", "NATIONAL_ID_NUMBER": "national_id",
    "TAX_ID_NUMBER": "tax_id", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone",
    "PRIMARY_NAME_FULL": "name", "PRIMARY_NAME_ORG": "name", "NATIVE_NAME_FULL": "name",
    "SECONDARY_NAME_ORG": "name",
    "PRIMARY_NAME_FIRST+PRIMARY_NAME_MIDDLE+PRIMARY_NAME_LAST": "name",
    "ADDR_FULL+ADDR_LINE1+ADDR_CITY+ADDR_STATE+ADDR_POSTAL_CODE": "address",
}  # fmt: skip
"""Columns of the truth set, joined where there are several, and the kind of identifier."""

PAYSIM = {"name": "name", "email": "email", "phonenumber": "phone", "ssn": "ssn"}


@dataclass(frozen=True)
class People:
    """Identifiers of accounts; true pairs (a < b); accounts known to be fraud, if that is told."""

    identifiers: list[Row]
    accounts: int
    pairs: frozenset[Pair]
    fraud: frozenset[str] = frozenset()


def identifiers_of(records: list[Row], account: str, columns: Mapping[str, str]) -> list[Row]:
    """Rows of `identifiers`: a value once for each account and kind, empty ones left out.

    >>> identifiers_of([{"id": "1", "a": "x", "b": " y "}], "id", {"a+b": "name"})
    [{'account': '1', 'kind': 'name', 'value': 'x y'}]
    """
    found = {
        (record[account], kind, " ".join(
            part.strip() for name in names.split("+") if (part := record.get(name))))
        for record in records for names, kind in columns.items()
    }  # fmt: skip
    return [
        {"account": who, "kind": kind, "value": value}
        for who, kind, value in sorted(found) if value
    ]  # fmt: skip


def read(file: Path) -> list[Row]:
    """Rows of a CSV file as text."""
    return dicts(duckdb.connect(), "FROM read_csv(?, all_varchar = true)", [str(file)])


def pairs_of(groups: Mapping[object, set[str]]) -> frozenset[Pair]:
    """All pairs inside groups."""
    return frozenset(pair for each in groups.values() for pair in combinations(sorted(each), 2))


def truthset(folder: Path) -> People:
    """Senzing's truth set: records of three sources, and the cluster of each."""
    files = ("customers.csv", "reference.csv", "watchlist.csv")
    records = [
        row | {"id": f"{row['DATA_SOURCE']}:{row['RECORD_ID']}"}
        for file in files
        for row in read(folder / file)
    ]
    clusters: dict[object, set[str]] = {}
    for row in read(folder / "actual_truthset_key.csv"):
        clusters.setdefault(row["CLUSTER_ID"], set()).add(
            f"{row['DATA_SOURCE']}:{row['RECORD_ID']}"
        )
    return People(identifiers_of(records, "id", TRUTHSET), len(records), pairs_of(clusters))


def paysim(folder: Path) -> People:
    """PaySim's clients: those that share an e-mail address, a phone or a number are one fraud."""
    records = read(folder / "clients.csv")
    identifiers = identifiers_of(records, "id", PAYSIM)
    fraud = frozenset(row["id"] for row in records if row["isfraud"] == "True")
    return People(identifiers, len(records), as_written(identifiers), fraud)


def as_written(identifiers: list[Row]) -> frozenset[Pair]:
    """Pairs that share a phone, an e-mail address or a document as it is written."""
    users: dict[object, set[str]] = {}
    for row in identifiers:
        if row["kind"] in AS_WRITTEN:
            users.setdefault((row["kind"], row["value"]), set()).add(row["account"])
    return pairs_of(users)


def scored(people: People) -> dict[Pair, tuple[int, int]]:
    """Pairs that a model trained on these people scores: its weight, and how many fields agree."""
    with snapshot_from_rows({"identifiers": people.identifiers}) as graph:
        model = train(graph.con)
    told = replace(SETTINGS, fuzzy_model=model.content())
    with snapshot_from_rows({"identifiers": people.identifiers}, told) as graph:
        rows = graph.con.sql("SELECT a, b, weight_cb, len(fields) FROM fuzzy_links").fetchall()
    return {(a, b): (weight, fields) for a, b, weight, fields in rows}


def measured(title: str, found: frozenset[Pair], people: People) -> list[str]:
    """A row of the table: pairs found, precision, recall; of fraud also the accounts in them."""
    right = len(found & people.pairs)
    cells = [title, f"{len(found):,}", ratio(right, len(found)), ratio(right, len(people.pairs))]
    if people.fraud:
        accounts = {account for pair in found for account in pair}
        cells += [f"{len(accounts):,}", ratio(len(accounts & people.fraud), len(accounts))]
    return cells


def ratio(part: int, whole: int) -> str:
    """Three decimals; nothing of nothing.

    >>> ratio(1, 3), ratio(0, 0)
    ('0.333', '')
    """
    return f"{part / whole:.3f}" if whole else ""


def section(title: str, people: People) -> list[str]:
    """The parts of the page about one data set."""
    weights = scored(people)
    known = as_written(people.identifiers)
    rows = [measured("share a phone, e-mail or document as written", known, people)]
    for cut in CUTS_CB:
        found = frozenset(
            pair for pair, (weight, fields) in weights.items()
            if weight >= cut and (fields >= 2 or cut < SETTINGS.fuzzy_associated_cb)
        )  # fmt: skip
        name = {SETTINGS.fuzzy_associated_cb: ", `associated`", 0: ", `possible`"}.get(cut, "")
        rows.append(measured(f"alike, weight of {cut:,} or more{name}", found, people))
    head = "pairs that | found | precision | recall"
    if people.fraud:
        head += " | accounts in them | of these fraud"
    told = f"{title}: {people.accounts:,} accounts, {len(people.pairs):,} true pairs"
    if people.fraud:
        told += f", {ratio(len(people.fraud), people.accounts)} of the accounts are fraud"
    return [f"{told}.", table(head, rows)]


def main(arguments: list[str]) -> int:
    """1 if the page differs under `--check`."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--write", action="store_true", help="put it into docs/linking.md")
    parser.add_argument("--check", action="store_true", help="compare it with docs/linking.md")
    asked = parser.parse_args(arguments)
    sets: tuple[tuple[str, str, Callable[[Path], People]], ...] = (
        ("Senzing truth set", "senzing_truthset", truthset),
        ("PaySim clients", "paysim_clients", paysim),
    )
    for _, name, _ in sets:
        if not (asked.data / name).is_dir():
            print(f"linking skipped: no real data at {asked.data / name}", file=sys.stderr)
            return 0
    parts = [part for title, name, read_set in sets
             for part in section(title, read_set(asked.data / name))]  # fmt: skip
    text = "\n\n".join(parts)
    if not (asked.write or asked.check):
        print(text)
        return 0
    before, _, after = parted(PAGE.read_text(encoding="utf-8"), "linking")
    return 0 if put(PAGE, f"{before}\n{text}\n\n{after}", asked.check) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

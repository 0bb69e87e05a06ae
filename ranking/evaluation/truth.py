"""What is known about a data set: planted patterns, or accounts that somebody labelled.

    read_truth(path) -> Truth      from either kind of file, told apart by what is in it

`truth.json` of `regift simulate` (its keys: `loaders/simulator`) names planted instances and
innocent look-alikes; the accounts of the planted ones are labelled. A list of labels names accounts
alone:

    account,label           a CSV file with these two columns, others are ignored
    u17,1
    [{"account": "u17", "label": 1}]        the same as JSON

A label is 1, true or yes for an account that should be found, and 0, false or no for one that
should not. An account that a list of labels leaves out counts as one that should not.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from regift.loaders.errors import UsageError

LABELS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True)
class Instance:
    """A planted pattern. typologies: each of them must find it.

    state: `whole`; `missing` when the data lacks records of it; `beyond` when it keeps to the
    bounds of no search. leaks: records by which part of the money went elsewhere.
    acting: those of its accounts that do what the pattern is planted for; others pay into it, are
    paid out of it or do not know of it.
    """

    id: str
    variant: str
    typologies: tuple[str, ...]
    accounts: tuple[str, ...]
    records: tuple[str, ...]
    leaks: tuple[str, ...] = ()
    state: str = "whole"
    acting: tuple[str, ...] = ()


@dataclass(frozen=True)
class LookAlike:
    """An innocent group that resembles a pattern."""

    kind: str
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """labelled: accounts that should be found; planted and innocent are empty where the file names
    accounts alone."""

    labelled: frozenset[str]
    planted: tuple[Instance, ...] = ()
    innocent: tuple[LookAlike, ...] = ()


def read_truth(path: Path) -> Truth:
    """The truth in a file; UsageError, one line, when it is none."""
    try:
        with path.open("rb") as file:
            first = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if not first:
        raise UsageError(f"{path} is empty")
    if first not in (b"{", b"["):
        return _from_csv(path)
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from None
    if isinstance(given, list):
        return _from_rows(path, given)
    return truth_of(given, str(path))


def truth_of(given: dict[str, Any], name: str = "truth") -> Truth:
    """The truth in an object of truth.json.

    >>> truth_of({"planted": [{"id": "P-1", "typology": "money_cycle", "variant": "ring",
    ...     "accounts": [{"account": "ann", "role": "member"}], "records": ["t1"]}],
    ...     "innocent": []}).labelled
    frozenset({'ann'})
    """
    try:
        planted = tuple(_instance(each) for each in given["planted"])
        innocent = tuple(LookAlike(str(each["kind"]), _who(each)) for each in given["innocent"])
    except (KeyError, TypeError, AttributeError) as error:
        told = f"no {error}" if isinstance(error, KeyError) else "an entry is no object"
        raise UsageError(f"{name} is no truth.json of `regift simulate`: {told}") from None
    return Truth(frozenset(who for each in planted for who in each.accounts), planted, innocent)


def _instance(given: dict[str, Any]) -> Instance:
    state = "missing" if given.get("missing") else "beyond" if given.get("beyond") else "whole"
    return Instance(
        id=str(given["id"]),
        variant=str(given["variant"]),
        typologies=(str(given["typology"]), *map(str, given.get("also", []))),
        accounts=_who(given),
        records=tuple(map(str, given["records"])),
        leaks=tuple(map(str, given.get("leaks", []))),
        state=state,
        acting=tuple(str(who["account"]) for who in given["accounts"] if who.get("acts", True)),
    )


def _who(given: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(each["account"]) for each in given["accounts"])


def _from_csv(path: Path) -> Truth:
    """Labels of a CSV file, read as texts, so that 007 stays 007."""
    texts = {"account": pa.string(), "label": pa.string()}
    try:
        rows = pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(column_types=texts))
    except (pa.ArrowInvalid, OSError) as error:
        told = " ".join(str(error).split())
        raise UsageError(f"{path} is no list of labels: {told}") from None
    lacking = [name for name in texts if name not in rows.column_names]
    if lacking:
        raise UsageError(
            f"{path} has no column {' and no column '.join(lacking)}: a list of labels has "
            f"account and label, this file has {', '.join(rows.column_names)}"
        )
    return _labels(path, list(zip(*(rows[name].to_pylist() for name in texts), strict=True)))


def _from_rows(path: Path, given: list[Any]) -> Truth:
    """Labels of a JSON array; an account is a text there, a label a number, truth value or text."""
    pairs = []
    for place, each in enumerate(given, 1):
        if not isinstance(each, dict) or not isinstance(each.get("account"), str):
            raise UsageError(f"{path}, entry {place}: write {{'account': TEXT, 'label': 0 or 1}}")
        pairs.append((each["account"], str(each.get("label")).lower()))
    return _labels(path, pairs)


def _labels(path: Path, pairs: Sequence[tuple[str, str]]) -> Truth:
    """Labels of accounts; UsageError for a label that says nothing or contradicts another."""
    known: dict[str, bool] = {}
    for account, text in pairs:
        label = LABELS.get(text.strip().lower())
        if label is None or not account:
            raise UsageError(
                f"{path}: label {text!r} of account {account!r} says nothing: write 1 for an "
                "account that should be found, 0 for one that should not"
            )
        if known.setdefault(account, label) != label:
            raise UsageError(f"{path}: account {account!r} is labelled both 0 and 1")
    if not any(known.values()):
        raise UsageError(f"{path} labels no account with 1: there is nothing to find")
    return Truth(frozenset(account for account, label in known.items() if label))

"""Heads of the audit log that stand outside of it: in generations, exports and older copies.

A log that was cut or written anew as a whole is consistent in itself; only a head that somebody
else keeps tells that it is another one.
"""

import csv
import io
import re
import sqlite3
import zipfile
from pathlib import Path

from regift.enforcement.audit_log import read_only
from regift.loaders.errors import BadFile, RegiftError

NAMES = ("casebook_head", "audit_head")
"""What a head is called in a manifest and in an export."""

_STATED = re.compile(rb"(?:casebook_head|audit_head)[^0-9a-f]{1,60}([0-9a-f]{64})(?![0-9a-f])")
_KEYS = re.compile(rb'<key id="([^"]*)"[^>]*attr.name="regift_audit_head"')
"""GraphML names an attribute once and refers to it by a key."""
_TAGS = re.compile(rb"<[^>]*>")
_SQLITE = b"SQLite format 3\0"


def heads_in(path: Path) -> list[str]:
    """Every head that a file names: a manifest, an export in any format, a pack, a casebook.

    Of an older copy of the casebook it is the hash of each of its rows.
    BadFile when the file names none; RegiftError when it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegiftError(f"{path}: {error.strerror or error}") from None
    if content.startswith(_SQLITE):
        found = _of_copy(path)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as pack:
            members = [pack.read(name) for name in pack.namelist()]
        # In a workbook the name and the head are two cells.
        found = [
            head for each in members for head in _of_bytes(each) + _of_bytes(_TAGS.sub(b" ", each))
        ]
    else:
        found = _of_bytes(content)
    if not found:
        raise BadFile(
            f"{path} names no head of an audit log: give an export, a pack, a generation's "
            "manifest or an older copy of casebook.sqlite"
        )
    return list(dict.fromkeys(found))


def _of_bytes(content: bytes) -> list[str]:
    found = [head.decode() for head in _STATED.findall(content)]
    for key in _KEYS.findall(content):
        data = rb'<data key="' + re.escape(key) + rb'">([0-9a-f]{64})<'
        found += [head.decode() for head in re.findall(data, content)]
    first = content.split(b"\n", 1)[0]
    if not found and any(name.encode() in first for name in NAMES):
        found = _of_table(content.decode("utf-8-sig", errors="replace"))
    return found


def _of_table(text: str) -> list[str]:
    """Heads of a CSV file, which names them in its header and has them on its rows."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return list(dict.fromkeys(row[name] for row in rows for name in NAMES if row.get(name)))


def _of_copy(path: Path) -> list[str]:
    """Hashes of all rows of a copy of a casebook, oldest first; the copy is not written to."""
    try:
        con = read_only(path)
        try:
            return [str(row[0]) for row in con.execute("SELECT hash FROM audit ORDER BY seq")]
        finally:
            con.close()
    except sqlite3.DatabaseError as error:
        raise BadFile(f"{path} is no casebook ({error})") from None

"""Column maps: each feature, each error, and the declared public formats on their real files."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from loaders_reading import HEAD, ROW, Read, read_bytes
from real_data import real_data

from regift.loaders.column_map import FOLDER, FORMATS, load_format, load_map
from regift.loaders.errors import BadFile, UsageError
from regift.loaders.tables import TABLES


def mapped(tmp_path: Path, toml: str, content: str, table: str = "gifts", **options: Any) -> Read:
    path = tmp_path / "map.toml"
    path.write_text(toml, encoding="utf-8")
    return read_bytes(tmp_path, content, table, map=path, **options)


PLAIN = 'at = { constant = "2026-01-01T00:00:00Z" }\nitem = { constant = "x" }\n'
MAP = f"[columns]\n{PLAIN}"


def test_rename_constant_default_and_template(tmp_path: Path) -> None:
    toml = MAP + (
        'record_id = { template = "{file}:{row}/{Who}" }\nkind = { constant = "gift" }\n'
        'source = "Who"\ntarget = { column = "To", default = "it\'s ""no"" body" }\n'.replace(
            '""', '\\"'
        )
    )
    found = mapped(tmp_path, toml, "Who,To\na,b\nb,\n,c\n")
    assert found.rows("record_id, source, target, kind, at_us") == [
        ("f.csv:1/a", "a", "b", "gift", 1_767_225_600_000_000),
        ("f.csv:2/b", "b", 'it\'s "no" body', "gift", 1_767_225_600_000_000),
    ]
    assert found.rejects() == [(4, "missing_record_id")]


def test_the_first_of_several_names(tmp_path: Path) -> None:
    toml = '[columns]\nsource = ["Giver", "Von"]\n'
    head = HEAD.replace("source", "Von")
    assert mapped(tmp_path, toml, f"{head}\n{ROW}\n").column("source") == ["a"]
    with pytest.raises(BadFile, match="no column 'Giver' or 'Von'"):
        mapped(tmp_path, toml, f"{HEAD}\n{ROW}\n")


@pytest.mark.parametrize(
    ("others", "kept", "refused", "skipped"),
    [
        ('others = "skip"', ["sale"], 0, 2),
        ('others = "keep"', ["sale", "gift"], 1, 0),
        ("", ["sale"], 2, 0),
        ('others = "refuse"', ["sale"], 2, 0),
    ],
)
def test_translation(
    tmp_path: Path, others: str, kept: list[str], refused: int, skipped: int
) -> None:
    comma = ", " if others else ""
    toml = f'[columns]\nkind = {{ column = "kind", values = {{ Sold = "sale" }}{comma}{others} }}\n'
    rows = [ROW.replace(",gift", f",{word}") for word in ("Sold", "gift", "Bid")]
    found = mapped(tmp_path, toml, "\n".join([HEAD, *rows]))
    assert found.column("kind") == kept
    (count,) = found.reading.counts
    assert (count.records, count.rejected, count.skipped) == (3, refused, skipped)
    said = [note for note in found.reading.notes if "left out by the map" in note]
    assert [note.split(": ")[1].split(" ")[0] for note in said] == (["2"] if skipped else [])


@pytest.mark.parametrize(
    ("how", "text", "us"),
    [
        ('unit = "s"', "1767225600", 1_767_225_600_000_000),
        ('unit = "s"', "1767225600.25", 1_767_225_600_250_000),
        ('unit = "s"', "-1", -1_000_000),
        ('unit = "ms"', "1767225600001", 1_767_225_600_001_000),
        ('unit = "us"', "1767225600000001", 1_767_225_600_000_001),
        ('unit = "us"', "17672256000000011", 17_672_256_000_000_011),
        ('unit = "ms"', "2026-01-01", None),
        ('unit = "s"', "1767225600.0000001", None),
        ('unit = "s"', "999999999999999", None),
        ('unit = "s"', "1.5e9", None),
        ('step = "1d", start = "2021-01-01"', "0", 1_609_459_200_000_000),
        ('step = "6h", start = "2021-01-01"', "3", 1_609_459_200_000_000 + 18 * 3_600_000_000),
        ('step = "1d", start = 2021-01-01T08:00:00+08:00', "1", 1_609_545_600_000_000),
        ('step = "1d", start = "2021-01-01"', "1.5", None),
        ('format = "%b %d, %Y"', "Sep 04, 2021", 1_630_713_600_000_000 - 8 * 3_600_000_000),
        ('format = "%d.%m.%Y %H:%M %z"', "04.09.2021 08:00 +0800", 1_630_713_600_000_000),
        ('format = "%b %d, %Y"', "Sept the 4th", None),
    ],
)
def test_times(tmp_path: Path, how: str, text: str, us: int | None) -> None:
    toml = f'[columns]\nat = {{ column = "at", {how} }}\n'
    row = ROW.replace("2026-01-01T00:00:00Z", f'"{text}"')
    found = mapped(tmp_path, toml, f"{HEAD}\n{row}\n")
    assert found.column("at_us") == ([] if us is None else [us])
    assert found.rejects("rule") == ([("time_malformed",)] if us is None else [])


def test_extract_and_powers(tmp_path: Path) -> None:
    toml = (
        "[columns]\ncurrency = { constant = 'ETH' }\n"
        "price = { column = 'p', extract = '^([0-9.]+)([KM]?)Ξ', powers = { K = 3, M = 6 } }\n"
    )
    prices = ["17Ξ ($43)", "2.22KΞ", "1MΞ", "0.01Ξ", "", "$5"]
    rows = [f'{ROW},"{price}"' for price in prices]
    found = mapped(tmp_path, toml, "\n".join([f"{HEAD},p", *rows]))
    assert found.column("price_minor") == [
        17 * 10**8, 2_220 * 10**8, 10**14, 10**6, None
    ]  # fmt: skip
    assert found.rejects("rule, message")[0][0] == "amount_malformed"


def test_no_header_and_blanks(tmp_path: Path) -> None:
    toml = (
        'delimiter = "whitespace"\nheader = ["source", "target", "at"]\n[columns]\n'
        'item = { constant = "x" }\nkind = { constant = "gift" }\n'
        'record_id = { template = "{row}" }\nat = { column = "at", unit = "s" }\n'
    )
    found = mapped(tmp_path, toml, '1 2 5\n  3\t \t"4  6 \n\n7 8\n9 9 9', name="f.txt")
    assert found.rows("record_id, source, target, at_us, _line") == [
        ("1", "1", "2", 5_000_000, 1),
        ("2", "3", '"4', 6_000_000, 2),
        ("4", "9", "9", 9_000_000, 5),
    ]
    assert found.rejects() == [(4, "too_few_fields")]
    assert found.reading.raw(0, [1]) == ['  3\t \t"4  6 ']


def test_delimiter(tmp_path: Path) -> None:
    toml = 'delimiter = ";"\n'
    found = mapped(tmp_path, toml, f"{HEAD}\n{ROW}\n".replace(",", ";"))
    assert found.column("source") == ["a"]
    tabs = read_bytes(tmp_path, f"{HEAD}\n{ROW}\n".replace(",", "\t"), name="f.tsv")
    assert tabs.column("source") == ["a"]


def test_newest_first(tmp_path: Path) -> None:
    rows = "\n".join(ROW.replace("g1", f"g{k}") for k in range(3))
    found = mapped(tmp_path, 'order = "reversed"\n', f"{HEAD}\n{rows}\n")
    assert found.con.sql("SELECT record_id FROM accepted ORDER BY seq").fetchall() == [
        ("g2",), ("g1",), ("g0",)
    ]  # fmt: skip


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """What a map says goes into SQL as text, whatever it holds."""
    evil = "'); DROP TABLE accepted; --"
    toml = (
        f'[columns]\nsource = {{ constant = "{evil}" }}\ntarget = "{evil}"\n'
        f'item = {{ template = "{evil}{{row}}$1" }}\n'
        f'kind = {{ column = "kind", values = {{ "{evil}" = "sale" }}, others = "keep" }}\n'
    )
    head = HEAD.replace("target", evil)
    found = mapped(tmp_path, toml, f"{head}\n{ROW}\n")
    assert found.rows("source, target, item, kind") == [(evil, "b", f"{evil}1$1", "gift")]


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[columns", "is no TOML file"),
        ("colums = 1", "unknown key 'colums'"),
        ("columns = 1", "columns must be a table"),
        ('[columns]\nwhen = "At"', "gifts has no column 'when'"),
        ("[columns]\nsource = 5", "columns.source must be a column's name"),
        ('[columns]\nsource = { colum = "x" }', "columns.source: unknown key 'colum'"),
        ("[columns]\nsource = {}", "give one of column, constant, template"),
        ('[columns]\nsource = { column = "a", constant = "b" }', "give one of"),
        ("[columns]\nsource = { constant = 5 }", "constant must be text"),
        ('[columns]\nsource = { column = "a", unit = "s" }', "unit is for columns of time"),
        ('[columns]\nat = { column = "a", unit = "h" }', "unit must be s, ms or us"),
        ('[columns]\nat = { column = "a", step = "1d" }', "step with start"),
        ('[columns]\nat = { column = "a", step = "d", start = "2021-01-01" }', "step must be"),
        ('[columns]\nat = { column = "a", step = "1d", start = "x" }', "start must be a date"),
        ('[columns]\nat = { column = "a", format = "x" }', "must be a strptime pattern"),
        ('[columns]\nkind = { column = "a", others = "skip" }', "others goes with values"),
        (
            '[columns]\nkind = { column = "a", values = { a = "b" }, others = "x" }',
            "others must be",
        ),
        ('[columns]\nkind = { column = "a", values = { a = 5 } }', "values must be a table"),
        ('[columns]\nprice = { column = "a", extract = "(" }', "is no regular expression"),
        ('[columns]\nprice = { column = "a", extract = "a" }', "extract needs a group"),
        ('[columns]\nprice = { column = "a", powers = { K = 3 } }', "powers goes with extract"),
        ('order = "backwards"', "order must be as_is or reversed"),
        ('delimiter = "ab"', "delimiter must be one ASCII character"),
        ("header = []", "header must be a list"),
        ('header = ["a", "a"]', "header names a column twice"),
    ],
)
def test_errors_are_one_clear_line(tmp_path: Path, toml: str, says: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_map(path, TABLES["gifts"])
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_unknown_maps_and_formats(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load_map(tmp_path / "none.toml", TABLES["gifts"])
    with pytest.raises(UsageError, match="unknown format 'none'; known are amlsim_1k"):
        load_format("none", TABLES["gifts"])
    with pytest.raises(UsageError, match="cryptopunks is for gifts: give --table gifts"):
        load_format("cryptopunks", TABLES["transfers"])
    with pytest.raises(UsageError, match="not both"):
        mapped(tmp_path, "", f"{HEAD}\n", format="cryptopunks")


def test_every_format_has_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(FORMATS)
    for name, table in FORMATS.items():
        assert load_format(name, TABLES[table]).specs


def test_cryptopunks(tmp_path: Path) -> None:
    folder = real_data("cryptopunks_history")
    files = sorted(str(path) for path in folder.glob("Transactions_*.csv"))
    found = Read(files, "gifts", tmp_path, format="cryptopunks")
    assert Counter(found.column("kind")) == {"issue": 10_000, "gift": 13_476, "sale": 18_424}
    assert found.rejects() == []
    assert sum(count.skipped for count in found.reading.counts) == 161_280 - 41_900
    assert len(set(found.column("record_id"))) == 41_900
    issuers = found.con.sql("SELECT DISTINCT source FROM accepted WHERE kind = 'issue'")
    assert issuers.fetchall() == [("larvalabs",)]
    # Punk 7000 from its claim on: in the order of (at_us, seq) every hop starts where one ended.
    hops = found.con.sql(
        "SELECT kind, source, target, price_minor FROM accepted WHERE item = '7000' "
        "ORDER BY at_us, seq"
    ).fetchall()
    assert hops[0][:2] == ("issue", "larvalabs")
    assert hops[-2:] == [
        ("sale", "0xb6e523", "higa.eth", 17 * 10**8),
        ("gift", "higa.eth", "0xc26012", None),
    ]


@pytest.mark.parametrize(
    ("name", "folder", "file", "records", "first"),
    [
        ("amlsim_1k", "amlsim_1k", "transactions_1k.csv", 52_202,
         ("1", 1_609_459_200_000_000, "723", "951", 64_950, "USD")),
        ("plain_transfers", "plain_transfers", "transfers.csv", 5_863,
         ("transfers.csv:1", 1_765_924_196_977_000, "acct_0542", "acct_0739", 100, "BTC")),
        ("snap_csv", "snap_temporal", "soc-sign-bitcoinotc.csv", 35_592,
         ("soc-sign-bitcoinotc.csv:1", 1_289_241_912_000_000, "6", "2", 1, "XXX")),
        ("snap_csv", "snap_temporal", "soc-sign-bitcoinalpha.csv", 24_186,
         ("soc-sign-bitcoinalpha.csv:1", 1_407_470_400_000_000, "7188", "1", 1, "XXX")),
        ("snap_text", "snap_temporal", "CollegeMsg.txt", 59_835,
         ("CollegeMsg.txt:1", 1_082_040_961_000_000, "1", "2", 1, "XXX")),
        ("snap_text", "snap_temporal", "sx_reordered.txt", 187_985,
         ("sx_reordered.txt:1", 1_254_202_612_000_000, "1", "2", 1, "XXX")),
    ],
)  # fmt: skip
def test_public_transfers(
    tmp_path: Path, name: str, folder: str, file: str, records: int, first: tuple[Any, ...]
) -> None:
    found = Read([str(real_data(folder) / file)], "transfers", tmp_path, format=name)
    (count,) = found.reading.counts
    assert (count.records, count.accepted, count.rejected) == (records, records, 0)
    assert found.con.sql(
        "SELECT record_id, at_us, source, target, amount_minor, currency FROM accepted "
        "ORDER BY _row LIMIT 1"
    ).fetchall() == [first]


def test_amlsim_20k(tmp_path: Path) -> None:
    packed = real_data("amlsim_20k") / "20K_cycle200.tgz"
    subprocess.run(
        ["tar", "-xzf", packed, "-C", tmp_path, "20K_cycle200/transactions.csv"], check=True
    )
    found = Read([str(tmp_path / "20K_cycle200")], "transfers", tmp_path, format="amlsim_20k")
    assert len(found.column("record_id")) == 117_805
    day = 86_400_000_000
    times = found.con.sql("SELECT min(at_us), max(at_us) FROM accepted").fetchall()
    start = 1_483_228_800_000_000
    assert times == [(start + day, start + 149 * day)]

"""Accounts that look alike: cleaning, levels, pairs and weights, on cases worked out by hand."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from dirty_people import store
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.graph.fuzzy import waterfall
from regift.graph.fuzzy_fields import FIELDS, define
from regift.graph.fuzzy_model import FuzzyModel
from regift.graph.snapshot import Settings, Snapshot, snapshot_from_rows
from regift.loaders.errors import RegiftError

MODEL = FuzzyModel(
    prior_cb=-1000,
    weights_cb={
        "name": (-300, 0, 100, 300, 500, 900),
        "phone": (-100, 200, 800, 1100),
        "email": (-100, 300, 700, 1200),
        "birth_date": (-300, 250, 900),
        "document": (-200, 300, 1500),
    },
    made_from={},
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        define(con)
        yield con


def alike(
    *lines: str,
    judgements: tuple[tuple[str, str, str], ...] = (),
    model: FuzzyModel | None = MODEL,
    **changed: Any,
) -> Snapshot:
    """Lines `account kind value`, the value to the end of the line."""
    rows = [
        dict(zip(("account", "kind", "value"), line.split(" ", 2), strict=True)) for line in lines
    ]
    told = Settings(fuzzy_model=model.content() if model else None, **changed)
    return snapshot_from_rows({"identifiers": rows}, told, judgements)


def pairs(graph: Snapshot) -> dict[tuple[str, str], tuple[int, str]]:
    rows = graph.con.sql("SELECT a, b, weight_cb, grade FROM fuzzy_links").fetchall()
    return {(a, b): (weight, grade) for a, b, weight, grade in rows}


def links(graph: Snapshot) -> dict[tuple[str, str], tuple[str, str]]:
    rows = graph.con.sql("SELECT a, b, grade, why FROM links").fetchall()
    return {(a, b): (grade, why) for a, b, grade, why in rows}


@pytest.mark.parametrize(
    ("field", "value", "cleaned"),
    [
        ("name", "SMITH,  Zoë-Ann", "ann smith zoe"),
        ("name", "王伟", "伟 王"),
        ("name", "🎁 '; --", None),
        ("phone", "+86 139-1234-5678", "13912345678"),
        ("phone", "0086 １３９ 1234 5678", "13912345678"),
        ("phone", "(0049) 30 123", "4930123"),
        ("phone", "none", None),
        ("email", "Ann <Ann.B+shop@Mail.example>", "ann.b@mail.example"),
        ("email", "no address", None),
        ("address", "12 Main St., 12 LV", "12 lv main st"),
        ("address", "海淀区1号", "1 区 号 海 淀"),
        ("birth_date", "3/1/70", "1970-03-01"),
        ("birth_date", "Mar 1, 1970", "1970-03-01"),
        ("birth_date", "20/8/1991", "1991-08-20"),
        ("birth_date", "25-Jun-08", "2008-06-25"),
        ("birth_date", "1988年3月1日", "1988-03-01"),
        ("birth_date", "31/31/1991", None),
        ("ssn", "294-66-9999", "ssn 294669999"),
        ("passport", "--", None),
    ],
)
def test_cleaning(
    con: duckdb.DuckDBPyConnection, field: str, value: str, cleaned: str | None
) -> None:
    kind = field if field in ("ssn", "passport") else ""
    asked = ["document" if kind else field, kind, value]
    assert con.execute("SELECT fuzzy_clean(?, ?, ?)", asked).fetchall() == [(cleaned,)]


@pytest.mark.parametrize(
    ("field", "a", "b", "level"),
    [
        ("name", "robert smith", "robert smith", 5),
        ("name", "robert smith", "roberd smith", 3),
        ("name", "bob", "rob", 0),
        ("name", "ann smyth", "ann smith", 3),
        ("name", "pat smith", "patrick smith", 2),
        ("name", "b smith", "bob j smith", 2),
        ("name", "john smith", "mary smith", 1),
        ("name", "smith", "john smith", 1),
        ("name", "伟 王", "芳 王", 1),
        ("name", "伟 王", "丽 张", 0),
        ("phone", "13912345678", "13912345678", 3),
        ("phone", "3213212", "2023213212", 2),
        ("phone", "321321", "202321321", 0),
        ("phone", "13912345678", "13912345687", 1),
        ("phone", "13912345678", "13912345699", 0),
        ("email", "ann@a.x", "ann@a.x", 3),
        ("email", "annbee@a.x", "annbee@b.y", 2),
        ("email", "annb@a.x", "annb@b.y", 0),
        ("email", "ann@a.x", "ann@b.x", 1),
        ("address", "1 a b", "1 a b", 3),
        ("address", "1 a b c", "1 a b d", 2),
        ("address", "1 a b c d e", "1 a b", 2),
        ("address", "1 a b", "1 a c", 1),
        ("address", "1 a b", "2 a c", 0),
        ("birth_date", "1978-12-11", "1978-12-11", 2),
        ("birth_date", "1978-12-11", "1978-11-12", 1),
        ("birth_date", "1978-12-11", "1987-12-11", 1),
        ("birth_date", "1978-12-11", "1978-10-10", 0),
        ("document", "ssn 123456", "ssn 123456", 2),
        ("document", "ssn 123456", "ssn 123465", 1),
        ("document", "ssn 12345", "ssn 12354", 0),
        ("document", "ssn 123456", "passport 123456", None),
    ],
)
def test_levels(
    con: duckdb.DuckDBPyConnection, field: str, a: str, b: str, level: int | None
) -> None:
    call = "fuzzy_name([a], [b], [a], [b])" if field == "name" else f"fuzzy_{field}([a], [b])"
    for x, y in ((a, b), (b, a)):
        found = con.execute(f"SELECT {call} FROM (SELECT ? AS a, ? AS b)", [x, y]).fetchall()
        assert found == [(level,)]


def test_the_closest_values_count_and_absent_ones_do_not(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT fuzzy_phone(['1', '13912345678'], ['2', '13912345687']), fuzzy_phone(['1'], NULL)"
    assert con.sql(sql).fetchall() == [(1, None)]


def test_one_edit_is_found_by_halves(con: duckdb.DuckDBPyConnection) -> None:
    """All words of up to 4 letters a, b, and many longer ones: the shortcut says what the distance
    says."""
    sql = """
        WITH short AS (
            SELECT bin(range)[2:] AS w FROM range(2, 64)
            UNION SELECT bin(hash(range) % 4096) FROM range(300))
        SELECT count(*), count(*) FILTER (damerau_levenshtein(x.w, y.w) = 1),
               count(*) FILTER (fuzzy_one_edit(x.w, y.w) <> (damerau_levenshtein(x.w, y.w) = 1))
        FROM short x, short y
    """
    ((all_pairs, near, wrong),) = con.sql(sql).fetchall()
    assert all_pairs > 100_000
    assert near > 1_000
    assert wrong == 0


def test_weights_add_up() -> None:
    lines = (
        "ann name Smith, Robert", "ann birth_date 1978-12-11", "ann phone 702-919-1300",
        "bob name Robert Smith", "bob birth_date 1978-11-12", "bob phone 919-1300",
    )  # fmt: skip
    with alike(*lines) as graph:
        assert pairs(graph) == {("ann", "bob"): (-1000 + 900 + 800 + 250, "possible")}
        assert links(graph) == {}
        assert waterfall(graph.con, graph.settings, "ann", "bob") == [
            {"part": "prior", "level": "two accounts picked at random", "weight_cb": -1000,
             "total_cb": -1000},
            {"part": "name", "level": "same words, a rare name", "weight_cb": 900,
             "total_cb": -100},
            {"part": "phone", "level": "same but for the area code", "weight_cb": 800,
             "total_cb": 700},
            {"part": "birth_date", "level": "two of three parts, or day and month swapped",
             "weight_cb": 250, "total_cb": 950},
        ]  # fmt: skip
    with alike(*lines, fuzzy_associated_cb=950) as graph:
        assert pairs(graph) == {("ann", "bob"): (950, "associated")}
        why = "alike in name and phone and birth_date"
        assert links(graph) == {("ann", "bob"): ("associated", why)}
    with alike(*lines, fuzzy_possible_cb=951) as graph:
        assert pairs(graph) == {}


def test_looking_alike_makes_no_entity_even_beside_a_shared_identifier() -> None:
    lines = (
        "a name Ann Bee", "b name Ann Bee", "a email ann@x", "b email ann@x",
        "a birth_date 1990-01-01", "b birth_date 1990-01-01", "a device d", "b device d",
    )  # fmt: skip
    with alike(*lines) as graph:
        assert pairs(graph) == {("a", "b"): (2000, "associated")}
        why = "device shared by 2, alike in name and email and birth_date"
        assert links(graph) == {("a", "b"): ("associated", why)}
        assert graph.con.sql("SELECT DISTINCT entity FROM entity_of").fetchall() == [("a",), ("b",)]
    with alike(*lines, judgements=(("a", "b", "same"),)) as graph:
        assert links(graph)["a", "b"][0] == "controller"
        assert graph.con.sql("SELECT DISTINCT entity FROM entity_of").fetchall() == [("a",)]
    with alike(*lines, judgements=(("b", "a", "different"),)) as graph:
        assert (pairs(graph), links(graph)) == ({}, {})


def test_one_field_alone_associates_nobody() -> None:
    with alike("a document 123456", "b document 123456", fuzzy_associated_cb=500) as graph:
        assert pairs(graph) == {("a", "b"): (500, "possible")}
        assert links(graph) == {}


def test_settings_say_how_far_it_goes() -> None:
    lines = ("a name Ann Bee", "b name Ann Bee", "a email ann@x", "b email ann@x")
    found = {("a", "b"): (1100, "associated")}
    for effect, expected in (
        ("associated", found),
        ("possible", {("a", "b"): (1100, "possible")}),
        ("off", {}),
    ):
        with alike(*lines, fuzzy=effect) as graph:
            assert pairs(graph) == expected
            assert set(links(graph)) == (set(found) if effect == "associated" else set())
    with alike(*lines, model=None) as graph:
        assert (pairs(graph), links(graph)) == ({}, {})
        assert waterfall(graph.con, graph.settings, "a", "b") == []


def test_a_common_name_is_worth_less() -> None:
    accounts = "abcdef"
    lines = [f"{account} name Wang Wei" for account in accounts]
    dates = ["a birth_date 1990-01-01", "b birth_date 1990-01-01"]
    with alike(*lines[:5], *dates) as graph:
        assert pairs(graph)["a", "b"][0] == -1000 + 900 + 900
    with alike(*lines, *dates) as graph:
        assert pairs(graph)["a", "b"][0] == -1000 + 500 + 900


def test_what_many_share_leads_nowhere_and_is_told() -> None:
    accounts = [f"a{i:02}" for i in range(11)]
    lines = [f"{account} phone 400-800-8888" for account in accounts]
    lines += [f"{account} document {100 + 7 * i}00" for i, account in enumerate(accounts)]
    with alike(*lines[:10], "b phone 1", fuzzy_possible_cb=-5000) as graph:
        assert len(pairs(graph)) == 45
    with alike(*lines, fuzzy_possible_cb=-5000) as graph:
        assert pairs(graph) == {}
        told = [("phone", "4008008888", 11, "shared by too many")]
        assert graph.con.sql("FROM fuzzy_ignored").fetchall() == told
    names = [f"a{i} name Ann Nr{i}x" for i in range(4)]
    with alike(*names, fuzzy_sharers_max=3, fuzzy_possible_cb=-5000) as graph:
        assert pairs(graph) == {}
        told = [("word of a name", "ann", 4, "shared by too many")]
        assert graph.con.sql("FROM fuzzy_ignored").fetchall() == told


def test_an_account_with_very_many_values_is_not_compared_by_them() -> None:
    lines = [f"desk phone 1390000000{i}" for i in range(9)] + ["a phone 13900000001"]
    with alike(*lines, fuzzy_possible_cb=-5000) as graph:
        assert pairs(graph) == {}
        told = [("phone", "desk", 1, "account has more than 8 values")]
        assert graph.con.sql("FROM fuzzy_ignored").fetchall() == told


def test_ids_may_hold_any_text() -> None:
    ids = ("o'hara;--", "赠🎁", '"x"')
    lines = [
        line
        for account in ids
        for line in (f"{account} name O'Hara Ann", f"{account} email a'b@x.example")
    ]
    with alike(*lines) as graph:
        a, b, c = sorted(ids)
        assert set(links(graph)) == {(a, b), (a, c), (b, c)}


def test_a_model_of_other_levels_is_refused() -> None:
    content = MODEL.content() | {"weights_cb": {"name": [1, 2]}}
    with pytest.raises(RegiftError, match="made for other levels of name"):
        FuzzyModel.of(content)
    assert FuzzyModel.of(MODEL.content()).name == MODEL.name
    assert set(MODEL.weights_cb) < set(FIELDS)


ROWS, _ = store(60)
CALLED = sorted({row["account"] for row in ROWS})


@settings(max_examples=examples(8), deadline=None)
@given(st.permutations(range(len(ROWS))))
def test_order_of_rows_does_not_matter(order: list[int]) -> None:
    told = Settings(fuzzy_model=MODEL.content())
    with snapshot_from_rows({"identifiers": ROWS}, told) as graph:
        expected = graph.con.sql("FROM fuzzy_links").fetchall()
    with snapshot_from_rows({"identifiers": [ROWS[i] for i in order]}, told) as graph:
        assert graph.con.sql("FROM fuzzy_links").fetchall() == expected
    assert len(expected) == 15

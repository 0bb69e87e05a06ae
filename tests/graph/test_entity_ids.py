"""Entities keep their ids when records come that have nothing to do with them (D-3)."""

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from regift.graph.connect import connect
from regift.graph.entities import derive
from regift.graph.fuzzy_model import FuzzyModel
from regift.graph.snapshot import Settings

KINDS = ("phone", "device", "payee", "payment_card", "legal_subject", "name", "email")
MODEL = FuzzyModel(-1000, {"name": (-300, 0, 100, 300, 500, 900), "email": (0, 1, 2, 1200)}, {})
TOLD = Settings(entity_max=4, fuzzy_model=MODEL.content())

Uses = list[tuple[str, str, str]]


def used(accounts: str, values: str) -> st.SearchStrategy[Uses]:
    """Accounts that use identifiers: a handful of each, so that most are shared."""
    one = st.tuples(st.sampled_from(accounts), st.sampled_from(KINDS), st.sampled_from(values))
    return st.lists(one, max_size=24, unique=True)


def entities(uses: Uses, judged: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    with connect(threads=1) as con:
        con.execute("CREATE TABLE identifiers (account VARCHAR, kind VARCHAR, value VARCHAR)")
        con.execute("CREATE TABLE judgements (a VARCHAR, b VARCHAR, verdict VARCHAR, seq BIGINT)")
        for account, kind, value in uses:
            written = f"{value}@x" if kind == "email" else value
            con.execute("INSERT INTO identifiers VALUES (?, ?, ?)", [account, kind, written])
        for seq, (a, b, verdict) in enumerate(judged):
            con.execute("INSERT INTO judgements VALUES (?, ?, ?, ?)", [a, b, verdict, seq])
        con.execute(
            "CREATE TABLE account_kinds AS SELECT account FROM identifiers "
            "UNION SELECT a FROM judgements UNION SELECT b FROM judgements"
        )
        derive(con, TOLD)
        return dict(con.sql("FROM entity_of").fetchall())


@settings(max_examples=examples(10), deadline=None)
@given(used("bdfh", "pqr"), used("aceg", "stu"), st.booleans())
def test_accounts_that_new_records_do_not_touch_keep_their_entity(
    old: Uses, new: Uses, apart: bool
) -> None:
    """New accounts sort before, between and behind the old ones, and share nothing with them."""
    judged = (("b", "d", "different" if apart else "same"),)
    before = entities(old, judged)
    after = entities(old + new, judged)
    assert {account: after[account] for account in before} == before


@settings(max_examples=examples(10), deadline=None)
@given(used("bdfh", "pqr"), used("ikm", "pqrs"))
def test_a_grown_entity_keeps_its_id_when_the_newcomers_sort_behind(old: Uses, new: Uses) -> None:
    """New records may loosen a link (a cap is passed) or fill an entity up, but who stays with the
    smallest account stays under its name."""
    before = entities(old, ())
    after = entities(old + new, ())
    for account, entity in before.items():
        if entity in before and after[account] == after[entity]:
            assert after[account] <= entity
            assert after[entity] in before


def test_a_newcomer_with_a_smaller_id_renames_the_entity() -> None:
    """What the definition says; nothing but lists by entity is keyed by it (D-4)."""
    shared: Uses = [("b", "phone", "p"), ("b", "device", "p"), ("c", "phone", "p"),
                    ("c", "device", "p")]  # fmt: skip
    assert entities(shared, ()) == {"b": "b", "c": "b"}
    newcomer: Uses = [("a", "phone", "p"), ("a", "device", "p")]
    assert entities(shared + newcomer, ()) == {"a": "a", "b": "a", "c": "a"}

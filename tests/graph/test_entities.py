"""Links and entities, on cases worked out by hand."""

from typing import Any

from build import rows_of, world

from regift.graph.entities import link_explain
from regift.graph.snapshot import Settings, Snapshot, snapshot_from_rows


def linked(*identifiers: str, judgements: tuple[str, ...] = (), **settings: str) -> Snapshot:
    table = {"identifiers": list(identifiers), "judgements": list(judgements)}
    return world(table | {"settings": settings})


def links(graph: Snapshot) -> dict[tuple[str, str], str]:
    return {
        (a, b): grade for a, b, grade in graph.con.sql("SELECT a, b, grade FROM links").fetchall()
    }


def entities(graph: Snapshot) -> dict[str, str]:
    """Account -> entity, of the accounts that share theirs."""
    rows = graph.con.sql(
        "SELECT * FROM entity_of QUALIFY count(*) OVER (PARTITION BY entity) > 1"
    ).fetchall()
    return dict(rows)


def refused(graph: Snapshot) -> list[tuple[Any, ...]]:
    return graph.con.sql("SELECT * FROM refused_links ORDER BY ALL").fetchall()


def using(kind: str, value: str, accounts: str) -> list[str]:
    return [f"{account} {kind} {value}" for account in accounts]


def test_two_kinds_are_one_hand_one_kind_is_not() -> None:
    both = ["a phone 1", "b phone 1", "b device 2", "c device 2", "a device 3", "b device 3"]
    with linked(*both) as graph:
        assert links(graph) == {("a", "b"): "controller", ("b", "c"): "associated"}
        assert entities(graph) == {"a": "a", "b": "a"}
        assert refused(graph) == []


def test_two_identifiers_of_one_kind_are_one_kind() -> None:
    with linked("a phone 1", "b phone 1", "a phone 2", "b phone 2") as graph:
        assert links(graph) == {("a", "b"): "associated"}
        assert entities(graph) == {}


def test_an_identifier_at_its_cap_links_and_one_over_does_not() -> None:
    with linked(*using("phone", "1", "abc"), *using("phone", "2", "defg")) as graph:
        assert set(links(graph)) == {("a", "b"), ("a", "c"), ("b", "c")}
        assert graph.con.sql("SELECT * FROM ignored_identifiers").fetchall() == [("phone", "2", 4)]


def test_one_below_its_cap_and_one_over_is_an_association() -> None:
    with linked(*using("phone", "1", "abcd"), *using("payee", "2", "ab")) as graph:
        assert links(graph) == {("a", "b"): "associated"}
        assert graph.con.sql("SELECT kinds, sharers, why FROM links").fetchall() == [
            (["payee"], 2, "payee shared by 2")
        ]


def test_other_kinds_never_link() -> None:
    kinds = ("ip", "wechat_openid", "email")
    with linked(*(line for kind in kinds for line in using(kind, "1", "ab"))) as graph:
        assert links(graph) == {}
        assert entities(graph) == {}
        assert graph.con.sql("SELECT * FROM ignored_identifiers").fetchall() == []


def test_one_value_under_two_kinds_is_two_identifiers() -> None:
    with linked("a phone 1", "b device 1") as graph:
        assert links(graph) == {}


def test_caps_come_from_the_settings() -> None:
    rows = rows_of({"identifiers": using("phone", "1", "abcd") + using("ip", "1", "ab")})
    caps = Settings(identifier_caps={"phone": 4, "ip": 9})
    with snapshot_from_rows(rows, caps) as graph:
        assert len(links(graph)) == 6
    with snapshot_from_rows(rows, Settings(identifier_caps={})) as graph:
        assert links(graph) == {}


def test_a_large_legal_subject_is_a_star_around_the_smallest_id() -> None:
    group = [f"m{i:03} legal_subject L" for i in range(31)]
    with snapshot_from_rows(rows_of({"identifiers": group}), Settings(entity_max=31)) as graph:
        assert len(links(graph)) == 30
        assert {a for a, _ in links(graph)} == {"m000"}
        assert set(entities(graph).values()) == {"m000"}
        assert len(entities(graph)) == 31
        assert graph.con.sql("SELECT DISTINCT why FROM links").fetchall() == [
            ("legal_subject shared by 31",)
        ]


def test_a_legal_subject_joins_those_judged_different_from_its_smallest_account() -> None:
    group = [f"{name} legal_subject L" for name in "abcd"]
    apart = (("a", "b", "different"), ("a", "c", "different"))
    with snapshot_from_rows(
        rows_of({"identifiers": group}), Settings(entity_max=2), apart
    ) as graph:
        assert entities(graph) == {"a": "a", "d": "a", "b": "b", "c": "b"}


def test_a_pair_off_the_centre_counts_its_legal_subject_too() -> None:
    with linked(*using("legal_subject", "L", "abc"), *using("phone", "1", "bc")) as graph:
        assert links(graph) == dict.fromkeys([("a", "b"), ("a", "c"), ("b", "c")], "controller")
        why = graph.con.sql("SELECT why FROM links WHERE a = 'b'").fetchall()
        assert why == [("legal_subject shared by 3, phone shared by 2",)]


def test_entities_stop_at_their_largest_size_strongest_links_first() -> None:
    three = using("phone", "1", "bc") + using("device", "2", "bc") + using("payee", "3", "bc")
    two = using("phone", "4", "ab") + using("device", "5", "ab")
    more = using("phone", "6", "cd") + using("payment_card", "7", "cd")
    with linked(*three, *two, *more, entity_max="3") as graph:
        assert entities(graph) == {"a": "a", "b": "a", "c": "a"}
        assert refused(graph) == [("c", "d", "the entity would have more than 3 accounts")]
        assert links(graph)["c", "d"] == "controller"


def test_fewer_sharers_come_first() -> None:
    rare = using("phone", "1", "bc") + using("device", "2", "bc")
    common = using("phone", "3", "abx") + using("device", "4", "ab")
    with linked(*rare, *common, entity_max="2") as graph:
        assert entities(graph) == {"b": "b", "c": "b"}
        assert graph.con.sql("SELECT sharers FROM links WHERE a = 'a' AND b = 'b'").fetchall() == [
            (3,)
        ]


def test_of_one_kind_the_rarest_identifier_counts() -> None:
    shared = using("device", "1", "abcde") + using("device", "2", "ab") + using("payee", "3", "abc")
    with linked(*shared) as graph:
        found = graph.con.sql("SELECT sharers, why FROM links WHERE b = 'b'").fetchall()
        assert found == [(3, "device shared by 2, payee shared by 3")]


def test_a_human_same_comes_before_all() -> None:
    strong = using("legal_subject", "L", "ab")
    with linked(*strong, judgements=("b c same",), entity_max="2") as graph:
        assert entities(graph) == {"b": "b", "c": "b"}
        assert refused(graph) == [("a", "b", "the entity would have more than 2 accounts")]


def test_different_removes_the_own_link_of_either_grade() -> None:
    one = using("phone", "1", "ab")
    with linked(*one, judgements=("b a different",)) as graph:
        assert links(graph) == {}
    with linked(*one, *using("device", "2", "ab"), judgements=("a b different",)) as graph:
        assert links(graph) == {}
        assert entities(graph) == {}


def test_different_keeps_a_pair_apart_at_the_weakest_link() -> None:
    strong = using("phone", "1", "ab") + using("device", "2", "ab") + using("payee", "3", "ab")
    weak = using("phone", "4", "bc") + using("device", "5", "bc")
    with linked(*strong, *weak, judgements=("a c different",)) as graph:
        assert entities(graph) == {"a": "a", "b": "a"}
        assert refused(graph) == [
            ("b", "c", "it would bring together two accounts judged different")
        ]


def test_the_latest_judgement_counts() -> None:
    with linked(judgements=("a b same", "b a different")) as graph:
        assert links(graph) == {}
    with linked(judgements=("a b different", "b a same")) as graph:
        assert links(graph) == {("a", "b"): "controller"}
        assert graph.con.sql("SELECT kinds, sharers, why FROM links").fetchall() == [
            ([], None, "judged same")
        ]


def test_every_account_has_an_entity() -> None:
    table = {
        "accounts": ["lone"],
        "items": ["x issuer=brand"],
        "gifts": ["g1 gift ann>bob x @0h"],
        "labels": ["lab code origin @0d"],
    }
    with world(table) as graph:
        names = ["ann", "bob", "brand", "lab", "lone"]
        assert graph.con.sql("FROM entity_of ORDER BY account").fetchall() == [
            (name, name) for name in names
        ]


def test_the_name_is_the_smallest_id_by_bytes() -> None:
    with linked(judgements=("é z same", "é 🎁 same", "Z z same")) as graph:
        assert set(entities(graph).values()) == {"Z"}


def test_explain_tells_a_path() -> None:
    lines = using("phone", "1", "ab") + using("device", "2", "ab") + ["a ip 9", "c ip 9"]
    with linked(*lines, judgements=("b c same",)) as graph:
        told = link_explain(graph.con, "a", "c")
        assert told == {
            "a": "a",
            "b": "c",
            "entity_a": "a",
            "entity_b": "a",
            "same_entity": True,
            "grade": None,
            "why": None,
            "identifiers": [
                {"kind": "ip", "value": "9", "accounts": 2, "cap": None, "counts": False}
            ],
            "path": [
                {"a": "a", "b": "b", "why": "device shared by 2, phone shared by 2"},
                {"a": "b", "b": "c", "why": "judged same"},
            ],
            "refused": [],
            "judgements": [],
        }


def test_explain_tells_what_was_refused() -> None:
    strong = using("phone", "1", "ab") + using("device", "2", "ab") + using("payee", "3", "ab")
    weak = using("phone", "4", "bc") + using("device", "5", "bcdefghijklm")
    other = using("payment_card", "6", "bc")
    judged = ("a c same", "a c different")
    with linked(*strong, *weak, *other, judgements=judged) as graph:
        told = link_explain(graph.con, "c", "a", {"device": 10})
        assert told["same_entity"] is False
        assert (told["grade"], told["path"]) == (None, [])
        why = "it would bring together two accounts judged different"
        assert told["refused"] == [{"a": "b", "b": "c", "why": why}]
        assert told["judgements"] == [
            {"verdict": "same", "seq": 0},
            {"verdict": "different", "seq": 1},
        ]
        told = link_explain(graph.con, "b", "c")
        assert told["why"] == "payment_card shared by 2, phone shared by 2"
        assert told["identifiers"] == [
            {"kind": "device", "value": "5", "accounts": 12, "cap": 10, "counts": False},
            {"kind": "payment_card", "value": "6", "accounts": 2, "cap": 5, "counts": True},
            {"kind": "phone", "value": "4", "accounts": 2, "cap": 3, "counts": True},
        ]


def test_explain_of_a_stranger() -> None:
    with linked("a phone 1") as graph:
        told = link_explain(graph.con, "a", "nobody's")
        assert (told["entity_a"], told["entity_b"], told["same_entity"]) == ("a", None, False)

"""What the worlds of the item typologies cannot say: parameters, details, another return window."""

import json
from typing import Any

from build import world
from found import as_dicts, run

from regift import queries
from regift.graph.snapshot import snapshot_from_rows
from regift.queries.multi_level_gift import Params
from regift.queries.params import build, show

CHAIN = ["g0 issue brand>a x @0h", "g1 gift a>b x @1h", "g2 gift b>a x @3h", "g3 gift a>c x @4h"]


def found(name: str, table: dict[str, Any], **params: str) -> list[dict[str, Any]]:
    with world(table) as graph:
        return as_dicts(run(queries.ALL[name], graph, params))


def test_allowed_follows_reading_unless_it_is_given() -> None:
    given = [{}, {"reading": "strict"}, {"reading": "strict", "allowed": "1"}, {"allowed": "0"}]
    shown = [show(build(Params, each, clock_unit_us=1, name="multi_level_gift")) for each in given]
    assert [each["allowed"] for each in shown] == ["1", "0", "1", "0"]


def test_another_return_window_walks_again() -> None:
    table = {"gifts": CHAIN, "settings": {"return_window": "24h"}}
    assert found("multi_level_gift", table) == []
    again = found("multi_level_gift", table, return_window="1h")
    assert [(f["records"], f["level"]) for f in again] == [(["g2"], 2), (["g3"], 3)]


def test_the_ledger_of_the_snapshot_stays_as_it_was() -> None:
    with world({"gifts": CHAIN}) as graph:
        before = graph.con.execute("SELECT * FROM custody ORDER BY ord").fetchall()
        run(queries.ALL["multi_level_gift"], graph, {"return_window": "0"})
        assert graph.con.execute("SELECT * FROM custody ORDER BY ord").fetchall() == before


def test_odd_ids_and_the_detail() -> None:
    gifts = [
        {
            "record_id": f"r'{n}\"🎁",
            "at_us": n,
            "source": s,
            "target": t,
            "item": "藏'品",
            "kind": k,
        }
        for n, (k, s, t) in enumerate(
            [("issue", "b'", "甲"), ("gift", "甲", "c"), ("gift", "c", "d")]
        )
    ]
    with snapshot_from_rows({"gifts": gifts}) as graph:
        result = queries.ALL["multi_level_gift"].find(graph, Params())
    assert result.findings["anchor"].to_pylist() == [["gifts:r'2\"🎁"]]
    assert json.loads(result.findings["detail"][0].as_py()) == {
        "lenient": True, "strict": True, "lower_bound": False, "issuer": "b'",
        "issuer_how": "issue", "linked": False,
    }  # fmt: skip


def test_buy_back_is_first_level_when_asked() -> None:
    gifts = ["g0 issue brand>a x @0h", "g1 sale a>brand x @1h", "g2 sale brand>b x @2h"]
    assert [f["records"] for f in found("second_level_sale", {"gifts": gifts})] == [["g1"]]
    assert found("second_level_sale", {"gifts": gifts}, buy_back="true") == []


def test_closed_channels_are_a_choice() -> None:
    gifts = ["g0 issue b>a x @0h", "g1 sale a>c x @1h channel=merchant"]
    assert found("closed_channel_sale", {"gifts": gifts}) == []
    chosen = found("closed_channel_sale", {"gifts": gifts}, channels="merchant,personal")
    assert [f["records"] for f in chosen] == [["g1"]]


def test_a_cycle_names_its_accounts_from_the_first_hop() -> None:
    gifts = ["g1 gift a>b x @0h", "g2 gift b>c x @1h", "g3 sale c>a2 x @2h"]
    shared = ["a phone 1", "a2 phone 1", "a device d", "a2 device d"]
    (cycle,) = found("closed_circulation", {"gifts": gifts, "identifiers": shared})
    assert cycle["accounts"] == ["a", "b", "c", "a2"]
    assert cycle["roles"] == ["holder", "relay", "relay", "holder"]
    assert (cycle["length"], cycle["closed_by"]) == (3, "entity")


def test_a_gap_names_the_holder_before() -> None:
    (gap,) = found("custody_gap", {"gifts": ["g0 issue brand>a x @0h", "g1 gift z>b x @1h"]})
    assert (gap["gap"], gap["holder_before"]) == ("not_holder", "a")


def test_reasons_of_an_uncertified_issue() -> None:
    table = {
        "accounts": ["brand official_account", "new official_account"],
        "gifts": [
            "g1 issue brand>a x @1d price=5.00", "g2 issue brand>a y @20d price=5.00",
            "g3 issue new>a z @1d price=5.00", "g4 issue brand>a w @50d price=5.00",
        ],
        "certificates": ["brand F1 @10d..@15d", "brand F2 @12d..@20d", "brand F3 @30d..@40d"],
    }  # fmt: skip
    reasons = {f["records"][0]: f["reason"] for f in found("uncertified_issue", table)}
    assert reasons == {"g1": "not_yet_valid", "g2": "expired", "g3": "none", "g4": "expired"}

"""Certificates from the command line: states, worklist, one account, what people say of them."""

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import Ran, asked, loaded, run

from regift.enforcement.certificate_texts import TEXTS
from regift.ranking.texts import LANGUAGES

DAY1 = "2026-01-01T00:00:00Z"
WORLD = {
    "accounts": """\
account,kind
brand,official_account
shop,official_account
ann,personal
maker,merchant
""",
    "items": """\
item,collection,issuer
x1,c1,brand
x2,c2,brand
x3,c1,brand
x4,c1,brand
y,,maker
""",
    "gifts": """\
record_id,at,source,target,item,kind,price,currency
g1,2026-01-01T00:00:00Z,brand,ann,x1,issue,5.00,CNY
g2,2026-01-02T00:00:00Z,brand,ann,x3,issue,5.00,CNY
g3,2026-01-06T00:00:00Z,brand,ann,x2,issue,5.00,CNY
g4,2026-01-10T00:00:00Z,brand,ann,x4,issue,5.00,CNY
g5,2026-01-03T00:00:00Z,shop,ann,z1,issue,5.00,CNY
g6,2026-01-04T00:00:00Z,maker,brand,y,issue,,
g7,2026-01-05T00:00:00Z,brand,ann,y,sale,9.00,CNY
""",
    "certificates": """\
account,partner_company,filing_number,valid_from,valid_to,scope
brand,Chain 公司,F'1,2026-01-02T00:00:00Z,2026-01-10T00:00:00Z,collection:c1; digital art
""",
}
LATER = """\
account,partner_company,filing_number,valid_from,valid_to,scope
brand,Chain 公司,F2,2026-01-11T00:00:00Z,2026-02-01T00:00:00Z,
"""
NEW_SALE = """\
record_id,at,source,target,item,kind,price,currency
g8,2026-01-11T00:00:00Z,brand,ann,x5,issue,5.00,CNY
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("certified") / "ws"
    for table, text in WORLD.items():
        assert loaded(place, table, text).code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "ws", symlinks=True))


def certificate(place: Path, *args: str) -> Ran:
    return run("certificate", *args, "-w", place)


def rows(place: Path, *args: str) -> list[dict[str, Any]]:
    ran = certificate(place, *args, "--json")
    assert ran.code == 0, ran.stderr
    return ran.rows


def reasons(place: Path) -> dict[str, tuple[str, str]]:
    """First record of each finding -> its id and reason."""
    found = run("find", "uncertified_issue", "--json", "-w", place).rows
    return {row["records"][0]: (row["finding"], row["detail"]["reason"]) for row in found}


def test_list(made: Path) -> None:
    (only,) = rows(made, "list")
    assert only == {
        "certificate": "F'1", "account": "brand", "partner_company": "Chain 公司",
        "scope": "collection:c1; digital art", "not_read": "digital art",
        "valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-10T00:00:00Z",
        "state": "expired", "verdict": None, "reviewed_by": None, "reviewed_at": None,
        "reason": None,
    }  # fmt: skip
    assert rows(made, "list", "--account", "shop") == []
    said = certificate(made, "list").stderr
    assert "as of 2026-01-10T00:00:00Z, that of the newest record" in said
    assert "scopes with text that restricts nothing (not_read): 1" in said


def test_states_at_their_edges(made: Path) -> None:
    edges = {
        "2026-01-01T23:59:59.999999Z": "not_yet_valid",
        "2026-01-02T00:00:00Z": "valid",
        "2026-01-09T23:59:59.999999Z": "valid",
        "2026-01-10T00:00:00Z": "expired",
        "2026-01-10T07:59": "valid",  # without an offset: the workspace's zone, eight hours ahead
    }
    assert {at: rows(made, "list", "--at", at)[0]["state"] for at in edges} == edges


def test_grace_is_the_settings_and_its_last_moment_is_out(place: Path) -> None:
    settings = place / "regift.toml"
    settings.write_text(settings.read_text() + '[typology.uncertified_issue]\ngrace = "1d"\n')
    edges = {
        "2026-01-10T00:00:00Z": "within_grace",
        "2026-01-10T23:59:59.999999Z": "within_grace",
        "2026-01-11T00:00:00Z": "expired",
    }
    assert {at: rows(place, "list", "--at", at)[0]["state"] for at in edges} == edges
    (told,) = rows(place, "check", "brand")
    assert told["sales"] == {
        "valid": 1, "within_grace": 1, "out_of_scope": 1, "not_yet_valid": 1,
    }  # fmt: skip


def test_due(made: Path) -> None:
    due = rows(made, "due")
    assert [(r["due_at"], r["task"], r["account"], r["certificate"], r["status"]) for r in due] == [
        ("2026-01-02T00:00:00Z", "review", "brand", "F'1", "expired"),
        ("2026-01-03T00:00:00Z", "request_proof", "shop", None, "none"),
        ("2026-01-10T00:00:00Z", "expired", "brand", "F'1", "expired"),
    ]
    assert due[1] == {
        "due_at": "2026-01-03T00:00:00Z", "task": "request_proof", "account": "shop",
        "certificate": None, "status": "none", "sales": 1, "uncovered": 1,
        "last_sale_at": "2026-01-03T00:00:00Z", "reminders": 0, "reminded_at": None,
        "reminded_by": None,
    }  # fmt: skip
    assert (due[2]["sales"], due[2]["uncovered"]) == (4, 3)
    before = rows(made, "due", "--at", "2026-01-05T00:00:00Z")
    assert [(r["task"], r["account"], r["due_at"]) for r in before] == [
        ("review", "brand", "2026-01-02T00:00:00Z"),
        ("request_proof", "shop", "2026-01-03T00:00:00Z"),
        ("expires", "brand", "2026-01-10T00:00:00Z"),
    ]
    soon = rows(made, "due", "--at", "2026-01-05T00:00:00Z", "--within", "119h")
    assert [r["task"] for r in soon] == ["review", "request_proof"]
    out_of_scope = rows(made, "due", "--at", "2026-01-06T00:00:00Z")
    assert ("request_proof", "brand", "out_of_scope", "2026-01-06T00:00:00Z") in [
        (r["task"], r["account"], r["status"], r["due_at"]) for r in out_of_scope
    ]


def test_check(made: Path) -> None:
    (told,) = rows(made, "check", "brand")
    assert told["compliant"] is False
    assert told["sales"] == {"valid": 1, "out_of_scope": 1, "expired": 1, "not_yet_valid": 1}
    assert (told["first_sale_at"], told["last_sale_at"]) == (DAY1, "2026-01-10T00:00:00Z")
    assert told["periods"] == [
        {"from": None, "to": "2026-01-02T00:00:00Z", "certificates": [],
         "sales": {"not_yet_valid": 1}, "first_sale_at": DAY1, "last_sale_at": DAY1},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-10T00:00:00Z", "certificates": ["F'1"],
         "sales": {"out_of_scope": 1, "valid": 1}, "first_sale_at": "2026-01-02T00:00:00Z",
         "last_sale_at": "2026-01-06T00:00:00Z"},
        {"from": "2026-01-10T00:00:00Z", "to": None, "certificates": [], "sales": {"expired": 1},
         "first_sale_at": "2026-01-10T00:00:00Z", "last_sale_at": "2026-01-10T00:00:00Z"},
    ]  # fmt: skip
    assert told["stands_anyway"] == {"second_level_sale": 1}
    assert told["words"][0] == (
        "brand is not compliant at 2026-01-10T00:00:00Z: no certificate holds; first-level "
        "sales since none does: 1"
    )
    text = certificate(made, "check", "brand").stdout
    assert "no certificate excuses these, they stand whatever is filed: second_level_sale 1" in text
    assert "任何证明都不能免除" in certificate(made, "check", "brand", "--lang", "zh").stdout
    (early,) = rows(made, "check", "brand", "--at", "2026-01-05T00:00:00Z")
    assert (early["compliant"], early["sales"]) == (True, {"valid": 1, "not_yet_valid": 1})
    (ann,) = rows(made, "check", "ann")
    assert ann["compliant"] is None
    assert ann["words"][0].startswith("ann is no official account")


def test_compliant_from_the_moment_on_and_the_history_stays(place: Path) -> None:
    before = reasons(place)
    assert {record: why for record, (_, why) in before.items()} == {
        "g1": "not_yet_valid", "g3": "out_of_scope", "g4": "expired", "g5": "none",
    }  # fmt: skip
    assert loaded(place, "certificates", LATER, "-w", place, name="later.csv").code == 0
    assert loaded(place, "gifts", NEW_SALE, "-w", place, name="sale.csv").code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    assert reasons(place) == before
    (told,) = rows(place, "check", "brand")
    assert (told["compliant"], told["at"]) == (True, "2026-01-11T00:00:00Z")
    assert told["sales"] == {"valid": 2, "out_of_scope": 1, "expired": 1, "not_yet_valid": 1}
    (moment_before,) = rows(place, "check", "brand", "--at", "2026-01-10T23:59:59Z")
    assert moment_before["compliant"] is False
    tasks = [(r["task"], r["account"]) for r in rows(place, "due")]
    assert ("expired", "brand") not in tasks
    assert ("request_proof", "shop") in tasks


def test_a_refusal_counts_from_the_next_refresh(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regift.graph.workspace.actor", lambda: "rita")
    refused = certificate(place, "review", "brand", "F'1", "--refuse", "--reason", "not filed")
    assert refused.code == 0
    assert "certificate F'1 of brand is refused" in refused.stderr
    (listed,) = rows(place, "list", "--at", "2026-01-05T00:00:00Z")
    assert (listed["state"], listed["verdict"], listed["reviewed_by"], listed["reason"]) == (
        "refused", "refused", "rita", "not filed",
    )  # fmt: skip
    said = certificate(place, "list").stderr
    assert "reviews that count from the next `regift refresh` on: 1" in said
    assert reasons(place)["g1"][1] == "not_yet_valid"
    assert run("refresh", "-q", "-w", place).code == 0
    assert "reviews that" not in certificate(place, "list").stderr
    now = {record: why for record, (_, why) in reasons(place).items()}
    assert now == {"g1": "none", "g2": "refused", "g5": "none"}
    assert asked(place, "FROM reviewed") == [("brand", "F'1", "refused")]
    assert [r["task"] for r in rows(place, "due")] == ["request_proof", "request_proof"]
    again = certificate(place, "review", "brand", "F'1", "--accept", "--reason", "it is there")
    assert again.code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    back = {record: why for record, (_, why) in reasons(place).items()}
    assert back == {"g1": "not_yet_valid", "g3": "out_of_scope", "g4": "expired", "g5": "none"}
    assert run("audit", "verify", "-w", place).code == 0
    log = run("audit", "list", "--json", "-w", place).rows
    acts = [row["payload"]["verdict"] for row in log if row["action"] == "certificate review"]
    assert acts == ["refused", "accepted"]


def test_reminders(place: Path) -> None:
    for reason in ("mail of Monday", "again, by letter"):
        sent = certificate(place, "remind", "shop", "--reason", reason)
        assert (sent.code, "shop was asked for proof; again at" in sent.stderr) == (0, True)
    due = rows(place, "due")
    assert [row["account"] for row in due] == ["brand", "brand", "shop"], "due in a week, last"
    told = due[2]
    assert (told["reminders"], told["task"]) == (2, "request_proof")
    again, sent_at = (datetime.fromisoformat(told[key]) for key in ("due_at", "reminded_at"))
    assert again - sent_at == timedelta(days=7)
    assert certificate(place, "remind", "brand", "--reason", "its filings are to be reviewed")
    told = certificate(place, "due").stderr.splitlines()[-1]
    assert "reminders due again by the clock" in told
    assert told.endswith(": 0 (example)"), "a review is nothing that anybody is reminded of again"
    assert run("audit", "verify", "-w", place).code == 0


def test_a_certificate_without_an_end(place: Path) -> None:
    text = "account,partner_company,filing_number,valid_from\nshop,Chain,F77,2020-01-01T00:00:00Z\n"
    assert loaded(place, "certificates", text, name="endless.csv").code == 0
    assert run("refresh", "-q", "-w", place).code == 0
    for lang, said in (("en", " F77 holds for good and covers "), ("zh", "F77 长期有效，")):
        assert said in certificate(place, "check", "shop", "--lang", lang).stdout


def test_both_languages_say_the_same() -> None:
    fields = {
        lang: {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in texts.items()}
        for lang, texts in TEXTS.items()
    }
    assert tuple(fields) == LANGUAGES
    assert fields["en"] == fields["zh"]


def test_a_generation_of_a_version_without_reviews_can_be_read(place: Path) -> None:
    path = place / "generations" / "000001.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("DROP TABLE reviewed")
    assert rows(place, "list")[0]["state"] == "expired"
    (told,) = rows(place, "check", "shop")
    assert told["sales"] == {"none": 1}


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("review", "brand", "F9", "--accept", "--reason", "r"), "brand has no certificate 'F9'"),
        (("review", "brand", "F'1", "--reason", "r"), "say --accept or --refuse"),
        (("review", "brand", "F'1", "--accept", "--reason", " "), "the reason is empty"),
        (("review", "nobody", "F'1", "--accept", "--reason", "r"), "names the account 'nobody'"),
        (("remind", "nobody", "--reason", "r"), "names the account 'nobody'"),
        (("remind", "shop", "--reason", ""), "the reason is empty"),
        (("list", "--account", "nobody"), "names the account 'nobody'"),
        (("list", "--at", "soon"), "'soon' is not an ISO 8601 time"),
        (("due", "--within", "soon"), "'soon' is not a duration"),
        (("check", "nobody"), "names the account 'nobody'"),
    ],
)
def test_errors_are_one_line(made: Path, args: tuple[str, ...], error: str) -> None:
    ran = certificate(made, *args)
    assert ran.code == 2
    assert error in ran.line
    assert run("audit", "list", "--json", "-w", made).rows[-1]["action"] == "refresh"

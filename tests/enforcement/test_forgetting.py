"""An account that is forgotten is in no row of the casebook, and the chain still fits."""

from pathlib import Path

import pytest
from casebooks import FAR_US, book, filled

from regift.enforcement import allow_list, forgetting, measures
from regift.enforcement.replay import erase, forget
from regift.loaders.errors import UsageError

ACCOUNTS = ["ann", "dan", "eve", "gil", "ida", "zoe", "brand", "x"]
TOMBS = {account: f"forgotten-{n}" for n, account in enumerate(ACCOUNTS)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    filled(tmp_path / "c.sqlite")
    return tmp_path / "c.sqlite"


def bytes_of(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("c.sqlite*"))


def test_no_payload_names_it_and_the_chain_fits(path: Path) -> None:
    with book(path, "lea") as log:
        head = log.head()
        before = {row.seq: row for row in log.rows()}
        in_force = dict(_accounts(log))
        for account, tomb in TOMBS.items():
            forgetting.ask(log, account, tomb, "asked by mail")
        rows = forget(log, forgetting.waiting(log.con), 7)
        assert rows > len(ACCOUNTS)
        assert log.verify([head]) == len(log.rows())
        after = {row.seq: row for row in log.rows() if row.seq in before}
        # Decisions stay: the same acts by the same people on the same numbers.
        assert [(r.at_us, r.actor, r.action) for r in after.values()] == [
            (r.at_us, r.actor, r.action) for r in before.values()
        ]
        assert {n: TOMBS.get(a, a) for n, a in in_force.items()} == dict(_accounts(log))
        assert [each.account for each in allow_list.entries(log)] == [TOMBS["zoe"]]
        assert allow_list.allowed(log.con, 0)[0][1] == FAR_US + 1
        (judged,) = log.judgements()
        assert judged[:3] == (TOMBS["x"], "y", "same")
        said = [(e.state, e.account, e.reason, e.generation) for e in forgetting.listed(log.con)]
        assert said[2:] == [("done", tomb, "asked by mail", 7) for tomb in TOMBS.values()]
    found = bytes_of(path)
    for account in ("dan", "eve", "gil", "ida", "zoe"):  # of the others some people have the name
        assert f'"{account}"'.encode() not in found
        assert f"against {account}".encode() not in found


def _accounts(log: object) -> list[tuple[int, str]]:
    rows = measures.listed(log)  # type: ignore[arg-type]
    return [(each.number, each.account) for each in rows]


def test_words_that_name_it_go_and_others_stay(path: Path) -> None:
    with book(path, "lea") as log:
        seq = allow_list.add(log, "kim", FAR_US, "like ned, tested")
        other = allow_list.add(log, "kit", FAR_US, "not nedda")
        forgetting.ask(log, "ned", "forgotten-n", "ned wrote on Monday")
        forget(log, forgetting.waiting(log.con), 3)
        rows = {row.seq: row.payload for row in log.rows()}
        assert rows[seq] == {"account": "kim", "until_us": FAR_US}
        assert rows[other]["reason"] == "not nedda"
        last = forgetting.listed(log.con)[-1]
        assert (last.account, last.reason) == ("forgotten-n", "")
        log.verify()


def test_what_an_erasure_kept_goes_too(path: Path) -> None:
    with book(path, "lea") as log:
        seq = allow_list.add(log, "ned", FAR_US, "words")
        erase(log, seq, "ned said so")
        forgetting.ask(log, "ned", "forgotten-n", "asked")
        forget(log, forgetting.waiting(log.con), 3)
        assert {row.seq: row.payload for row in log.rows()}[seq] == {
            "account": "forgotten-n",
            "until_us": FAR_US,
        }
        log.verify()
    assert b"ned said" not in bytes_of(path)
    assert b'"ned"' not in bytes_of(path)


def test_an_account_that_is_called_like_a_verdict(path: Path) -> None:
    with book(path, "lea") as log:
        log.judge("different", "same", "same", "")
        forgetting.ask(log, "same", "forgotten-s", "asked")
        forget(log, forgetting.waiting(log.con), 3)
        assert log.judgements()[-1][:3] == ("different", "forgotten-s", "same")
        log.verify()


def test_asking_twice_and_taking_it_back(path: Path) -> None:
    with book(path, "lea") as log:
        forgetting.ask(log, "ned", "forgotten-n", "asked")
        with pytest.raises(UsageError, match="waits to be forgotten already"):
            forgetting.ask(log, "ned", "forgotten-n", "asked")
        with pytest.raises(UsageError, match="does not wait"):
            forgetting.cancel(log, "ann", "no")
        forgetting.cancel(log, "ned", "took it back")
        assert forgetting.waiting(log.con) == []
        forgetting.ask(log, "ned", "forgotten-n", "asked again")
        assert [each.account for each in forgetting.waiting(log.con)] == ["ned"]
        log.verify()

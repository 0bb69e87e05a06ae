"""Accounts of one legal subject, also through others; strangers to none."""

import duckdb

from regift.enforcement import legal_subjects


def subjects(
    operators: dict[str, str | None], identifiers: list[tuple[str, str, str]]
) -> dict[str, tuple[str, str | None]]:
    con = duckdb.connect()
    con.execute("CREATE TABLE account_kinds (account VARCHAR, kind VARCHAR, operator VARCHAR)")
    con.execute("CREATE TABLE identifiers (account VARCHAR, kind VARCHAR, value VARCHAR)")
    for account, operator in operators.items():
        con.execute("INSERT INTO account_kinds VALUES (?, 'mini_program', ?)", [account, operator])
    for row in identifiers:
        con.execute("INSERT INTO identifiers VALUES (?, ?, ?)", row)
    legal_subjects.derive(con)
    found = con.execute("FROM legal_subjects").fetchall()
    assert len(found) == len(operators)
    return {account: (subject, how) for account, subject, how in found}


def test_operator_and_legal_subject_join_through_others() -> None:
    """e - d - c - b - a by turns; a phone joins nobody, and neither does a value of one's own."""
    told = subjects(
        {"a": "acme", "b": "acme", "c": None, "d": "zeta", "e": "zeta", "f": None, "g": "own"},
        [
            *(("b", "legal_subject", "L1"), ("c", "legal_subject", "L1")),
            *(("c", "legal_subject", "L2"), ("d", "legal_subject", "L2")),
            *(("f", "phone", "1"), ("a", "phone", "1"), ("f", "legal_subject", "L9")),
        ],
    )
    assert {account: subject for account, (subject, _) in told.items()} == {
        **dict.fromkeys("abcde", "a"),
        "f": "f",
        "g": "g",
    }
    assert told["c"][1] == "legal subject L1"
    assert told["a"][1] == "operator acme"
    assert (told["f"][1], told["g"][1]) == (None, None)


def test_an_operator_is_no_legal_subject_of_the_same_name() -> None:
    told = subjects({"a": "x", "b": None}, [("b", "legal_subject", "x")])
    assert told == {"a": ("a", None), "b": ("b", None)}


def test_a_long_chain_and_the_order_of_rows() -> None:
    names = [f"n{number:03}" for number in range(60)]
    pairs = [
        (account, "legal_subject", f"v{place}")
        for place in range(59)
        for account in names[place : place + 2]
    ]
    whole = subjects(dict.fromkeys(names), pairs)
    assert {subject for subject, _ in whole.values()} == {"n000"}
    assert subjects(dict.fromkeys(reversed(names)), pairs[::-1]) == whole

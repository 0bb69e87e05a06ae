"""Certificates of a generation at one moment: their states, what is to be done, one account's line.

Times of sales and certificates are those of the records; reviews and reminders are acts of people
and have the clock's time. What a sale is beside certificates is what the generation was made with:
a review counts for it from the next refresh, and for the states here at once.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from regift.enforcement import certificates
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.certificate_texts import say
from regift.graph.connect import dicts, row
from regift.graph.workspace import utc_text
from regift.queries import certified

SECOND_LEVEL = ("multi_level_gift", "second_level_sale", "closed_channel_sale")
"""Typologies whose findings no certificate excuses."""
PROOF = ("request_proof", "expired")
"""Tasks of which people are reminded."""


@dataclass(frozen=True)
class Moment:
    """When things are looked at: of the records, at_us, and by the clock, now_us."""

    at_us: int
    now_us: int
    grace_us: int


def prepare(con: duckdb.DuckDBPyConnection, log: AuditLog, moment: Moment) -> int:
    """Make the tables that the functions below read; gives how many reviews no refresh has seen.

    certified_sales up to the moment, certified_spans, `looked_at` (the newest review of each
    filing), `asked_for` (reminders of each account). Cost: that of `certified.define`.
    """
    certified.define(con, moment.grace_us)
    con.execute("DELETE FROM certified_sales WHERE at_us > ?", [moment.at_us])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE looked_at (account VARCHAR, filing_number VARCHAR, "
        "verdict VARCHAR, reason VARCHAR, reviewed_by VARCHAR, reviewed_us BIGINT)"
    )
    said = certificates.reviews(log)
    _fill(con, "looked_at", [
        (r.account, r.filing_number, r.verdict, r.reason, r.by, r.at_us) for r in said
    ])  # fmt: skip
    con.execute(
        "CREATE OR REPLACE TEMP TABLE reminded (account VARCHAR, reminded_by VARCHAR, "
        "at_us BIGINT, audit BIGINT)"
    )
    sent = certificates.reminders(log)
    _fill(con, "reminded", [(r.account, r.by, r.at_us, r.audit) for r in sent])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE asked_for AS SELECT account, count(*) AS reminders, "
        "arg_max(at_us, audit) AS reminded_us, arg_max(reminded_by, audit) AS reminded_by "
        "FROM reminded GROUP BY account"
    )
    unseen = row(
        con,
        "SELECT count(*) FROM looked_at l ANTI JOIN reviewed r ON l.account = r.account "
        "AND l.filing_number = r.filing_number AND l.verdict = r.verdict",
    )
    return int(unseen[0])


def _fill(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


_STATE = """CASE
    WHEN coalesce(verdict = 'refused', false) THEN 'refused'
    WHEN valid_from_us > $at THEN 'not_yet_valid'
    WHEN coalesce($at < valid_to_us, true) THEN 'valid'
    WHEN $at < valid_to_us::HUGEINT + $grace THEN 'within_grace' ELSE 'expired' END"""

_REGISTRY = f"""
    SELECT c.*, {certified.NOT_READ} AS not_read, {_STATE} AS state, verdict, reason, reviewed_by,
           reviewed_us
    FROM certificates c LEFT JOIN looked_at USING (account, filing_number)"""


def registry(
    con: duckdb.DuckDBPyConnection, moment: Moment, account: str | None = None
) -> list[dict[str, Any]]:
    """Every certificate with its state, by account and time."""
    rows = dicts(
        con,
        f"FROM ({_REGISTRY}) WHERE account = coalesce($account, account) "
        "ORDER BY account, valid_from_us, filing_number",
        {"at": moment.at_us, "grace": moment.grace_us, "account": account},
    )
    return [
        {
            "certificate": each["filing_number"],
            "account": each["account"],
            "partner_company": each["partner_company"],
            "scope": each["scope"],
            "not_read": "; ".join(each["not_read"]) or None,
            "valid_from": utc_text(each["valid_from_us"]),
            "valid_to": _time(each["valid_to_us"]),
            "state": each["state"],
            "verdict": each["verdict"],
            "reviewed_by": each["reviewed_by"],
            "reviewed_at": _time(each["reviewed_us"]),
            "reason": each["reason"],
        }
        for each in rows
    ]


# What an account sold, what of it is uncovered since certificates last began or ceased to hold.
_SELLERS = f"""
    WITH now AS (
        SELECT account, max(since) FILTER ($at < until) AS holds_us,
               nullif(max(until) FILTER ($at < until), {certified.FOREVER}) AS until_us,
               max(until) FILTER (until <= $at) AS ended_us
        FROM certified_spans WHERE kind = 'any' AND since <= $at GROUP BY account),
    told AS (
        SELECT s.*, holds_us, until_us, status NOT IN {certified.COVERED} AS bare,
               bare AND coalesce(at_us >= coalesce(holds_us, ended_us), true) AS open
        FROM certified_sales s LEFT JOIN now USING (account))
    SELECT account, count(*) AS sales, count(*) FILTER (bare) AS uncovered,
           count(*) FILTER (open) AS open, min(at_us) FILTER (open) AS begun_us,
           arg_max(status, (at_us, seq, record_id)) FILTER (open) AS status,
           min(at_us) AS first_us, max(at_us) AS last_us, any_value(holds_us) AS holds_us,
           any_value(until_us) AS until_us
    FROM told GROUP BY account
"""

_TASKS = f"""
    WITH sellers AS ({_SELLERS}),
    registry AS ({_REGISTRY}),
    ended AS (
        SELECT account, arg_max(filing_number, (valid_to_us, filing_number)) AS filing_number
        FROM registry WHERE state = 'expired' GROUP BY account),
    begun AS (
        SELECT r.*, s.at_us AS sold_us FROM (FROM registry WHERE verdict IS NULL) r
        ASOF LEFT JOIN certified_sales s
        ON s.account = r.account AND s.at_us >= r.valid_from_us),
    tasks AS (
        SELECT account, CASE s.status WHEN 'expired' THEN 'expired' ELSE 'request_proof' END
                   AS task,
               CASE s.status WHEN 'expired' THEN e.filing_number END AS certificate, s.status,
               coalesce(reminded_us + $every, begun_us) AS due_us
        FROM sellers s LEFT JOIN asked_for USING (account) LEFT JOIN ended e USING (account)
        WHERE open > 0
        UNION ALL
        SELECT account, 'review', filing_number, arg_max(state, valid_from_us),
               coalesce(min(sold_us) FILTER (coalesce(sold_us < valid_to_us, true)),
                        greatest(max(valid_from_us), $at))
        FROM begun GROUP BY account, filing_number
        UNION ALL
        SELECT account, 'expires', filing_number, state, valid_to_us FROM registry r
        WHERE state = 'valid' AND valid_to_us::HUGEINT <= $at + $within AND NOT EXISTS (
            SELECT 1 FROM registry o WHERE o.account = r.account AND o.state <> 'refused'
                AND o.valid_from_us <= r.valid_to_us
                AND coalesce(o.valid_to_us > r.valid_to_us, true)))
    SELECT task, t.account, certificate, t.status, due_us, coalesce(sales, 0) AS sales,
           coalesce(uncovered, 0) AS uncovered, last_us, coalesce(reminders, 0) AS reminders,
           reminded_us, reminded_by
    FROM tasks t LEFT JOIN sellers USING (account) LEFT JOIN asked_for USING (account)
    ORDER BY due_us, account, task, certificate
"""


def tasks(
    con: duckdb.DuckDBPyConnection, moment: Moment, every_us: int, within_us: int
) -> list[dict[str, Any]]:
    """What is to be done about certificates, what is due first standing first.

    request_proof: sales that no certificate covers, and none since does; due when the first of
    them was made, or `every_us` after the last reminder. expired: the same after a certificate.
    review: a filing that nobody looked at; due at the first sale while it holds, and without any at
    the moment, or when it begins. expires: it ends within `within_us`
    and nothing follows it; due when it ends.
    """
    rows = dicts(
        con,
        _TASKS,
        {"at": moment.at_us, "grace": moment.grace_us, "every": every_us, "within": within_us},
    )
    return [
        {
            "due_at": _time(each["due_us"]),
            "task": each["task"],
            "account": each["account"],
            "certificate": each["certificate"],
            "status": each["status"],
            "sales": each["sales"],
            "uncovered": each["uncovered"],
            "last_sale_at": _time(each["last_us"]),
            "reminders": each["reminders"],
            "reminded_at": _time(each["reminded_us"]),
            "reminded_by": each["reminded_by"],
        }
        for each in rows
    ]


_PERIODS = """
    WITH cuts AS (
        SELECT unnest([valid_from_us, valid_to_us, valid_to_us + $grace]) AS cut
        FROM certificates WHERE account = $account),
    edges AS (
        SELECT DISTINCT cut AS from_us FROM cuts WHERE cut IS NOT NULL UNION ALL SELECT NULL),
    periods AS (
        SELECT from_us, lead(from_us) OVER (ORDER BY from_us NULLS FIRST) AS to_us FROM edges),
    sold AS (
        SELECT from_us, map_from_entries(list({'k': status, 'v': n} ORDER BY status)) AS sales,
               min(first_us) AS first_us, max(last_us) AS last_us
        FROM (SELECT from_us, status, count(*) AS n, min(at_us) AS first_us, max(at_us) AS last_us
              FROM certified_sales s JOIN periods p
              ON coalesce(s.at_us >= from_us, true) AND coalesce(s.at_us < to_us, true)
              WHERE account = $account GROUP BY from_us, status) GROUP BY from_us)
    SELECT p.from_us, p.to_us, s.sales, s.first_us, s.last_us,
           (SELECT list(DISTINCT filing_number ORDER BY filing_number) FROM certificates c
            WHERE c.account = $account AND c.valid_from_us <= p.from_us
              AND coalesce(p.from_us < c.valid_to_us, true)) AS holding
    FROM periods p LEFT JOIN sold s ON s.from_us IS NOT DISTINCT FROM p.from_us
    ORDER BY p.from_us NULLS FIRST
"""


def account_line(
    con: duckdb.DuckDBPyConnection, moment: Moment, account: str, lang: str
) -> dict[str, Any]:
    """One account: its certificates, its sales in each period between their edges, and what counts.

    compliant: nothing that it sold since certificates last began or ceased to hold is uncovered;
    None for an account that is no official one. stands_anyway: findings that none excuses.
    """
    given = {"at": moment.at_us, "account": account}
    found = dicts(con, f"FROM ({_SELLERS}) WHERE account = $account", given)
    seller = found[0] if found else None
    kind = row(con, "SELECT kind FROM account_kinds WHERE account = ?", [account])[0]
    by_status = _counted(
        con, "SELECT status, count(*) FROM certified_sales WHERE account = ? GROUP BY ALL", account
    )
    stands = _counted(
        con,
        "SELECT typology, count(DISTINCT finding) FROM findings JOIN subjects USING (finding) "
        f"WHERE account = ? AND typology IN {SECOND_LEVEL} GROUP BY typology",
        account,
    )
    told = {
        "account": account,
        "kind": kind,
        "at": utc_text(moment.at_us),
        "compliant": (not seller or not seller["open"]) if kind == "official_account" else None,
        "sales": {s: by_status[s] for s in certified.STATUSES if s in by_status},
        "first_sale_at": _time(seller["first_us"]) if seller else None,
        "last_sale_at": _time(seller["last_us"]) if seller else None,
        "certificates": registry(con, moment, account),
        "periods": _periods(con, moment, account),
        "stands_anyway": {name: stands[name] for name in SECOND_LEVEL if name in stands},
    }
    return told | {"words": _words(told, seller, lang)}


def _counted(con: duckdb.DuckDBPyConnection, sql: str, account: str) -> dict[str, int]:
    return dict(con.execute(sql, [account]).fetchall())


def _periods(con: duckdb.DuckDBPyConnection, moment: Moment, account: str) -> list[dict[str, Any]]:
    rows = dicts(con, _PERIODS, {"account": account, "grace": moment.grace_us})
    return [
        {
            "from": _time(each["from_us"]),
            "to": _time(each["to_us"]),
            "certificates": each["holding"] or [],
            "sales": each["sales"] or {},
            "first_sale_at": _time(each["first_us"]),
            "last_sale_at": _time(each["last_us"]),
        }
        for each in rows
    ]


def _words(told: dict[str, Any], seller: dict[str, Any] | None, lang: str) -> list[str]:
    """What it comes to, in sentences."""
    lines = [_standing(told, seller, lang)]
    if seller and seller["uncovered"]:
        lines.append(say(lang, "history", n=f"{seller['uncovered']:,}"))
    counts = ", ".join(f"{name} {n:,}" for name, n in told["stands_anyway"].items())
    lines.append(say(lang, "no_excuse", counts=counts) if counts else say(lang, "nothing_else"))
    return [*lines, say(lang, "registration")]


def _standing(told: dict[str, Any], seller: dict[str, Any] | None, lang: str) -> str:
    named = {"account": told["account"], "at": told["at"]}
    if told["kind"] != "official_account":
        return say(lang, "no_official", **named)
    if seller is None:
        return say(lang, "no_sale", **named)
    since = _time(seller["holds_us"])
    if seller["open"]:
        n = f"{seller['open']:,}"
        return say(lang, "uncovered" if since else "without", n=n, since=since, **named)
    if since is None:
        return say(lang, "idle", last=told["last_sale_at"], **named)
    names = [c["certificate"] for c in told["certificates"] if c["state"] in certified.COVERED]
    end = _time(seller["until_us"])
    until = say(lang, "until", end=end) if end else say(lang, "always")
    filing = ", ".join(dict.fromkeys(names))
    return say(lang, "compliant", filing=filing, until=until, since=since, **named)


def _time(us: int | None) -> str | None:
    return None if us is None else utc_text(us)

"""Hypothesis strategy: small ledgers of findings, rich in shared records, items and ties."""

from typing import Any

from hypothesis import strategies as st
from ledger import DAY, TYPOLOGIES, Found, Ledger, calibration, gift, transfer

NAMES = [f"a{n}" for n in range(9)]
ROLES = (
    "giver",
    "receiver",
    "relay",
    "source",
    "router",
    "organiser",
    "issuer",
    "seller",
    "member",
)
KINDS = (None, "personal", "official_account", "mini_program", "merchant")
ITEMS = ("x", "y", "z")
STRATA = ("all", "<3d|one_off|3", "<7d|repeated|2", "new")
RATES = (0, 99, 1000, 1001, 5000, 5001, 10_000)


@st.composite
def ledgers(draw: Any, *, most_findings: int = 9) -> Ledger:
    """Records between nine accounts on a grid of five days, findings on one to three of them."""
    pick = lambda values: draw(st.sampled_from(values))  # noqa: E731
    day = lambda: 5 * draw(st.integers(0, 20))  # noqa: E731
    gifts = tuple(
        gift(f"g{n}", f"{pick(NAMES)}>{pick(NAMES)}", pick(ITEMS), day(),
             price_minor=pick((None, 500)), currency="CNY", kind=pick(("gift", "gift", "issue")))
        for n in range(draw(st.integers(1, 8)))
    )  # fmt: skip
    transfers = tuple(
        transfer(f"t{n}", f"{pick(NAMES)}>{pick(NAMES)}", pick((100, 250)), day(),
                 currency=pick(("CNY", "CNY", "USD")))
        for n in range(draw(st.integers(1, 8)))
    )  # fmt: skip
    rows = {("gifts", r["record_id"]): r for r in gifts}
    rows |= {("transfers", r["record_id"]): r for r in transfers}
    found = tuple(_finding(draw, n + 1, rows) for n in range(draw(st.integers(0, most_findings))))
    labels = tuple(
        {"account": account, "at_us": n, "code": "spam", "origin": "moderation"}
        for n, account in enumerate(draw(st.lists(st.sampled_from(NAMES), max_size=3)))
    )
    groups = {name: draw(st.integers(0, 5)) for name in NAMES}
    entities = {
        name: min(n for n in NAMES if groups[n] == groups[name])
        if groups[name] < 2 else name
        for name in NAMES
    }  # fmt: skip
    kinds = {name: (pick(KINDS), pick((None, None, "o1", "o2"))) for name in NAMES}
    things = {"item": "x", "price_minor": 900, "currency": "CNY", "issuer": pick((None, *NAMES))}
    papers = tuple(
        {"account": name, "partner_company": "p", "filing_number": "1", "valid_from_us": 0}
        for name in draw(st.sets(st.sampled_from(NAMES), max_size=1))
    )
    calibrated = calibration(
        {
            name: {key: pick(RATES) for key in STRATA[:3]}
            for name in draw(st.sets(st.sampled_from(sorted(TYPOLOGIES))))
        },
        one_off=draw(st.integers(0, 100)),
        payments=100,
    )
    return Ledger(found, gifts, transfers, (things,), labels, papers, entities, kinds,
                  calibration=pick((None, calibrated)))  # fmt: skip


def _finding(draw: Any, n: int, rows: dict[tuple[str, str], dict[str, Any]]) -> Found:
    name = draw(st.sampled_from(sorted({*TYPOLOGIES} - {"evasion"})))
    if name == "shared_controller":
        records: tuple[tuple[str, str], ...] = (("identifiers", f"i{draw(st.integers(0, 2))}"),)
        ends: list[str] = []
    else:
        chosen = draw(st.lists(st.sampled_from(sorted(rows)), min_size=1, max_size=3, unique=True))
        records = tuple(chosen)
        ends = sorted({rows[key][c] for key in records for c in ("source", "target")})
    named = draw(st.lists(st.sampled_from(ends or NAMES), min_size=1, max_size=4, unique=True))
    named += draw(st.lists(st.sampled_from(NAMES), max_size=1))
    times = [rows[key]["at_us"] for key in records if key in rows] or [
        5 * DAY * draw(st.integers(0, 20))
    ]
    items = {str(rows[key]["item"]) for key in records if key in rows and "item" in rows[key]}
    detail = None
    if name in ("money_cycle", "multi_level_gift"):
        detail = draw(st.sampled_from((None, '{"pair_rate": 0.35}')))
    if name in ("money_cycle", "pass_through") and draw(st.booleans()):
        pairs = [draw(st.integers(0, 2)), draw(st.integers(0, 1)), draw(st.integers(0, 4))]
        stratum = draw(st.sampled_from(STRATA))
        detail = f'{{"pair_rate": "0.1000", "pairs": {pairs}, "stratum": "{stratum}"}}'
    if name == "paid_gift":
        rate = draw(st.sampled_from(("0.05", "0.199999", "0.2", "2.7")))
        detail = draw(
            st.sampled_from(('{"tier": "price"}', f'{{"tier": "plain", "pair_rate": {rate}}}'))
        )
    return Found(
        n, name, records, tuple((a, draw(st.sampled_from(ROLES))) for a in named),
        tuple(sorted(items)), min(times), max(times), draw(st.booleans()), detail,
    )  # fmt: skip

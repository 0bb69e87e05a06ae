"""D-12 once more, in decimals of 50 digits: e, z, S and the score of every unit, word by word."""

from collections import defaultdict
from decimal import ROUND_FLOOR, Decimal, localcontext
from json import loads

from ledger import TYPOLOGIES, Found, Ledger

from regift.ranking.calibration import Calibration
from regift.ranking.constants import ROLE_PERCENT

Unit = tuple[str, str]
Weights = dict[str, dict[str, Decimal]]
"""record -> family -> e."""


def lfdr(found: Found, calibration: Calibration | None) -> int | None:
    """D-11: 0 of facts; by typology and stratum; of a stratum without a rate that of a typology
    that is demoted; else None: uncalibrated.
    """
    told = loads(found.detail or "{}")
    price = told.get("tier") == "price"
    if price if found.typology == "paid_gift" else TYPOLOGIES[found.typology].fact:
        return 0
    of = calibration.typologies.get(found.typology) if calibration else None
    stratum = told.get("stratum", told.get("tier", "all"))
    if of and stratum in of.strata:
        return of.strata[stratum].lfdr_bp
    return of.lfdr_bp if of and of.lfdr_bp is not None and of.lfdr_bp > 5000 else None


def counts(found: Found, calibration: Calibration | None) -> bool:
    """Whether chance explains at most half of its stratum."""
    rate = lfdr(found, calibration)
    return rate is None or rate <= 5000


def _q(found: Found, calibration: Calibration | None) -> Decimal:
    """(1 - lfdr) * exp(-pair_rate) * novelty * gate, in that order."""
    told = loads(found.detail or "{}")
    rate = lfdr(found, calibration)
    fact = TYPOLOGIES[found.typology].fact or told.get("tier") == "price"
    if fact:
        return Decimal(1)
    q = 1 - Decimal(5000 if rate is None else rate) / 10_000
    if told.get("tier", "plain") == "plain":
        q *= (-Decimal(str(told.get("pair_rate", 0)))).exp()
    if "pairs" in told:
        _, first, repeated = told["pairs"]
        q *= Decimal("0.8") if first else 1
        q *= Decimal("0.1") ** min(repeated, 3)
        if calibration and calibration.one_off:
            share = Decimal(calibration.one_off) / calibration.payments
            gate = (1 / share).ln() / Decimal(2).ln()
            gate = min(max(gate, Decimal("0.05")), Decimal(1))
            q *= gate.quantize(Decimal("0.0001"), ROUND_FLOOR)
    return q


def _named(ledger: Ledger, found: Found) -> list[tuple[str, str, Decimal]]:
    """(account, record, e) of one finding."""
    ends = {("gifts", r["record_id"]): {r["source"], r["target"]} for r in ledger.gifts}
    ends |= {("transfers", r["record_id"]): {r["source"], r["target"]} for r in ledger.transfers}
    kappa = Decimal(TYPOLOGIES[found.typology].kappa_percent) / 100
    papers = not any(table in ("gifts", "transfers") for table, _ in found.records)
    result = []
    for account in {a for a, _ in found.subjects}:
        role = max(ROLE_PERCENT.get(r, 100) for a, r in found.subjects if a == account)
        e = Decimal(role) / 100 * kappa * _q(found, ledger.calibration)
        if papers:
            result.append((account, f"finding:{found.id}", e))
        for table, record in set(found.records):
            if account in ends.get((table, record), ()):
                result.append((account, f"{table}:{record}", e))
    return result


def weights(ledger: Ledger, case: dict[str, str]) -> dict[Unit, Weights]:
    """e of every unit, record and family: the largest of the unit's accounts and findings."""
    found: dict[Unit, Weights] = defaultdict(lambda: defaultdict(dict))

    def add(unit: Unit, record: str, family: str, e: Decimal) -> None:
        now = found[unit][record].get(family, Decimal(0))
        found[unit][record][family] = max(now, e)

    def add_account(account: str, record: str, family: str, e: Decimal) -> None:
        add(("account", account), record, family, e)
        add(("entity", ledger.entities.get(account, account)), record, family, e)
        operator = ledger.kinds.get(account, (None, None))[1]
        if operator is not None:
            add(("operator", operator), record, family, e)

    for each in ledger.findings:
        if not counts(each, ledger.calibration):
            continue
        family = TYPOLOGIES[each.typology].family
        for account, record, e in _named(ledger, each):
            add_account(account, record, family, e)
            if each.id in case:
                add(("case", case[each.id]), record, family, e)
    for label in ledger.labels:
        add_account(label["account"], f"label:{label['account']}", "external", Decimal("0.3"))
    return found


def s_and_score(records: Weights) -> tuple[Decimal, Decimal]:
    """S in nats, and the score before it is rounded."""
    strong, weak = Decimal(0), Decimal(0)
    for families in records.values():
        left = Decimal(1)
        for e in families.values():
            left *= 1 - e
        nats = -left.ln()
        if 1 - left >= Decimal("0.3"):
            strong += nats
        else:
            weak = max(weak, nats)
    total = strong + weak
    return total, 100 * (1 - (-total).exp())


def scores(ledger: Ledger, case: dict[str, str]) -> dict[Unit, tuple[Decimal, Decimal]]:
    """S and score of every unit that has evidence."""
    with localcontext() as context:
        context.prec = 50
        found = weights(ledger, case)
        return {unit: s_and_score(records) for unit, records in found.items()}

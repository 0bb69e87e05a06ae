"""What a policy tells the gate, decisions, and searches.

gate_rules(policy)        ranking/gate_rules.py: degree, steps, caps, who is measured, clauses
decision_rules(policy)    decision_rules.py: steps and clauses that a decision may name
parameters(policy)        parameters of typologies and of entities, where a switch departs from its
                          default
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from regift.enforcement.decision_rules import DecisionRules
from regift.enforcement.policy import Clause, Policy
from regift.enforcement.policy_schema import ANY
from regift.graph.entities import SEPARATE
from regift.loaders.tables import ACCOUNT_KINDS
from regift.queries.params import duration_us, periods_text
from regift.ranking.gate_rules import GateRules, InForce

PEOPLE = ("personal",)
LEFT_OUT = {
    "operators": (PEOPLE, True),
    "users": (tuple(kind for kind in ACCOUNT_KINDS if kind not in PEOPLE), False),
    "both": ((), False),
}
"""who_is_measured -> kinds that are evidence only, and whether unknown ones are."""


def gate_rules(policy: Policy) -> GateRules:
    """The gate's rules.

    >>> from regift.enforcement.policy import SHIPPED, read
    >>> gate_rules(read(SHIPPED / "wechat-3.24.toml")).ladder
    ((1, 'notice'), (6, 'rectify'), (11, 'restrict'), (20, 'take_down'))
    """
    zone = ZoneInfo(policy.zone)
    counted = [step for step in policy.steps if step.from_points is not None]
    kinds, unknown = LEFT_OUT[policy.switches["who_is_measured"]]
    return GateRules(
        ladder=tuple((s.from_points or 0, s.measure) for s in counted),
        degree=policy.degree.rules,
        shaky_cap=policy.caps.doubtful,
        calibrated_cap=policy.caps.two_families,
        uncalibrated_cap=policy.caps.uncalibrated,
        left_out_kinds=kinds,
        unknown_left_out=unknown,
        ladder_example=policy.degree.example or any(step.example for step in counted),
        caps_example=policy.caps.example,
        spans=tuple((each.id, *span(each, zone)) for each in policy.clauses),
        clauses=tuple(
            row for place, each in enumerate(policy.clauses) for row in _rows(policy, place, each)
        ),
    )


def decision_rules(policy: Policy) -> DecisionRules:
    """What a decision may name, and until when its measures hold."""
    seconds = [step.measure for step in policy.steps if step.second_person]
    return DecisionRules(
        steps=tuple(step.measure for step in policy.steps),
        clauses=policy.clause_ids,
        second_person_from=seconds[0] if seconds else None,
        due_after_us={
            s.measure: s.due_after_us for s in policy.steps if s.due_after_us is not None
        },
        lasts_us={s.measure: s.lasts_us for s in policy.steps if s.lasts_us is not None},
    )


def parameters(policy: Policy) -> dict[str, dict[str, str]]:
    """Parameters that switches set: typology -> key -> text; `entities` is the section of settings.

    Defaults are left to the typology.
    """
    told: dict[str, dict[str, str]] = {}
    if policy.switches["first_level_gift"] == "strict":
        told["multi_level_gift"] = {"reading": "strict"}
    if policy.switches["returned_gift"] == "level":
        told.setdefault("multi_level_gift", {})["return_window"] = "0"
    if policy.switches["holding_period"] == "cures":
        zone = ZoneInfo(policy.zone)
        periods = tuple((_moment_us(each.begins, zone), each.held_us) for each in policy.holding)
        told.setdefault("multi_level_gift", {})["holding"] = periods_text(periods)
    if policy.switches["issuer_resale"] == "second_level":
        told["second_level_sale"] = {"resale": "true"}
    if policy.switches["one_legal_subject"] == "separate":
        told["entities"] = {"legal_subject": SEPARATE}
    grace = policy.switches["certificate_grace"]
    if duration_us(grace):
        told["uncertified_issue"] = {"grace": grace}
    return told


def _rows(policy: Policy, place: int, clause: Clause) -> list[InForce]:
    begins, ends = span(clause, ZoneInfo(policy.zone))
    channels = [None if channel == ANY else channel for channel in clause.channels]
    later = len(policy.clauses)
    return [
        InForce(clause.id, typology, place + after, channel, begins, ends)
        for names, after in ((clause.typologies, 0), (clause.also, later))
        for typology in names
        for channel in channels
    ]


def span(clause: Clause, zone: ZoneInfo) -> tuple[int, int | None]:
    """The first moment in force, and the first after it."""
    ends = None if clause.ends is None else _moment_us(clause.ends, zone)
    return _moment_us(clause.begins, zone), ends


def _moment_us(day: date, zone: ZoneInfo) -> int:
    """The first moment of a day, in whole microseconds."""
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

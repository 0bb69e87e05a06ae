"""The twelve switches of a policy: readings where the rule's texts disagree or are silent.

A switch with one value is a reading that the definitions fix; it is there to be seen.
"""

from dataclasses import dataclass

DURATION = "duration"
"""Instead of a list of values: any duration, such as 0d or 30d."""


@dataclass(frozen=True)
class Switch:
    """One switch. values: value -> what it means, the first is the default; or DURATION."""

    key: str
    about: str
    values: dict[str, str]

    @property
    def is_duration(self) -> bool:
        """Whether any duration will do."""
        return DURATION in self.values

    def means(self, value: str) -> str:
        """What a value of it means."""
        return self.values[DURATION if self.is_duration else value]


SWITCHES = (
    Switch("first_level_gift", "how deep a gift may go", {
        "lenient": "a user may pass an item on once",
        "strict": "only the issuer may give",
    }),
    Switch("issuer_resale", "an issuer sells again what it bought back", {
        "first_level": "a first-level transaction",
        "second_level": "a second-level sale",
    }),
    Switch("returned_gift", "a gift that goes back to its giver within the return window", {
        "undone": "it undoes the gift",
        "level": "it is one more level",
    }),
    Switch("holding_period", "time that somebody held an item before passing it on", {
        "cures_nothing": "it makes no level legal",
        "cures": "a gift by who held it for the period of that time is no multi-level gift",
    }),
    Switch("who_is_measured", "whose account a measure may be proposed against; organisers and "
           "brokers always", {
        "operators": "accounts of operators; personal and unknown ones are evidence only",
        "users": "personal and unknown accounts; those of operators are evidence only",
        "both": "every account",
    }),
    Switch("one_legal_subject", "official account and mini program of one legal subject", {
        "linked": "one entity if they share the legal subject",
        "separate": "two accounts, linked, unless more than the legal subject joins them",
    }),
    Switch("certificate_grace", "time after its end in which a certificate still counts", {
        DURATION: "a duration; filing is registration and no endorsement",
    }),
    Switch("degree", "what the step of the ladder follows", {
        "points": "the points of what its facts show, in all its cases: clause, facts, items, "
        "people, money, repetition, confrontation",
    }),
    Switch("effective_dates", "what the dates of a clause govern", {
        "clause_and_measure": "clause and measure only: findings, cases, scores and ranks never",
    }),
    Switch("off_platform_payment", "a gift for which no payment is seen", {
        "no_proof_of_gift": "no proof that it was free: payments elsewhere are invisible",
    }),
    Switch("giveaway", "give-aways and air-drops by an issuer", {
        "level_0": "level 0, however many",
    }),
    Switch("red_packets", "payments and red packets of people who exchange them anyway", {
        "habit_of_the_pair": "weighed by what the pair does at other times",
    }),
)  # fmt: skip
"""In the order of the policy."""

BY_KEY = {switch.key: switch for switch in SWITCHES}

"""What a decision may name: the steps of the ladder, the clauses, and where two people are needed.

A policy pack supplies them; `EXAMPLE_RULES` is what holds without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from regift.loaders.errors import UsageError
from regift.ranking.constants import MEASURES

NO_VIOLATION = "no_violation"
"""What is decided instead of a measure where there is nothing to measure."""


@dataclass(frozen=True)
class DecisionRules:
    """Steps from mild to severe; clauses; the step from which a second person has to approve.

    due_after_us: step -> time after its approval at which it is looked at again.
    lasts_us: step -> time after its approval at which it ends by itself.
    second_person_from: None where one person is enough for every step.

    >>> EXAMPLE_RULES.needs_second("restrict"), EXAMPLE_RULES.needs_second("ban")
    (False, True)
    """

    steps: tuple[str, ...]
    clauses: tuple[str, ...]
    second_person_from: str | None
    due_after_us: Mapping[str, int] = field(default_factory=dict)
    lasts_us: Mapping[str, int] = field(default_factory=dict)

    def check(self, step: str, clause: str) -> None:
        """UsageError for a step or a clause that there is not."""
        if step not in self.steps:
            raise UsageError(f"there is no measure {step!r}: the ladder has {_listed(self.steps)}")
        if clause not in self.clauses:
            raise UsageError(f"there is no clause {clause!r}: there are {_listed(self.clauses)}")

    def needs_second(self, step: str) -> bool:
        """Whether a second person has to approve a step of the ladder."""
        return self.second_person_from is not None and self.steps.index(step) >= self.steps.index(
            self.second_person_from
        )

    def dates(self, step: str, now_us: int) -> tuple[int | None, int | None]:
        """When a measure in force from a moment on is looked at again, and ends by itself."""
        due, lasts = self.due_after_us.get(step), self.lasts_us.get(step)
        return due and now_us + due, lasts and now_us + lasts


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


EXAMPLE_RULES = DecisionRules(
    steps=MEASURES,
    clauses=("R1", "R2", "R3", "R4", "R5", "R6"),
    second_person_from="take_down",
)
"""example: two people from `take_down` on. The rule says "by degree" and gives no such step."""

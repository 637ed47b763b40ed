"""Which rules a file's examples and tests exercise."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from responder.core.rehearsal.trials import Kind, Trial
from responder.core.rules.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """A rule with the numbers of examples and of tests in which it applied."""

    rule: str
    file: str
    line: int
    examples: int
    tests: int

    @property
    def exercised(self) -> bool:
        return bool(self.examples or self.tests)


def coverage(rules: Rules, outcomes: Iterable[Trial]) -> tuple[Coverage, ...]:
    """Each enabled rule with what exercises it; variants do not count."""
    counts = Counter((outcome.kind, name) for outcome in outcomes for name in outcome.applied)
    enabled = (rule for rule in rules.rules if rule.enabled)
    return tuple(
        Coverage(
            rule=rule.name,
            file=rule.file,
            line=rule.line,
            examples=counts[Kind.EXAMPLE, rule.name],
            tests=counts[Kind.TEST, rule.name],
        )
        for rule in enabled
    )


def percent(covered: Iterable[Coverage]) -> float:
    """The percentage of rules that are exercised; 100 if there are none.

    >>> percent([])
    100.0
    """
    exercised = [rule.exercised for rule in covered]
    return 100 * sum(exercised) / len(exercised) if exercised else 100.0

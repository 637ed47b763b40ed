"""Which rules the examples and tests of a file exercise."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from responder.core.rehearsal.trials import Kind, Trial
from responder.core.rules.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """A rule with the number of examples and of tests in which it applied."""

    rule: str
    file: str
    line: int
    examples: int
    tests: int

    @property
    def exercised(self) -> bool:
        return bool(self.examples or self.tests)


def coverage(rules: Rules, outcomes: Iterable[Trial]) -> tuple[Coverage, ...]:
    """Each rule that is enabled with what exercises it; a variant is no example of its own."""
    examples: Counter[str] = Counter()
    tests: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.kind is Kind.EXAMPLE:
            examples.update(outcome.applied)
        elif outcome.kind is Kind.TEST:
            tests.update(outcome.applied)
    enabled = (rule for rule in rules.rules if rule.enabled)
    return tuple(
        Coverage(rule=r.name, file=r.file, line=r.line, examples=examples[r.name], tests=tests[r.name]) for r in enabled
    )


def percent(covered: Iterable[Coverage]) -> float:
    """How many of the rules are exercised, of a hundred; all of them where there are none.

    >>> percent([])
    100.0
    """
    exercised = [rule.exercised for rule in covered]
    return 100 * sum(exercised) / len(exercised) if exercised else 100.0

"""What works in a rules file and is not advisable, each with a text that shows it. One module for each family."""

from datetime import datetime
from itertools import chain

from responder.core.rules.rules import Rules
from responder.rulefile.reading.places import Sources
from responder.rulefile.warnings import habits, reach, replies, wording
from responder.rulefile.warnings.survey import Caution, Code, Survey

__all__ = ["Caution", "Code", "warnings_of"]

FAMILIES = (reach.cautions, replies.cautions, wording.cautions, habits.cautions)


def warnings_of(rules: Rules, sources: Sources, now: datetime) -> tuple[Caution, ...]:
    """All warnings about a file, in its order; ``now`` is when their texts are imagined to come in."""
    survey = Survey(rules=rules, sources=sources, now=now)
    found = chain.from_iterable(family(survey) for family in FAMILIES)
    return tuple(sorted(found, key=lambda caution: (caution.mistake, caution.code)))

"""What texts that have yet to leave asked and used up, so that a STOP takes it back with them."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from responder.core.contact.effects import Effect, OptOut, Step, StepKind
from responder.core.contact.known import Known
from responder.core.contact.question import Ask


class Unsent:
    """What texts that have yet to leave asked and used up: the next STOP takes it back with them."""

    def __init__(self, known: Known) -> None:
        self._questions = {question.key for question in known.questions if question.waits}
        self._uses = set(known.unsent_uses)
        self._standing = {of: at for of, at in known.uses.items() if of not in self._uses}

    def after(self, known: Known, effects: Iterable[Effect], steps: Iterable[Step], now: datetime) -> Known:
        """What is known after a message, once a STOP in it has taken back what waits."""
        self._questions |= {effect.question.key for effect in effects if isinstance(effect, Ask)}
        for step in steps:
            if step.kind is StepKind.REPLY:
                self._uses.update(step.uses)
            else:
                self._uses.difference_update(step.uses)
                self._standing |= {of: known.uses[of] for of in step.uses if of in known.uses}
        if not (self._questions or self._uses) or not any(isinstance(effect, OptOut) for effect in effects):
            return known
        uses = {of: at for of, at in known.uses.items() if of not in self._uses}
        uses |= {of: at for of, at in self._standing.items() if of in self._uses}
        self._uses.clear()
        return _never_asked(known, self._questions, now).but(uses=uses)


def _never_asked(known: Known, keys: Collection[str], now: datetime) -> Known:
    gone = [question for question in known.questions if question.key in keys]
    lists = {choice.subject for question in gone if question.is_open_opt_in for choice in question.choices}
    waiting = {name: one for name, one in known.subscriptions.items() if name in lists and one.waits}
    ended = {name: replace(one, ends_at=now).at(now) for name, one in waiting.items()}
    questions = tuple(question for question in known.questions if question not in gone)
    return known.but(questions=questions, subscriptions={**known.subscriptions, **ended})

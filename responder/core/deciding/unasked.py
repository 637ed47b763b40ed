"""What was never sent was never asked: a question whose text does not go out opens nothing."""

from collections.abc import Collection, Iterable, Sequence

from responder.core.contact.effects import Effect, OpenHandOff, Reply, Subscribe
from responder.core.contact.question import Ask, QuestionKind
from responder.core.deciding.steps import Draft
from responder.core.dialogue.appointments import UNCLEAR


def unsent_questions(drafts: Iterable[Draft], *, is_silent: bool) -> frozenset[str]:
    """The keys of the questions whose texts do not go out: all of them where nothing may be sent to the originator."""
    asking = [draft for draft, _, _ in drafts if isinstance(draft, Reply) and draft.asks]
    return frozenset(draft.asks for draft in asking if is_silent or draft.held_back)


def without_unasked(effects: Sequence[Effect], unsent: Collection[str]) -> tuple[Effect, ...]:
    """The effects without these questions: no list waits for an answer, and a person sees to an answer that names no appointment."""
    gone = [effect.question for effect in effects if isinstance(effect, Ask) and effect.question.key in unsent]
    asked = {
        choice.subject
        for effect in effects
        if isinstance(effect, Ask) and effect.question not in gone
        for choice in effect.question.choices
    }
    lists = {choice.subject for question in gone for choice in question.choices} - asked
    left = [effect for effect in effects if not _is_of(effect, unsent, lists)]
    is_for_a_person = any(question.kind is QuestionKind.WHICH for question in gone)
    return (*left, OpenHandOff(reason=UNCLEAR)) if is_for_a_person else tuple(left)


def _is_of(effect: Effect, unsent: Collection[str], lists: Collection[str]) -> bool:
    if isinstance(effect, Subscribe):
        return effect.asks and effect.list in lists
    return isinstance(effect, Ask) and effect.question.key in unsent

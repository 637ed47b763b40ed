"""What does not leave: its question was never asked, and what it would have used up is still unused."""

from collections.abc import Collection, Iterable, Sequence

from responder.core.contact.effects import Effect, OpenHandOff, RecordUse, Reply, Subscribe, WebhookCall
from responder.core.contact.question import Ask, QuestionKind
from responder.core.deciding.drafts import Draft
from responder.core.dialogue.appointments import UNCLEAR
from responder.core.outbound.suppression import DESPITE_OPT_OUT


def without_unsent(
    effects: tuple[Effect, ...], drafts: Sequence[Draft], *, is_silent: bool, opted_out: bool
) -> tuple[Effect, ...]:
    """The effects, except questions that are not asked and uses by replies that do not leave."""
    if unsent := _unsent_questions(drafts, is_silent=is_silent or opted_out):
        effects = _without_questions(effects, unsent)
    if uses := [effect for effect in effects if isinstance(effect, RecordUse)]:
        unused = _unused(uses, drafts, is_silent=is_silent, opted_out=opted_out)
        return tuple(effect for effect in effects if effect not in unused) if unused else effects
    return effects


def _unsent_questions(drafts: Iterable[Draft], *, is_silent: bool) -> Collection[str]:
    """The keys of the questions whose texts do not leave: all of them where nothing may be sent to the originator."""
    replies = [wanted for wanted, _, _ in drafts if isinstance(wanted, Reply) and wanted.asks]
    return [reply.asks for reply in replies if is_silent or reply.held_back]


def _without_questions(effects: Sequence[Effect], unsent: Collection[str]) -> tuple[Effect, ...]:
    """The effects without these questions: no list waits; a person sees an answer that names no appointment."""
    gone = [effect.question for effect in effects if isinstance(effect, Ask) and effect.question.key in unsent]
    asked = {
        choice.subject
        for effect in effects
        if isinstance(effect, Ask) and effect.question not in gone
        for choice in effect.question.choices
    }
    lists = {choice.subject for question in gone for choice in question.choices} - asked
    left = [effect for effect in effects if not _is_about(effect, unsent, lists)]
    is_for_a_person = any(question.kind is QuestionKind.WHICH for question in gone)
    return (*left, OpenHandOff(reason=UNCLEAR)) if is_for_a_person else tuple(left)


def _is_about(effect: Effect, unsent: Collection[str], lists: Collection[str]) -> bool:
    if isinstance(effect, Subscribe):
        return effect.asks and effect.list in lists
    return isinstance(effect, Ask) and effect.question.key in unsent


def _unused(
    uses: Iterable[RecordUse], drafts: Sequence[Draft], *, is_silent: bool, opted_out: bool
) -> frozenset[RecordUse]:
    """The uses that come to nothing, since every reply that would have used them is held back or may not be sent."""
    leaving = [draft for draft in drafts if _leaves(draft.wanted, is_silent=is_silent, opted_out=opted_out)]
    wanted, used = ({of for draft in some for of in draft.wanted.uses} for some in (drafts, leaving))
    return frozenset(use for use in uses if use.of not in used and (use.by_reply or use.of in wanted))


def _leaves(wanted: Reply | WebhookCall, *, is_silent: bool, opted_out: bool) -> bool:
    if isinstance(wanted, WebhookCall):
        return True
    return not (is_silent or wanted.held_back or (opted_out and wanted.purpose not in DESPITE_OPT_OUT))

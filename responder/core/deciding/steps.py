"""Drafts become steps; a text that does not leave asks no question and starts no cooldown."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from responder.core.contact.effects import (
    Awaited,
    Effect,
    OpenHandOff,
    OptOut,
    Purpose,
    RecordUse,
    Reply,
    Step,
    StepKind,
    Subscribe,
    WebhookCall,
)
from responder.core.contact.known import Known
from responder.core.contact.question import Ask, QuestionKind
from responder.core.deciding.drafts import Draft, end_of_use
from responder.core.dialogue.appointments import UNCLEAR
from responder.core.outbound.events import Happened, webhook_payload
from responder.core.outbound.leaving import DESPITE_OPT_OUT
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message


def steps_of(drafts: Iterable[Draft], after: Known, no_reply: str | None, *, is_superseded: bool) -> Iterator[Step]:
    """The steps of drafts, numbered from 1; ``no_reply`` is a reason against any reply."""
    for number, (out, decision, situation) in enumerate(drafts, start=1):
        if isinstance(out, WebhookCall):
            payload = webhook_payload(out, decision.name, decision.match, situation, after, is_superseded=is_superseded)
            awaited = out.awaited if no_reply is None else None
            yield _call(situation.message, number, out.to, payload, awaited, out.uses)
        elif no_reply is None and out.held_back is None:
            yield _text(situation.message, number, out)


def announcements(taken: int, happened: Iterable[Happened], message: Message, rules: Rules) -> Iterator[Step]:
    """The calls to webhooks that ask for these events, numbered after the drafts."""
    if not rules.events_told:
        return
    calls = ((name, one) for one in happened for name in sorted(rules.webhooks_for(one.event)))
    for number, (name, one) in enumerate(calls, start=taken + 1):
        yield _call(message, number, name, one.as_json(message.received_at))


def _call(
    message: Message, number: int, to: str, payload: str, awaited: Awaited | None = None, uses: tuple[str, ...] = ()
) -> Step:
    return Step(
        key=f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.WEBHOOK,
        originator=message.originator,
        to=to,
        sender=message.destination,
        content=payload,
        awaited=awaited,
        arrived_at=message.received_at,
        uses=uses,
    )


def _text(message: Message, number: int, reply: Reply) -> Step:
    return Step(
        key=reply.asks or f"{message.key}-{number}",
        message_key=message.key,
        kind=StepKind.REPLY,
        originator=message.originator,
        to=message.originator,
        sender=message.destination,
        content=reply.text,
        purpose=reply.purpose,
        segments=reply.segments,
        expires_at=end_of_use(reply, message.received_at),
        leaves_at=reply.leaves_at,
        arrived_at=message.received_at,
        uses=reply.uses,
    )


def without_unsent(
    effects: tuple[Effect, ...], drafts: Sequence[Draft], *, is_silent: bool, opted_out: bool
) -> tuple[Effect, ...]:
    """The effects, without the questions and the cooldowns of texts that do not leave."""
    if unsent := _unsent_questions(drafts, is_silent=is_silent or opted_out):
        effects = _without_questions(effects, unsent)
    if uses := [effect for effect in effects if isinstance(effect, RecordUse)]:
        unused = _unused(uses, drafts, is_silent=is_silent, opted_out=opted_out)
        return tuple(effect for effect in effects if effect not in unused) if unused else effects
    return effects


def _unsent_questions(drafts: Iterable[Draft], *, is_silent: bool) -> Collection[str]:
    replies = [draft.out for draft in drafts if isinstance(draft.out, Reply) and draft.out.asks]
    return [reply.asks for reply in replies if is_silent or reply.held_back]


def _without_questions(effects: Sequence[Effect], unsent: Collection[str]) -> tuple[Effect, ...]:
    """The effects without these questions: no list is pending, and a person looks if it asked which appointment."""
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
    """The cooldowns that do not start, since no reply leaves that would start them."""
    leaving = [draft for draft in drafts if _leaves(draft.out, is_silent=is_silent, opted_out=opted_out)]
    planned, used = ({of for draft in some for of in draft.out.uses} for some in (drafts, leaving))
    return frozenset(use for use in uses if use.of not in used and (use.by_reply or use.of in planned))


def _leaves(out: Reply | WebhookCall, *, is_silent: bool, opted_out: bool) -> bool:
    if isinstance(out, WebhookCall):
        return True
    return not (is_silent or out.held_back or (opted_out and out.purpose not in DESPITE_OPT_OUT))


class Unsent:
    """What is known only because of texts that have yet to leave: the next STOP takes it back."""

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
        if not any(isinstance(effect, OptOut) for effect in effects):
            return known
        known = _never_sent(known)
        if not (self._questions or self._uses):
            return known
        uses = {of: at for of, at in known.uses.items() if of not in self._uses}
        uses |= {of: at for of, at in self._standing.items() if of in self._uses}
        self._uses.clear()
        return _never_asked(known, self._questions, now).but(uses=uses)


def _never_sent(known: Known) -> Known:
    """What is known without the texts that wait, confirmations apart, and without what reminders opened."""
    sent = tuple(one for one in known.sent if not one.waits or one.purpose is Purpose.CONFIRMATION)
    if len(sent) == len(known.sent) and not any(one.asking_waits for one in known.appointments):
        return known
    standing = (one.never_asked() if one.asking_waits else one for one in known.appointments)
    return known.but(sent=sent, appointments=tuple(standing))


def _never_asked(known: Known, keys: Collection[str], now: datetime) -> Known:
    gone = [question for question in known.questions if question.is_open and question.key in keys]
    lists = {choice.subject for question in gone if question.kind is QuestionKind.OPT_IN for choice in question.choices}
    waiting = {name: one for name, one in known.subscriptions.items() if name in lists and one.waits}
    ended = {name: replace(one, ends_at=now).at(now) for name, one in waiting.items()}
    questions = tuple(question for question in known.questions if question not in gone)
    return known.but(questions=questions, subscriptions={**known.subscriptions, **ended})

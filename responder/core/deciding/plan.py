"""Deciding: a message, the rules and what is known become a plan, which is plain data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import (
    ChangeAppointment,
    Effect,
    RecordUse,
    Reply,
    SetLanguage,
    Step,
    StepKind,
    WebhookCall,
)
from responder.core.contact.known import Appointment, Known
from responder.core.contact.precedence import weigh
from responder.core.deciding.decision import Decision, Miss, decide
from responder.core.deciding.explanation import explained_effect, explained_match, explained_step
from responder.core.deciding.near_misses import near_misses
from responder.core.deciding.steps import (
    Draft,
    announcements,
    one_hand_off,
    restrained,
    steps_of,
    timed,
    together,
    wanted_drafts,
    wanted_effects,
)
from responder.core.deciding.unasked import unsent_questions, without_unasked
from responder.core.deciding.unused import unused_by
from responder.core.outbound.events import happenings
from responder.core.recognition.outcome import NOTHING, Recognition
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation
from responder.core.sms.address import is_dialable
from responder.core.sms.message import Message

NEWER = "a newer message of the originator stands"
NOT_DIALABLE = "not sent: the originator is no international number, so it cannot be answered"
OWN_NUMBER = "not sent: the originator is a number of ours"
UNKNOWN = "not sent: the text went to a number that 'numbers' does not name"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentChange:
    """An appointment before and after the answer that was given for it."""

    before: Appointment
    after: Appointment


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What responder decided about one message, with all that it takes to explain it later."""

    message: Message
    rule: str | None
    rules_hash: str
    folded: str
    language: str | None
    match: Mapping[str, Any]
    effects: tuple[Effect, ...]
    steps: tuple[Step, ...]
    explained: tuple[Mapping[str, Any], ...]
    near_misses: tuple[Miss, ...]
    is_superseded: bool
    after: Known
    """What is known of the originator once the effects have happened."""
    applied: tuple[str, ...] = ()
    """The names of all rules that applied, and of those in shadow that would have."""
    changes: tuple[AppointmentChange, ...] = ()
    recognition: Recognition = NOTHING


def make_plan(message: Message, rules: Rules, known: Known) -> Plan:
    """What happens because of a message, given the rules and what is known of its originator."""
    known = known.at(message.received_at)
    situation = rules.situation(message, known)
    decision = decide(situation, rules)
    turns = ((situation, decision), *decision.turns)
    wanted = one_hand_off([effect for at, turn in turns for effect in wanted_effects(turn, at, rules)])
    weighed = weigh(wanted, known, message)
    effects, is_superseded = (
        tuple(one_hand_off(weighed.effects)) if weighed.overtaken_at else weighed.effects,
        weighed.is_superseded,
    )
    after = known_after(known, effects, message)
    drafts = together([(draft, turn, at) for at, turn in turns for draft in wanted_drafts(turn, at, rules, after)])
    no_reply = f"not sent: {weighed.overtaken or NEWER}" if is_superseded else _why_not_sent(message, rules)
    if no_reply is None and not known.opted_out:
        drafts, muting = restrained(drafts, decision, after, situation, rules)
        effects, after = (*effects, *muting), known_after(after, muting, message)
    if (left := _without_unsent(effects, drafts, is_silent=bool(no_reply), opted_out=after.opted_out)) is not effects:
        effects, after = left, known_after(known, left, message)
    drafts = [
        (timed(draft, message.received_at, rules.appointments.quiet_hours, rules.zone), turn, at)
        for draft, turn, at in drafts
    ]
    steps = tuple(steps_of(drafts, after, no_reply, is_superseded=is_superseded))
    steps += tuple(announcements(len(drafts), happenings(effects, message, decision.name, known), message, rules))
    return Plan(
        message=message,
        rule=decision.name,
        rules_hash=rules.hash,
        folded=situation.folded,
        language=after.language,
        match=explained_match(decision.match),
        effects=effects,
        steps=steps,
        explained=(
            *_explained(
                decision, _news(effects, known), [draft for draft, _, _ in drafts], no_reply, weighed.overtaken
            ),
            *(told for at, turn in turns if turn.shadowed for told in _explained_shadow(turn, at, rules)),
        ),
        near_misses=near_misses(decision, situation, rules),
        is_superseded=is_superseded,
        after=after,
        applied=tuple(name for _, turn in turns for name in turn.met),
        changes=tuple(_changes(effects, known, message)),
        recognition=decision.recognition,
    )


def _without_unsent(
    effects: tuple[Effect, ...], drafts: Sequence[Draft], *, is_silent: bool, opted_out: bool
) -> tuple[Effect, ...]:
    """The effects but for the questions that are not asked, and the uses by replies that do not go out."""
    if unsent := unsent_questions(drafts, is_silent=is_silent or opted_out):
        effects = without_unasked(effects, unsent)
    unused = unused_by(drafts, effects, is_silent=is_silent, opted_out=opted_out)
    return tuple(effect for effect in effects if effect not in unused) if unused else effects


def _changes(effects: Iterable[Effect], known: Known, message: Message) -> Iterator[AppointmentChange]:
    for effect in effects:
        if isinstance(effect, ChangeAppointment) and (was := known.appointment(effect.id)):
            known = known.after(effect, message)
            yield AppointmentChange(before=was, after=known.appointment(effect.id) or was)


def known_after(known: Known, effects: Iterable[Effect], message: Message) -> Known:
    """What is known once all the effects of a message have happened."""
    for effect in effects:
        known = known.after(effect, message)
    return known


def with_steps(known: Known, plan: Plan) -> Known:
    """What is known once the texts of a plan are queued as well, for the next message of the same originator."""
    texts = (step for step in plan.steps if step.kind is StepKind.REPLY)
    sent = tuple(Sent(at=plan.message.received_at, text=step.content, purpose=step.purpose) for step in texts)
    return replace(known, sent=(*known.sent, *sent)) if sent else known


def _why_not_sent(message: Message, rules: Rules) -> str | None:
    """Why no reply may go to the originator of a message at all; None if one may."""
    if not is_dialable(message.originator):
        return NOT_DIALABLE
    if (
        message.originator == message.destination
        or message.originator in rules.own_numbers
        or message.originator in rules.numbers
    ):
        return OWN_NUMBER
    return UNKNOWN if rules.numbers and message.destination not in rules.numbers else None


def _explained(
    decision: Decision,
    effects: Iterable[Effect],
    drafts: Iterable[Reply | WebhookCall],
    no_reply: str | None,
    overtaken: str | None = None,
) -> Iterator[Mapping[str, Any]]:
    if decision.ignored:
        yield {"action": "none", "note": decision.ignored}
    yield from (explained_effect(effect) for effect in effects if not isinstance(effect, RecordUse))
    yield from (explained_step(draft, no_reply) for draft in drafts)
    if overtaken:
        yield {"action": "none", "note": f"not done: {overtaken}"}


def _news(effects: Iterable[Effect], known: Known) -> Iterator[Effect]:
    """The effects but for a language that the originator was known to use already."""
    return (
        effect
        for effect in effects
        if not (isinstance(effect, SetLanguage) and effect.implied and effect.language == known.language)
    )


def _explained_shadow(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Mapping[str, Any]]:
    """What rules in shadow would do."""
    for shadowed in decision.shadowed:
        effects = tuple(wanted_effects(shadowed, situation, rules))
        drafts = wanted_drafts(shadowed, situation, rules, known_after(situation.known, effects, situation.message))
        for told in _explained(
            shadowed, _news(effects, situation.known), drafts, _why_not_sent(situation.message, rules)
        ):
            yield {**told, "note": f"not done: the rule {shadowed.name!r} is in shadow"}

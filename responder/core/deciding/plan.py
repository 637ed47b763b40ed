"""Deciding: a message, the rules and what is known become a plan, which is plain data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from responder.core.contact.changes import Weighed, after_effect, known_after, weigh
from responder.core.contact.echoes import Sent
from responder.core.contact.effects import ChangeAppointment, Effect, RecordUse, SetLanguage, Step, StepKind
from responder.core.contact.known import Appointment, Known
from responder.core.contact.reasons import because
from responder.core.deciding.authorities import decide
from responder.core.deciding.decision import Decision, Miss, explained_effect, explained_match, explained_step
from responder.core.deciding.drafts import Draft, all_timed, drafts_of, effects_of, one_hand_off, restrained, together
from responder.core.deciding.first_rule import near_misses
from responder.core.deciding.steps import announcements, steps_of, without_unsent
from responder.core.outbound.events import happenings, message_handled
from responder.core.outbound.leaving import DESPITE_OPT_OUT
from responder.core.recognition.outcome import NOTHING, Recognition
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation
from responder.core.sms.address import is_dialable
from responder.core.sms.message import Message

NEWER = because("newer_message")
NOT_DIALABLE = because("not_sent", reason=because("not_dialable"))
OWN_NUMBER = because("not_sent", reason=because("own_number"))
UNKNOWN = because("not_sent", reason=because("unknown_destination"))


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentChange:
    """An appointment before and after the answer that was given for it."""

    before: Appointment
    after: Appointment


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What was decided about one message, with all that an explanation needs later."""

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
    """What is known of the originator after the effects."""
    applied: tuple[str, ...] = ()
    """The names of all rules that applied, and of those in shadow that would have."""
    changes: tuple[AppointmentChange, ...] = ()
    recognition: Recognition = NOTHING


class Outcome(NamedTuple):
    """What is left of a decision after newer words, limits and quiet hours."""

    effects: tuple[Effect, ...]
    after: Known
    drafts: Sequence[Draft]
    no_reply: str | None
    """Why no reply may go out at all, if that is so."""


def make_plan(message: Message, rules: Rules, known: Known) -> Plan:
    """What happens because of a message, given the rules and what is known of its originator."""
    situation = rules.situation(message, known.at(message.received_at))
    decision = decide(situation, rules)
    weighed = _weigh(decision, situation, rules)
    outcome = _outcome(decision, weighed, situation, rules)
    return _plan(decision, weighed, outcome, situation, rules)


def _weigh(decision: Decision, situation: Situation, rules: Rules) -> Weighed:
    """The effects of the decision that no newer word outdates, with one hand-off for all of them."""
    effects = effects_of(decision, situation, rules)
    for at, turn in decision.turns:
        effects += effects_of(turn, at, rules)
    weighed = weigh(one_hand_off(effects), situation.known, situation.message)
    return replace(weighed, effects=tuple(one_hand_off(weighed.effects))) if weighed.overtaken_at else weighed


def _outcome(decision: Decision, weighed: Weighed, situation: Situation, rules: Rules) -> Outcome:
    """What is left of effects and drafts, without the questions and cooldowns of texts that do not leave."""
    known, message = situation.known, situation.message
    effects, after = weighed.effects, known_after(known, weighed.effects, message)
    drafts = drafts_of(decision, situation, rules, after)
    for at, turn in decision.turns:
        drafts += drafts_of(turn, at, rules, after)
    drafts = together(drafts)
    no_reply = _why_none(weighed) or _why_not_sent(message, rules)
    if no_reply is None and not known.opted_out:
        drafts, muting = restrained(drafts, decision, after, situation, rules)
        effects, after = (*effects, *muting), known_after(after, muting, message)
    left = without_unsent(effects, drafts, is_silent=bool(no_reply), opted_out=after.opted_out)
    if left is not effects:
        effects, after = left, known_after(known, left, message)
    return Outcome(effects, after, all_timed(drafts, message.received_at, rules), no_reply)


def _why_none(weighed: Weighed) -> str | None:
    return because("not_sent", reason=weighed.overtaken or NEWER) if weighed.is_superseded else None


def _plan(decision: Decision, weighed: Weighed, outcome: Outcome, situation: Situation, rules: Rules) -> Plan:
    known, message = situation.known, situation.message
    effects, after, drafts, no_reply = outcome
    steps = tuple(steps_of(drafts, after, no_reply, is_superseded=weighed.is_superseded))
    happened = happenings(effects, message, decision.name, known)
    handled = message_handled(message, decision.name, is_superseded=weighed.is_superseded)
    steps += tuple(announcements(len(drafts), chain(happened, handled), message, rules))
    turns = ((situation, decision), *decision.turns)
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
            *_explained(decision, effects, known, drafts, no_reply, weighed.overtaken),
            *[line for at, turn in turns if turn.shadowed for line in _explained_shadow(turn, at, rules)],
        ),
        near_misses=near_misses(decision, situation, rules),
        is_superseded=weighed.is_superseded,
        after=after,
        applied=tuple([name for _, turn in turns for name in turn.met]),
        changes=tuple(_changes(effects, known, message)),
        recognition=decision.recognition,
    )


def _changes(effects: Iterable[Effect], known: Known, message: Message) -> Iterator[AppointmentChange]:
    for effect in effects:
        if isinstance(effect, ChangeAppointment) and (was := known.appointment(effect.id)):
            known = after_effect(known, effect, message)
            yield AppointmentChange(before=was, after=known.appointment(effect.id) or was)


def with_steps(known: Known, plan: Plan) -> Known:
    """What is known once the texts of a plan are queued too, for the originator's next message.

    Those to a number that opted out never leave, so they count in no limit.
    """
    silent = plan.after.opted_out
    replies = (step for step in plan.steps if step.kind is StepKind.REPLY)
    texts = (step for step in replies if not silent or step.purpose in DESPITE_OPT_OUT)
    at = plan.message.received_at
    sent = tuple(Sent(at=at, text=step.content, purpose=step.purpose, waits=True) for step in texts)
    return known.but(sent=(*known.sent, *sent)) if sent else known


def _why_not_sent(message: Message, rules: Rules) -> str | None:
    """Why no reply may go to the originator at all; None if one may."""
    originator, destination = message.originator, message.destination
    if not is_dialable(originator):
        return NOT_DIALABLE
    if originator == destination or originator in rules.own_numbers or originator in rules.numbers:
        return OWN_NUMBER
    return UNKNOWN if rules.numbers and destination not in rules.numbers else None


def _explained(
    decision: Decision,
    effects: Iterable[Effect],
    known: Known,
    drafts: Iterable[Draft],
    no_reply: str | None,
    overtaken: str | None = None,
) -> list[Mapping[str, Any]]:
    """What a decision does, as explanations list it: without cooldowns, and without a language known already."""
    lines = [
        explained_effect(effect)
        for effect in effects
        if not isinstance(effect, RecordUse) and not _is_known_already(effect, known)
    ]
    lines += [explained_step(draft.out, no_reply) for draft in drafts]
    if decision.ignored:
        lines.insert(0, {"action": "none", "note": decision.ignored})
    if overtaken:
        lines.append({"action": "none", "note": because("not_done", reason=overtaken)})
    return lines


def _is_known_already(effect: Effect, known: Known) -> bool:
    return isinstance(effect, SetLanguage) and effect.implied and effect.language == known.language


def _explained_shadow(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Mapping[str, Any]]:
    known, message = situation.known, situation.message
    for shadowed in decision.shadowed:
        effects = effects_of(shadowed, situation, rules)
        drafts = drafts_of(shadowed, situation, rules, known_after(known, effects, message))
        for line in _explained(shadowed, effects, known, drafts, _why_not_sent(message, rules)):
            yield {**line, "note": because("not_done", reason=because("rule_in_shadow", rule=shadowed.name))}

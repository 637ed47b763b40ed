"""Deciding: a message, the rules and what is known become a plan, which is plain data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import Any, get_args

from responder.core.actions import Action, Context
from responder.core.address import is_dialable
from responder.core.decision import QUESTION, Decision, Miss, decide
from responder.core.effects import (
    ChangeAppointment,
    Effect,
    Mute,
    OpenHandOff,
    Ordered,
    Purpose,
    RecordUse,
    Reply,
    SetLanguage,
    Step,
    StepKind,
    WebhookCall,
)
from responder.core.events import Happened, happenings
from responder.core.explanation import explained_effect, explained_match, explained_step
from responder.core.known import Appointment, Known
from responder.core.limits import Restraint
from responder.core.message import Message
from responder.core.near import near_misses
from responder.core.payload import webhook_payload
from responder.core.recognition import NOTHING, Recognition
from responder.core.rules import Rules
from responder.core.segments import size
from responder.core.sent import Sent
from responder.core.situation import Match, Situation
from responder.core.timing import timed

ORDERED = get_args(Ordered)
NOT_DIALABLE = "not sent: the originator is no international number, so it cannot be answered"
MOST_SEGMENTS = 4  # of one reply about several appointments
Draft = tuple[Reply | WebhookCall, Decision, Situation]
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
    applied: tuple[str, ...] = ()
    """The names of all rules that applied, and of those in shadow that would have."""
    changes: tuple[AppointmentChange, ...] = ()
    recognition: Recognition = NOTHING


def make_plan(message: Message, rules: Rules, known: Known) -> Plan:
    """What happens because of a message, given the rules and what is known of its originator."""
    situation = rules.situation(message, known)
    decision = decide(situation, rules)
    turns = ((situation, decision), *decision.turns)
    wanted = _one_hand_off([effect for at, turn in turns for effect in _wanted_effects(turn, at, rules)])
    effects = tuple(effect for effect in wanted if not _is_outdated(effect, known, message))
    is_superseded = _is_superseded(wanted, effects)
    if is_superseded:
        effects = ()
    after = known_after(known, effects, message)
    drafts = _together([(draft, turn, at) for at, turn in turns for draft in _drafts(turn, at, rules, after)])
    no_reply = "not sent: a newer message of the originator stands" if is_superseded else _why_not_sent(message, rules)
    if no_reply is None and not known.opted_out:
        drafts, muting = _restrained(drafts, decision, after, situation, rules)
        effects, after = (*effects, *muting), known_after(after, muting, message)
    drafts = [(timed(draft, message.received_at, rules.appointments.quiet_hours, rules.zone), turn, at) for draft, turn, at in drafts]
    steps = tuple(_steps(drafts, after, no_reply, is_superseded=is_superseded))
    steps += tuple(_announcements(len(drafts), happenings(effects, message, decision.name, known, after), message, rules))
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
            *_explained(decision, effects, [draft for draft, _, _ in drafts], no_reply),
            *(told for at, turn in turns for told in _explained_shadow(turn, at, rules)),
        ),
        near_misses=near_misses(decision, situation, rules),
        is_superseded=is_superseded,
        applied=tuple(name for _, turn in turns for name in turn.met),
        changes=tuple(_changes(effects, known, after)),
        recognition=decision.recognition,
    )


def _changes(effects: Iterable[Effect], known: Known, after: Known) -> Iterator[AppointmentChange]:
    for effect in effects:
        if isinstance(effect, ChangeAppointment) and (was := known.appointment(effect.id)) and (became := after.appointment(effect.id)):
            yield AppointmentChange(before=was, after=became)


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


def _context(action: Action, match: Match, actions: Sequence[Action], situation: Situation, rules: Rules, known: Known) -> Context:
    appointment = situation.appointment
    return Context(
        situation=situation,
        match=match,
        list_titles=rules.list_titles,
        list=_list_of(actions, action),
        default_language=rules.languages[0],
        contact=known,
        appointment=appointment and known.appointment(appointment.id),
    )


def _list_of(actions: Sequence[Action], action: Action) -> str | None:
    """The list that ``list`` means in an action: that of the nearest action before it that names one, else of the first after it."""
    position = actions.index(action)
    for candidate in chain(reversed(actions[: position + 1]), actions[position + 1 :]):
        if candidate.list_field:
            return str(getattr(candidate, candidate.list_field))
    return None


def _wanted_effects(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Effect]:
    language = decision.match.language
    if language and decision.remembers_language and language != situation.known.language:
        yield SetLanguage(language=language)
    effects = list(decision.effects)
    for match, actions in decision.actions:
        for action in actions:
            effects += action.effects(_context(action, match, actions, situation, rules, situation.known))
    yield from _first_hand_off(effects)


def _first_hand_off(effects: Sequence[Effect]) -> Iterator[Effect]:
    """The effects with the first reason for a person to look, and with the longest pause that any of them asks for."""
    first = next((effect for effect in effects if isinstance(effect, OpenHandOff)), None)
    for effect in effects:
        if not isinstance(effect, OpenHandOff):
            yield effect
        elif effect is first:
            yield replace(effect, pause=_longest_pause(effects))


def _longest_pause(effects: Iterable[Effect]) -> timedelta | None:
    return max((effect.pause for effect in effects if isinstance(effect, OpenHandOff) and effect.pause), default=None)


def _is_outdated(effect: Effect, known: Known, message: Message) -> bool:
    """Whether a newer word has been said about what the effect would change."""
    if not isinstance(effect, ORDERED):
        return False
    newest = known.newest_word(effect)
    return newest is not None and newest > message.order


def _is_superseded(wanted: Sequence[Effect], effects: Sequence[Effect]) -> bool:
    ordered = [effect for effect in wanted if isinstance(effect, ORDERED)]
    return bool(ordered) and not any(effect in effects for effect in ordered)


def _drafts(decision: Decision, situation: Situation, rules: Rules, after: Known) -> Iterator[Reply | WebhookCall]:
    yield from decision.replies
    for match, actions in decision.actions:
        wanted = [draft for action in actions for draft in action.steps(_context(action, match, actions, situation, rules, after))]
        instead = any(isinstance(draft, Reply) and draft.is_instead for draft in wanted)
        yield from (draft for draft in map(_unanswered, wanted) if not isinstance(draft, Reply) or draft.is_instead) if instead else wanted


def _unanswered(draft: Reply | WebhookCall) -> Reply | WebhookCall:
    """The draft; a call without the reply that would be made of its answer."""
    return replace(draft, awaited=None) if isinstance(draft, WebhookCall) else draft


def _together(drafts: Sequence[Draft]) -> list[Draft]:
    """The replies of several turns in one text where its segments allow, said once where they are the same."""
    together: list[Draft] = []
    for draft, decision, situation in drafts:
        last = next((place for place, (earlier, _, _) in enumerate(together) if _leave_together(earlier, draft)), None) if situation.chosen else None
        joined = _joined(together[last][0], draft) if last is not None else None
        if last is None or joined is None:
            together.append((draft, decision, situation))
        else:
            together[last] = (joined, *together[last][1:])
    return together


def _leave_together(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> bool:
    return isinstance(earlier, Reply) and isinstance(later, Reply) and earlier.delay == later.delay


def _joined(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> Reply | None:
    if not isinstance(earlier, Reply) or not isinstance(later, Reply) or earlier.held_back or later.held_back:
        return None
    joined = earlier.text if later.text in earlier.text.split("\n") else f"{earlier.text}\n{later.text}"
    return replace(earlier, text=joined) if size(joined).segments <= MOST_SEGMENTS else None


def _one_hand_off(effects: Sequence[Effect]) -> list[Effect]:
    """The effects with one hand-off for all that a person should know."""
    reasons = list(dict.fromkeys(effect.reason for effect in effects if isinstance(effect, OpenHandOff)))
    others: list[Effect] = [effect for effect in effects if not isinstance(effect, OpenHandOff)]
    return [*others, OpenHandOff(reason="; ".join(reasons), pause=_longest_pause(effects))] if len(reasons) > 1 else list(effects)


def _restrained(drafts: Iterable[Draft], decision: Decision, after: Known, situation: Situation, rules: Rules) -> tuple[list[Draft], list[Mute]]:
    """The drafts that the limits leave, and the silence that follows where they leave none."""
    languages = [language for language in (decision.match.language, after.language, rules.languages[0]) if language]
    restraint = Restraint(rules.limits, after, situation.now, languages)
    held: list[Draft] = []
    muting: list[Mute] = []
    for draft, turn, at in drafts:
        is_dialogue = decision.name == QUESTION or turn.answers_question
        for one in restraint.left_of(_in_dialogue(draft) if is_dialogue else draft):
            if isinstance(one, Mute):
                muting.append(one)
            else:
                held.append((one, turn, at))
    return held, muting


def _in_dialogue(draft: Reply | WebhookCall) -> Reply | WebhookCall:
    """The draft as part of a question and its answer, which the limits spare."""
    if isinstance(draft, WebhookCall):
        return replace(draft, awaited=draft.awaited and replace(draft.awaited, purpose=Purpose.DIALOGUE))
    return replace(draft, purpose=Purpose.DIALOGUE) if draft.purpose is Purpose.ANSWER else draft


def _steps(drafts: Iterable[Draft], after: Known, no_reply: str | None, *, is_superseded: bool) -> Iterator[Step]:
    for number, (draft, decision, situation) in enumerate(drafts, start=1):
        message = situation.message
        if isinstance(draft, WebhookCall):
            payload = webhook_payload(draft, decision.name, decision.match, situation, after, is_superseded=is_superseded)
            step = _step(message, number, StepKind.WEBHOOK, to=draft.to, content=payload)
            yield replace(step, awaited=draft.awaited) if no_reply is None else step
        elif no_reply is None and draft.held_back is None:
            step = _step(message, number, StepKind.REPLY, to=message.originator, content=draft.text)
            length = size(draft.text).segments
            yield replace(step, purpose=draft.purpose, segments=length, leaves_at=draft.leaves_at, expires_at=draft.expires_at)


def _announcements(taken: int, happened: Iterable[Happened], message: Message, rules: Rules) -> Iterator[Step]:
    """The calls that tell webhooks what the effects are to others."""
    told = ((name, one) for one in happened for name in sorted(rules.webhooks_for(one.event)))
    for number, (name, one) in enumerate(told, start=taken + 1):
        yield _step(message, number, StepKind.WEBHOOK, to=name, content=one.as_json(message.received_at))


def _step(message: Message, number: int, kind: StepKind, *, to: str, content: str) -> Step:
    return Step(
        key=f"{message.key}-{number}",
        message_key=message.key,
        kind=kind,
        originator=message.originator,
        to=to,
        sender=message.destination,
        content=content,
        purpose=Purpose.ANSWER,
        segments=0,
        expires_at=None,
    )


def _why_not_sent(message: Message, rules: Rules) -> str | None:
    """Why no reply may go to the originator of a message at all; None if one may."""
    if not is_dialable(message.originator):
        return NOT_DIALABLE
    if message.originator in {message.destination, *rules.own_numbers, *rules.numbers}:
        return OWN_NUMBER
    return UNKNOWN if rules.numbers and message.destination not in rules.numbers else None


def _explained(
    decision: Decision, effects: Iterable[Effect], drafts: Iterable[Reply | WebhookCall], no_reply: str | None
) -> Iterator[Mapping[str, Any]]:
    if decision.ignored:
        yield {"action": "none", "note": decision.ignored}
    yield from (explained_effect(effect) for effect in effects if not isinstance(effect, RecordUse))
    yield from (explained_step(draft, no_reply) for draft in drafts)


def _explained_shadow(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Mapping[str, Any]]:
    """What rules in shadow would do."""
    for shadowed in decision.shadowed:
        effects = tuple(_wanted_effects(shadowed, situation, rules))
        drafts = _drafts(shadowed, situation, rules, known_after(situation.known, effects, situation.message))
        for told in _explained(shadowed, effects, drafts, _why_not_sent(situation.message, rules)):
            yield {**told, "note": f"not done: the rule {shadowed.name!r} is in shadow"}

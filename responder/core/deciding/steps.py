"""Drafts become steps: replies that leave together, what the limits leave of them, and the keys that they go out under."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from responder.core.contact.effects import (
    VALID_FOR,
    Awaited,
    Effect,
    Mute,
    OpenHandOff,
    Purpose,
    Reply,
    SetLanguage,
    Step,
    StepKind,
    WebhookCall,
)
from responder.core.contact.known import Known
from responder.core.deciding.decision import QUESTION, Decision
from responder.core.outbound.events import Happened, webhook_payload
from responder.core.rules.actions import Action, Context
from responder.core.rules.appointments import QuietHours, quiet_until
from responder.core.rules.limits import Restraint
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Match, Situation
from responder.core.sms.message import Message


def timed(draft: Reply | WebhookCall, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> Reply | WebhookCall:
    """The draft; a reply that waits with the time at which it leaves, outside quiet hours.

    >>> from datetime import UTC, timedelta
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), datetime(2026, 12, 1, 12, tzinfo=UTC), None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), end_of_use(later, datetime(2026, 12, 1, 12, tzinfo=UTC)).isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if isinstance(draft, WebhookCall):
        return (
            replace(draft, awaited=replace(draft.awaited, zone=str(zone), expires_at=now + VALID_FOR))
            if draft.awaited
            else draft
        )
    if draft.expires_at or not draft.delay:
        return draft
    leaves_at = now + draft.delay
    return replace(draft, leaves_at=quiet_until(leaves_at, quiet, zone) or leaves_at)


def end_of_use(reply: Reply, now: datetime) -> datetime:
    """Until when a reply is of use that was made now."""
    return reply.expires_at or (reply.leaves_at or now) + reply.valid_for


Draft = tuple[Reply | WebhookCall, Decision, Situation]
MOST_SEGMENTS = 4  # of one reply about several appointments


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """The replies of several turns in one text where its segments allow, said once where they are the same."""
    found: list[Draft] = []
    for draft, decision, situation in drafts:
        last = (
            next((place for place, (earlier, _, _) in enumerate(found) if _can_join(earlier, draft)), None)
            if situation.chosen
            else None
        )
        joined = _joined(found[last][0], draft) if last is not None else None
        if last is None or joined is None:
            found.append((draft, decision, situation))
        else:
            found[last] = (joined, *found[last][1:])
    return found


def _can_join(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> bool:
    return isinstance(earlier, Reply) and isinstance(later, Reply) and earlier.delay == later.delay


def _joined(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> Reply | None:
    if not isinstance(earlier, Reply) or not isinstance(later, Reply) or earlier.held_back or later.held_back:
        return None
    joined = earlier.text if later.text in earlier.text.split("\n") else f"{earlier.text}\n{later.text}"
    reply = replace(earlier, text=joined, uses=earlier.uses + later.uses)
    return reply if reply.segments <= MOST_SEGMENTS else None


def restrained(
    drafts: Iterable[Draft], decision: Decision, after: Known, situation: Situation, rules: Rules
) -> tuple[list[Draft], list[Mute]]:
    """The drafts that the limits leave, and the silence that follows where they leave none."""
    languages = (decision.match.language, after.language, rules.languages[0])
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


def steps_of(drafts: Iterable[Draft], after: Known, no_reply: str | None, *, is_superseded: bool) -> Iterator[Step]:
    """The steps of drafts, numbered from 1; no replies where something speaks against any."""
    for number, (draft, decision, situation) in enumerate(drafts, start=1):
        if isinstance(draft, WebhookCall):
            payload = webhook_payload(
                draft, decision.name, decision.match, situation, after, is_superseded=is_superseded
            )
            yield _call(
                situation.message, number, draft.to, payload, draft.awaited if no_reply is None else None, draft.uses
            )
        elif no_reply is None and draft.held_back is None:
            yield _text(situation.message, number, draft)


def announcements(taken: int, happened: Iterable[Happened], message: Message, rules: Rules) -> Iterator[Step]:
    """The calls that tell webhooks what the effects are to others."""
    if not rules.events_told:
        return
    told = ((name, one) for one in happened for name in sorted(rules.webhooks_for(one.event)))
    for number, (name, one) in enumerate(told, start=taken + 1):
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
        purpose=Purpose.ANSWER,
        segments=0,
        expires_at=None,
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


def wanted_effects(decision: Decision, situation: Situation, rules: Rules) -> list[Effect]:
    """The changes that a decision wants, with the language that is remembered and at most one hand-off."""
    effects = list(decision.effects)
    for match, actions in decision.actions:
        for action, context in _in_context(actions, match, situation, rules, situation.known):
            effects += action.effects(context)
    return [*_remembered(decision, situation), *_first_hand_off(effects)]


def _remembered(decision: Decision, situation: Situation) -> Sequence[Effect]:
    language = decision.match.language
    if not language or not decision.remembers_language:
        return ()
    known = situation.known
    is_news = (
        language != known.language or known.language_order is None or known.language_order < situation.message.order
    )
    return (SetLanguage(language=language, implied=True),) if is_news else ()


def wanted_drafts(decision: Decision, situation: Situation, rules: Rules, after: Known) -> list[Reply | WebhookCall]:
    """The replies and calls that a decision wants, filled in with what is known once its changes have happened."""
    drafts: list[Reply | WebhookCall] = list(decision.replies)
    for number, (match, actions) in enumerate(decision.actions):
        uses = decision.cooldowns[number] if decision.cooldowns else ()
        contexts = _in_context(actions, match, situation, rules, after)
        left = _left_of([draft for action, context in contexts for draft in action.steps(context)])
        drafts += [replace(draft, uses=draft.uses + uses) for draft in left] if uses else left
    return drafts


def _left_of(drafts: Sequence[Reply | WebhookCall]) -> Sequence[Reply | WebhookCall]:
    """The drafts of a rule; where a reply takes the place of the others, it and the calls, of whose answers no reply is made."""
    if not [draft for draft in drafts if isinstance(draft, Reply) and draft.is_instead]:
        return drafts
    return [
        replace(draft, awaited=None) if isinstance(draft, WebhookCall) else draft for draft in drafts if _stays(draft)
    ]


def _stays(draft: Reply | WebhookCall) -> bool:
    return isinstance(draft, WebhookCall) or draft.is_instead


def _in_context(
    actions: Sequence[Action], match: Match, situation: Situation, rules: Rules, known: Known
) -> Iterator[tuple[Action, Context]]:
    """Each of some actions with what it works with, which is one for all those with the same list."""
    context: Context | None = None
    for action, name in zip(actions, _lists_of(actions), strict=True):
        if context is None or context.list != name:
            context = Context(
                situation=situation,
                match=match,
                list_titles=rules.list_titles,
                list=name,
                default_language=rules.languages[0],
                contact=known,
            )
        yield action, context


def _lists_of(actions: Sequence[Action]) -> list[str | None]:
    """The list that ``list`` means in each action: that of the nearest one before it that names one, else of the first after it."""
    named = [str(getattr(action, action.list_field)) if action.list_field else None for action in actions]
    nearest = next(filter(None, named), None)
    return [nearest := name or nearest for name in named]


def _first_hand_off(effects: Sequence[Effect]) -> Iterable[Effect]:
    """The effects with the first reason for a person to look, and with the longest pause that any of them asks for."""
    handed_off = _hand_offs(effects)
    if not handed_off:
        return effects
    first = replace(handed_off[0], pause=_longest_pause(handed_off))
    return [
        first if effect is handed_off[0] else effect
        for effect in effects
        if effect is handed_off[0] or not isinstance(effect, OpenHandOff)
    ]


def one_hand_off(effects: Sequence[Effect]) -> Sequence[Effect]:
    """The effects with one hand-off for all that a person should know."""
    handed_off = _hand_offs(effects)
    reasons = dict.fromkeys(effect.reason for effect in handed_off)
    if len(reasons) < 2:
        return effects
    others = [effect for effect in effects if not isinstance(effect, OpenHandOff)]
    return [*others, OpenHandOff(reason="; ".join(reasons), pause=_longest_pause(handed_off))]


def _hand_offs(effects: Iterable[Effect]) -> list[OpenHandOff]:
    return [effect for effect in effects if isinstance(effect, OpenHandOff)]


def _longest_pause(handed_off: Iterable[OpenHandOff]) -> timedelta | None:
    return max((effect.pause for effect in handed_off if effect.pause), default=None)

"""From a decision to its effects and its drafts, which limits and quiet hours then restrain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from responder.core.contact.effects import (
    VALID_FOR,
    Effect,
    Mute,
    OpenHandOff,
    Purpose,
    Reply,
    SetLanguage,
    WebhookCall,
)
from responder.core.contact.known import Known
from responder.core.contact.reasons import all_of
from responder.core.deciding.decision import QUESTION, Decision
from responder.core.rules.actions import Action, Context
from responder.core.rules.appointments import QuietHours, quiet_until
from responder.core.rules.limits import Restraint
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Match, Situation

MOST_SEGMENTS = 4  # of one reply about several appointments


class Draft(NamedTuple):
    """A reply or call, and where it comes from; a named tuple, since every text makes some."""

    out: Reply | WebhookCall
    decision: Decision
    situation: Situation


def effects_of(decision: Decision, situation: Situation, rules: Rules) -> list[Effect]:
    """The changes that a decision makes, with the language to remember and at most one hand-off."""
    effects = list(decision.effects)
    for match, actions in decision.actions:
        for action, context in _in_context(actions, match, situation, rules, situation.known):
            effects += action.effects(context)
    return [*_language(decision, situation), *_first_hand_off(effects)]


def _language(decision: Decision, situation: Situation) -> Sequence[Effect]:
    """The language of the text. Each newer text sets it again, so that an older one cannot change it back."""
    language, known = decision.match.language, situation.known
    if not language or not decision.remembers_language:
        return ()
    is_older = known.language_order is not None and known.language_order >= situation.message.order
    return () if is_older and language == known.language else (SetLanguage(language=language, implied=True),)


def drafts_of(decision: Decision, situation: Situation, rules: Rules, after: Known) -> list[Draft]:
    """The replies and calls of a decision, filled in with what is known after its effects."""
    out: list[Reply | WebhookCall] = list(decision.replies)
    for number, (match, actions) in enumerate(decision.actions):
        uses = decision.cooldowns[number] if decision.cooldowns else ()
        contexts = _in_context(actions, match, situation, rules, after)
        left = _instead([one for action, context in contexts for one in action.steps(context)])
        out += [replace(one, uses=one.uses + uses) for one in left] if uses else left
    return [Draft(one, decision, situation) for one in out]


def _instead(out: Sequence[Reply | WebhookCall]) -> Sequence[Reply | WebhookCall]:
    """The replies and calls of a rule. A reply that replaces the others leaves only itself and the bare calls."""
    if not [one for one in out if isinstance(one, Reply) and one.is_instead]:
        return out
    return [
        replace(one, awaited=None) if isinstance(one, WebhookCall) else one
        for one in out
        if isinstance(one, WebhookCall) or one.is_instead
    ]


def _in_context(
    actions: Sequence[Action], match: Match, situation: Situation, rules: Rules, known: Known
) -> Iterator[tuple[Action, Context]]:
    """Each action with its context; neighbours with the same list share one."""
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
    """The list of each action: the one it names, else the last before it, else the first after."""
    named = [str(getattr(action, action.list_field)) if action.list_field else None for action in actions]
    nearest = next(filter(None, named), None)
    return [nearest := name or nearest for name in named]


def _first_hand_off(effects: Sequence[Effect]) -> Iterable[Effect]:
    """The effects with only the first hand-off, which gets the longest pause of all."""
    handed_off = _hand_offs(effects)
    if not handed_off:
        return effects
    first = handed_off[0]
    paused = replace(first, pause=_longest_pause(handed_off))
    left = (effect for effect in effects if effect is first or not isinstance(effect, OpenHandOff))
    return [paused if effect is first else effect for effect in left]


def one_hand_off(effects: Sequence[Effect]) -> Sequence[Effect]:
    """The effects with one hand-off that gives all the reasons."""
    handed_off = _hand_offs(effects)
    reasons = dict.fromkeys(effect.reason for effect in handed_off)
    if len(reasons) < 2:
        return effects
    others = [effect for effect in effects if not isinstance(effect, OpenHandOff)]
    return [*others, OpenHandOff(reason=all_of(tuple(reasons)), pause=_longest_pause(handed_off))]


def _hand_offs(effects: Iterable[Effect]) -> list[OpenHandOff]:
    return [effect for effect in effects if isinstance(effect, OpenHandOff)]


def _longest_pause(handed_off: Iterable[OpenHandOff]) -> timedelta | None:
    return max((effect.pause for effect in handed_off if effect.pause), default=None)


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, with replies about several chosen appointments in one text if that is short enough."""
    joined: list[Draft] = []
    for draft in drafts:
        reply = draft.out
        place = _place_to_join(reply, joined) if draft.situation.chosen and isinstance(reply, Reply) else None
        both = _join(joined[place].out, reply) if place is not None else None
        if place is None or both is None:
            joined.append(draft)
        else:
            joined[place] = joined[place]._replace(out=both)
    return joined


def _place_to_join(reply: Reply, others: Sequence[Draft]) -> int | None:
    replies = ((place, other.out) for place, other in enumerate(others) if isinstance(other.out, Reply))
    return next((place for place, other in replies if other.delay == reply.delay), None)


def _join(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> Reply | None:
    """Two replies in one text, which says once what both say; None if that is too long."""
    if not isinstance(earlier, Reply) or not isinstance(later, Reply) or earlier.held_back or later.held_back:
        return None
    text = earlier.text if later.text in earlier.text.split("\n") else f"{earlier.text}\n{later.text}"
    reply = replace(earlier, text=text, uses=earlier.uses + later.uses)
    return reply if reply.segments <= MOST_SEGMENTS else None


def restrained(
    drafts: Iterable[Draft], decision: Decision, after: Known, situation: Situation, rules: Rules
) -> tuple[list[Draft], list[Mute]]:
    """The drafts that the limits leave, and the silence that follows if one is reached."""
    languages = (decision.match.language, after.language, rules.languages[0])
    restraint = Restraint(rules.limits, after, situation.now, languages)
    left: list[Draft] = []
    muting: list[Mute] = []
    for draft in drafts:
        is_dialogue = decision.name == QUESTION or draft.decision.answers_question
        for one in restraint.left_of(_in_dialogue(draft.out) if is_dialogue else draft.out):
            if isinstance(one, Mute):
                muting.append(one)
            else:
                left.append(draft if one is draft.out else draft._replace(out=one))
    return left, muting


def _in_dialogue(out: Reply | WebhookCall) -> Reply | WebhookCall:
    if isinstance(out, WebhookCall):
        return replace(out, awaited=out.awaited and replace(out.awaited, purpose=Purpose.DIALOGUE))
    return replace(out, purpose=Purpose.DIALOGUE) if out.purpose is Purpose.ANSWER else out


def all_timed(drafts: Iterable[Draft], now: datetime, rules: Rules) -> list[Draft]:
    """The drafts, with the time at which each delayed one leaves."""
    quiet, zone = rules.appointments.quiet_hours, rules.zone
    return [
        draft if (out := timed(draft.out, now, quiet, zone)) is draft.out else draft._replace(out=out)
        for draft in drafts
    ]


def timed(out: Reply | WebhookCall, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> Reply | WebhookCall:
    """A delayed reply with the time at which it leaves, outside quiet hours; anything else as it is.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), noon, None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), end_of_use(later, noon).isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if isinstance(out, WebhookCall):
        if out.awaited is None:
            return out
        return replace(out, awaited=replace(out.awaited, zone=str(zone), expires_at=now + VALID_FOR))
    if out.expires_at or not out.delay:
        return out
    leaves_at = now + out.delay
    return replace(out, leaves_at=quiet_until(leaves_at, quiet, zone) or leaves_at)


def end_of_use(reply: Reply, now: datetime) -> datetime:
    return reply.expires_at or (reply.leaves_at or now) + reply.valid_for

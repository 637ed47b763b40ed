"""From a decision to effects and drafts: what changes, and what leaves once limits and quiet hours allow it."""

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
from responder.core.deciding.decision import QUESTION, Decision
from responder.core.rules.actions import Action, Context
from responder.core.rules.appointments import QuietHours, quiet_until
from responder.core.rules.limits import Restraint
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Match, Situation

MOST_SEGMENTS = 4  # of one reply about several appointments


class Draft(NamedTuple):
    """A wanted reply or call, and where it comes from; a named tuple, since every text makes some."""

    wanted: Reply | WebhookCall
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
    """The language of the text, which is set again by each newer text, so that an older one cannot change it back."""
    language = decision.match.language
    if not language or not decision.remembers_language:
        return ()
    known = situation.known
    is_news = (
        language != known.language or known.language_order is None or known.language_order < situation.message.order
    )
    return (SetLanguage(language=language, implied=True),) if is_news else ()


def drafts_of(decision: Decision, situation: Situation, rules: Rules, after: Known) -> list[Draft]:
    """The replies and calls of a decision, filled in with what is known once its changes have happened."""
    wanted: list[Reply | WebhookCall] = list(decision.replies)
    for number, (match, actions) in enumerate(decision.actions):
        uses = decision.cooldowns[number] if decision.cooldowns else ()
        contexts = _in_context(actions, match, situation, rules, after)
        left = _instead([one for action, context in contexts for one in action.steps(context)])
        wanted += [replace(one, uses=one.uses + uses) for one in left] if uses else left
    return [Draft(one, decision, situation) for one in wanted]


def _instead(wanted: Sequence[Reply | WebhookCall]) -> Sequence[Reply | WebhookCall]:
    """What a rule wants; a reply that replaces the others leaves only itself and the calls, which await no reply."""
    if not [one for one in wanted if isinstance(one, Reply) and one.is_instead]:
        return wanted
    return [
        replace(one, awaited=None) if isinstance(one, WebhookCall) else one
        for one in wanted
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
    """What ``list`` means in each action: the list named there or most recently before, else the first named after."""
    named = [str(getattr(action, action.list_field)) if action.list_field else None for action in actions]
    nearest = next(filter(None, named), None)
    return [nearest := name or nearest for name in named]


def _first_hand_off(effects: Sequence[Effect]) -> Iterable[Effect]:
    """The effects with only the first reason for a person to look, and the longest pause that any of them asks for."""
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
    if len(handed_off) < 2:
        return effects
    reasons = dict.fromkeys(effect.reason for effect in handed_off)
    if len(reasons) < 2:
        return effects
    others = [effect for effect in effects if not isinstance(effect, OpenHandOff)]
    return [*others, OpenHandOff(reason="; ".join(reasons), pause=_longest_pause(handed_off))]


def _hand_offs(effects: Iterable[Effect]) -> list[OpenHandOff]:
    return [effect for effect in effects if isinstance(effect, OpenHandOff)]


def _longest_pause(handed_off: Iterable[OpenHandOff]) -> timedelta | None:
    return max((effect.pause for effect in handed_off if effect.pause), default=None)


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, with replies about several chosen appointments in one text where its segments allow."""
    joined: list[Draft] = []
    for draft in drafts:
        place = _place_to_join(draft, joined) if draft.situation.chosen else None
        reply = _join(joined[place].wanted, draft.wanted) if place is not None else None
        if place is None or reply is None:
            joined.append(draft)
        else:
            joined[place] = joined[place]._replace(wanted=reply)
    return joined


def _place_to_join(draft: Draft, others: Sequence[Draft]) -> int | None:
    return next((place for place, other in enumerate(others) if _can_join(other.wanted, draft.wanted)), None)


def _can_join(earlier: Reply | WebhookCall, later: Reply | WebhookCall) -> bool:
    return isinstance(earlier, Reply) and isinstance(later, Reply) and earlier.delay == later.delay


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
    """The drafts as the limits leave them, and the silence that follows where a limit is reached."""
    languages = (decision.match.language, after.language, rules.languages[0])
    restraint = Restraint(rules.limits, after, situation.now, languages)
    left: list[Draft] = []
    muting: list[Mute] = []
    for draft in drafts:
        is_dialogue = decision.name == QUESTION or draft.decision.answers_question
        for one in restraint.left_of(_in_dialogue(draft.wanted) if is_dialogue else draft.wanted):
            if isinstance(one, Mute):
                muting.append(one)
            else:
                left.append(draft if one is draft.wanted else draft._replace(wanted=one))
    return left, muting


def _in_dialogue(wanted: Reply | WebhookCall) -> Reply | WebhookCall:
    """The reply or call as part of a dialogue, which the limits spare."""
    if isinstance(wanted, WebhookCall):
        return replace(wanted, awaited=wanted.awaited and replace(wanted.awaited, purpose=Purpose.DIALOGUE))
    return replace(wanted, purpose=Purpose.DIALOGUE) if wanted.purpose is Purpose.ANSWER else wanted


def all_timed(drafts: Iterable[Draft], now: datetime, rules: Rules) -> list[Draft]:
    """The drafts, with the times at which those leave that wait."""
    quiet, zone = rules.appointments.quiet_hours, rules.zone
    return [
        draft if (wanted := timed(draft.wanted, now, quiet, zone)) is draft.wanted else draft._replace(wanted=wanted)
        for draft in drafts
    ]


def timed(wanted: Reply | WebhookCall, now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> Reply | WebhookCall:
    """A reply that waits, with the time at which it leaves, outside quiet hours; everything else as it is.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    >>> later = timed(Reply(text="Hi", delay=timedelta(hours=1)), noon, None, ZoneInfo("UTC"))
    >>> later.leaves_at.isoformat(), end_of_use(later, noon).isoformat()
    ('2026-12-01T13:00:00+00:00', '2026-12-01T19:00:00+00:00')
    """
    if isinstance(wanted, WebhookCall):
        if wanted.awaited is None:
            return wanted
        return replace(wanted, awaited=replace(wanted.awaited, zone=str(zone), expires_at=now + VALID_FOR))
    if wanted.expires_at or not wanted.delay:
        return wanted
    leaves_at = now + wanted.delay
    return replace(wanted, leaves_at=quiet_until(leaves_at, quiet, zone) or leaves_at)


def end_of_use(reply: Reply, now: datetime) -> datetime:
    """Until when a reply that was made now is of use."""
    return reply.expires_at or (reply.leaves_at or now) + reply.valid_for

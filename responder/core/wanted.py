"""What a decision wants: changes, and calls to the outside that are still drafts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from responder.core.actions import Action, Context
from responder.core.decision import Decision
from responder.core.effects import Effect, OpenHandOff, Reply, SetLanguage, WebhookCall
from responder.core.known import Known
from responder.core.rules import Rules
from responder.core.situation import Match, Situation


def wanted_effects(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Effect]:
    """The changes that a decision wants, with the language that is remembered and at most one hand-off."""
    language = decision.match.language
    if language and decision.remembers_language and language != situation.known.language:
        yield SetLanguage(language=language)
    effects = list(decision.effects)
    for match, actions in decision.actions:
        for action in actions:
            effects += action.effects(_context(action, match, actions, situation, rules, situation.known))
    yield from _first_hand_off(effects)


def wanted_drafts(decision: Decision, situation: Situation, rules: Rules, after: Known) -> Iterator[Reply | WebhookCall]:
    """The replies and calls that a decision wants, filled in with what is known once its changes have happened."""
    yield from decision.replies
    for match, actions in decision.actions:
        wanted = [draft for action in actions for draft in action.steps(_context(action, match, actions, situation, rules, after))]
        instead = any(isinstance(draft, Reply) and draft.is_instead for draft in wanted)
        yield from (draft for draft in map(_unanswered, wanted) if not isinstance(draft, Reply) or draft.is_instead) if instead else wanted


def _unanswered(draft: Reply | WebhookCall) -> Reply | WebhookCall:
    """The draft; a call without the reply that would be made of its answer."""
    return replace(draft, awaited=None) if isinstance(draft, WebhookCall) else draft


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


def _first_hand_off(effects: Sequence[Effect]) -> Iterator[Effect]:
    """The effects with the first reason for a person to look, and with the longest pause that any of them asks for."""
    first = next((effect for effect in effects if isinstance(effect, OpenHandOff)), None)
    for effect in effects:
        if not isinstance(effect, OpenHandOff):
            yield effect
        elif effect is first:
            yield replace(effect, pause=_longest_pause(effects))


def one_hand_off(effects: Sequence[Effect]) -> list[Effect]:
    """The effects with one hand-off for all that a person should know."""
    reasons = list(dict.fromkeys(effect.reason for effect in effects if isinstance(effect, OpenHandOff)))
    others: list[Effect] = [effect for effect in effects if not isinstance(effect, OpenHandOff)]
    return [*others, OpenHandOff(reason="; ".join(reasons), pause=_longest_pause(effects))] if len(reasons) > 1 else list(effects)


def _longest_pause(effects: Iterable[Effect]) -> timedelta | None:
    return max((effect.pause for effect in effects if isinstance(effect, OpenHandOff) and effect.pause), default=None)

"""What a decision wants: changes, and calls to the outside that are still drafts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from responder.core.actions import Action, Context
from responder.core.decision import Decision
from responder.core.effects import Effect, OpenHandOff, Reply, SetLanguage, WebhookCall
from responder.core.known import Known
from responder.core.rules import Rules
from responder.core.situation import Match, Situation


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

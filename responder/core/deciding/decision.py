"""Which authority speaks to a message: a reserved keyword, a rule, or the fallback."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from responder.core.contact.echoes import why_ignored
from responder.core.contact.effects import (
    Effect,
    OpenHandOff,
    OptIn,
    OptOut,
    Purpose,
    RecordUse,
    Reply,
    Subscribe,
    Unsubscribe,
)
from responder.core.contact.known import SubscriptionStatus
from responder.core.dialogue.appointments import Heard, hear_choice, hear_unanswered, why_unclear
from responder.core.dialogue.double_opt_in import ask_to_join, hear_joining, lists_that_ask
from responder.core.recognition.outcome import NOTHING, Confirmation, Outcome, Recognition
from responder.core.recognition.packs import ALWAYS
from responder.core.recognition.reserved import recognise
from responder.core.rules.actions import Action
from responder.core.rules.conditions import why_no_answer, why_paused
from responder.core.rules.matching import Answers
from responder.core.rules.rules import LEFT, Rule, Rules
from responder.core.rules.situation import Match, Situation

CONFIRM_WITHIN = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)
CONFIRM_EVERY = timedelta(hours=24)  # at most one confirmation to a number, so that two robots fall silent
FALLBACK = "fallback"
QUESTION = "question"
HEARERS: tuple[Callable[[Situation, Rules], Heard | None], ...] = (hear_choice, hear_joining)
"""What hears the answers to responder's own questions, before the rules, where there are any: one for each kind of question."""
IN_SHADOW = "it applies, and does nothing while it is in shadow"
MAY_WANT_TO_STOP = "may want no more texts"
WANTS_TO_CANCEL = "wants to cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """A rule that the text met and that did not apply all the same, and why."""

    rule: str
    line: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Who speaks (``name`` is that of the last rule that applied), how the text matched, and what is to be done.

    ``turns`` are the decisions for each of several appointments that the text chose, with the situation of each.
    """

    name: str | None
    match: Match = field(default_factory=Match)
    actions: tuple[tuple[Match, tuple[Action, ...]], ...] = ()
    cooldowns: tuple[tuple[str, ...], ...] = ()
    """What the rules of the ``actions`` use up, in the same order."""
    effects: tuple[Effect, ...] = ()
    replies: tuple[Reply, ...] = ()
    misses: tuple[Miss, ...] = ()
    remembers_language: bool = False
    turns: tuple[tuple[Situation, "Decision"], ...] = ()
    shadowed: tuple["Decision", ...] = ()
    """What rules in shadow would have decided, which is told and not done."""
    answers_question: bool = False
    ignored: str | None = None  # why nobody answers, not even the fallback
    recognition: Recognition = NOTHING
    applied: tuple[str, ...] = ()
    """The names of all rules that applied."""
    later: tuple[int, ...] = ()
    """The places of the rules whose text matches as well, and that were not asked since an earlier one applied."""

    @property
    def met(self) -> tuple[str, ...]:
        """The names of all rules that applied, and of those in shadow that would have."""
        if not self.shadowed:
            return self.applied
        return (*self.applied, *(name for decision in self.shadowed for name in decision.applied))


UNDECIDED = Decision(name=None)


def decide(situation: Situation, rules: Rules) -> Decision:
    """Who speaks to the message, in the order of authority of the contract, section 5."""
    opted_out, asked = situation.known.opted_out, situation.is_asked
    recognition = recognise(
        situation.folded, situation.lexicon, opted_out=opted_out, question_open=asked, lists=rules.list_words
    )
    if recognition.outcome is not Outcome.NOTHING:
        return _reserved(recognition, situation, rules)
    decision = _after_reserved(situation, rules)
    return decision if recognition is NOTHING else replace(decision, recognition=recognition)


def _after_reserved(situation: Situation, rules: Rules) -> Decision:
    if ignored := _why_ignored(situation):
        return Decision(name=None, ignored=ignored)
    for hear in HEARERS if situation.known.questions else ():
        if heard := hear(situation, rules):
            return _heard_while(heard, Decision(name=QUESTION, match=Match(text=situation.folded)), situation, rules)
    decision = _by_rules(situation, rules)
    if decision.name is not None:
        return decision
    if heard := hear_unanswered(situation, rules):
        return _heard_while(heard, replace(decision, name=QUESTION), situation, rules)
    if paused := why_paused(situation):
        return replace(decision, ignored=f"ignored: {paused}")
    return _by_fallback(decision, rules)


def _heard_while(heard: Heard, decision: Decision, situation: Situation, rules: Rules) -> Decision:
    """What follows from a text that was heard, but where it would only ask for the person who has the conversation already."""
    paused = why_paused(situation)
    if paused and heard.is_for_a_person:
        return replace(decision, name=None, ignored=f"ignored: {paused}")
    return _heard(heard, decision, rules)


def _by_fallback(decision: Decision, rules: Rules) -> Decision:
    if not rules.fallback:
        return replace(decision, name=None) if decision.name else decision
    return replace(decision, name=FALLBACK, actions=((Match(), rules.fallback),))


def _heard(heard: Heard, decision: Decision, rules: Rules) -> Decision:
    """What follows from a text about appointments; each one that it chose is decided by the rules for its answer."""
    turns = tuple((chosen, _by_rules(chosen, rules, answers_alone=True)) for chosen in heard.chosen)
    turns = tuple(
        (chosen, turn if turn.name else replace(turn, effects=(OpenHandOff(reason=why_unclear(chosen)),)))
        for chosen, turn in turns
    )
    decision = replace(decision, effects=heard.effects, replies=heard.replies, actions=heard.actions, turns=turns)
    return _by_fallback(decision, rules) if heard.falls_back else decision


def _by_rules(situation: Situation, rules: Rules, *, answers_alone: bool = False) -> Decision:
    """The first rule that applies, and those after it for as long as they go on."""
    applied: list[tuple[Rule, Match]] = []
    misses: list[Miss] = []
    shadowed: list[Decision] = []
    matches = rules.index.matches(situation)
    for position, match in matches:
        rule = rules.rules[position]
        if answers_alone and not isinstance(rule.text, Answers):
            continue
        refusal = refusal_of(rule, situation)
        if refusal is not None:
            misses.append(Miss(rule=rule.name, line=rule.line, why=refusal))
            continue
        if rule.shadow:
            misses.append(Miss(rule=rule.name, line=rule.line, why=IN_SHADOW))
            shadowed.append(_applied([(rule, match)], situation, rules))
            continue
        applied.append((rule, match))
        if not rule.goes_on:
            break
    later = tuple(position for position, _ in matches)
    if not applied and not misses and not shadowed:
        return UNDECIDED
    decision = _applied(applied, situation, rules, later) if applied else UNDECIDED
    return replace(decision, misses=tuple(misses), shadowed=tuple(shadowed)) if misses or shadowed else decision


def _applied(
    applied: Sequence[tuple[Rule, Match]], situation: Situation, rules: Rules, later: tuple[int, ...] = ()
) -> Decision:
    """The decision of rules that apply, of which the last speaks; those that put somebody on a list that asks first wait for the answer."""
    last, match = applied[-1]
    waiting = {
        rule.name: (rule, m, lists) for rule, m in applied if (lists := lists_that_ask(rule.actions, situation, rules))
    }
    asked = [
        ask_to_join(rule, m, lists, situation, rules, number)
        for number, (rule, m, lists) in enumerate(waiting.values(), start=1)
    ]
    uses = [RecordUse(of=of) for rule, _ in applied for of in _cooldown(rule)]
    return Decision(
        name=last.name,
        match=match,
        actions=tuple((m, rule.actions) for rule, m in applied if rule.name not in waiting),
        cooldowns=tuple(_cooldown(rule) for rule, _ in applied if rule.name not in waiting),
        effects=(*uses, *(effect for effects, _ in asked for effect in effects)),
        replies=tuple(
            replace(reply, uses=_cooldown(rule))
            for (rule, _, _), (_, reply) in zip(waiting.values(), asked, strict=True)
        ),
        remembers_language=not isinstance(last.text, Answers) or bool(last.text.in_languages),
        answers_question=isinstance(last.text, Answers),
        applied=tuple(rule.name for rule, _ in applied),
        later=later,
    )


def _cooldown(rule: Rule) -> tuple[str, ...]:
    """The name of what a rule uses up, if it applies once in a while only."""
    return (rule.cooldown.once.of,) if rule.cooldown else ()


def _why_ignored(situation: Situation) -> str | None:
    """Why a text asks for no answer; a word that answers an open appointment does, though we may have used it ourselves."""
    ignored = why_ignored(situation.message.text, situation.folded, situation.known.sent, situation.now)
    return None if ignored and situation.open_appointments and situation.answer else ignored


def refusal_of(rule: Rule, situation: Situation) -> str | None:
    """Why a rule whose text matches does not apply; None if it does."""
    if refusal := why_no_answer(situation) if isinstance(rule.text, Answers) else why_paused(situation):
        return refusal
    for condition in rule.conditions:
        if refusal := condition.refusal(situation):
            return refusal
    return rule.cooldown.refusal(situation) if rule.cooldown else None


def _reserved(recognition: Recognition, situation: Situation, rules: Rules) -> Decision:
    word = recognition.word
    language = word.language if word and word.language != ALWAYS else None
    match = Match(text=situation.folded, language=language)
    decision = Decision(name=recognition.rule, match=match, recognition=recognition)

    def text(keyword: str, list_name: str = "") -> str:
        picked = rules.reserved_texts[keyword].pick(language, situation.known.language, rules.languages[0])
        values = {"number": situation.known.originator}
        return picked.render(
            {"contact": values, "list": {"name": list_name, "title": rules.list_titles.get(list_name, "")}}
        )

    match recognition.outcome:
        case Outcome.OPT_OUT if recognition.lists:
            return _stop_lists(decision, situation, rules, text(LEFT, recognition.lists[0]))
        case Outcome.OPT_OUT:
            return _stop(decision, situation, rules, text("stop"))
        case Outcome.OPT_IN:
            replies = (Reply(text=text("start"), purpose=Purpose.WELCOME),)
            return replace(decision, effects=_start(recognition, situation), replies=replies)
        case Outcome.HELP:
            return replace(decision, replies=(Reply(text=text("help"), purpose=Purpose.HELP),))
        case _:
            return replace(
                decision, effects=(OpenHandOff(reason=MAY_WANT_TO_STOP, holds_marketing=True, word=recognition.typed),)
            )


def _stop(decision: Decision, situation: Situation, rules: Rules, text: str) -> Decision:
    """Opt out of everything; the one confirmation goes only where none went lately and the opt-out is news."""
    known = situation.known
    confirms = rules.confirmation is Confirmation.OURS and not known.opted_out and _may_confirm(situation)
    left = [
        Unsubscribe(
            list=subscription.list,
            taken_by_stop=subscription.status is SubscriptionStatus.SUBSCRIBED,
            ends_at=subscription.ends_at,
        )
        for subscription in known.subscriptions.values()
        if subscription.status is not SubscriptionStatus.UNSUBSCRIBED
    ]
    handed_off = [OpenHandOff(reason=WANTS_TO_CANCEL)] if decision.recognition.also_cancels else []
    effects: tuple[Effect, ...] = (OptOut(word=decision.recognition.typed, confirmed=confirms), *left, *handed_off)
    return replace(decision, effects=effects, replies=(_confirmation(situation, text),) if confirms else ())


def _stop_lists(decision: Decision, situation: Situation, rules: Rules, text: str) -> Decision:
    """Leave some lists, as somebody does who sends NEWS OFF: START does not bring them back. A gateway cannot confirm that."""
    confirms = rules.confirmation is not Confirmation.NONE and _may_confirm(situation)
    lists = decision.recognition.lists
    effects = tuple(Unsubscribe(list=name, confirmed=confirms and name == lists[0]) for name in lists)
    return replace(decision, effects=effects, replies=(_confirmation(situation, text),) if confirms else ())


def _may_confirm(situation: Situation) -> bool:
    confirmed_at = situation.known.confirmed_at
    return confirmed_at is None or situation.now - confirmed_at >= CONFIRM_EVERY


def _confirmation(situation: Situation, text: str) -> Reply:
    return Reply(text=text, purpose=Purpose.CONFIRMATION, expires_at=situation.now + CONFIRM_WITHIN)


def _start(recognition: Recognition, situation: Situation) -> tuple[Effect, ...]:
    """Opt in again, and back onto the lists that STOP had taken, for what is left of their time."""
    now = situation.now
    taken = (
        s for s in situation.known.subscriptions.values() if s.taken_by_stop and (s.ends_at is None or s.ends_at > now)
    )
    back = (Subscribe(list=s.list, lasts=s.ends_at - now if s.ends_at else None, brought_back=True) for s in taken)
    return (OptIn(word=recognition.typed), *back)

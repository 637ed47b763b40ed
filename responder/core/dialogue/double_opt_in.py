"""Double opt-in: the originator is asked first, and a yes carries out the rule."""

from collections.abc import Sequence

from responder.core.contact.effects import Effect, Reply, Subscribe, Unsubscribe
from responder.core.contact.known import ASKED_FOR
from responder.core.contact.precedence import was_before
from responder.core.contact.question import Ask, Choice, CloseQuestion, Happening, Question, QuestionKind, question_key
from responder.core.dialogue.appointments import FollowUp
from responder.core.dialogue.newest import open_opt_in, waits
from responder.core.recognition.answers import read_answer
from responder.core.recognition.packs import Answer
from responder.core.rules.actions import Action
from responder.core.rules.appointments import contact_values
from responder.core.rules.matching import Pattern
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.situation import Match, Situation


def lists_that_ask(actions: Sequence[Action], situation: Situation, rules: Rules) -> tuple[str, ...]:
    """The lists with double opt-in that the actions join and that the originator is not on yet."""
    joined = dict.fromkeys(name for action in actions if (name := action.joins))
    return tuple(name for name in joined if rules.lists[name].double_opt_in and not situation.known.subscribed(name))


def ask_to_join(
    rule: Rule, match: Match, lists: Sequence[str], situation: Situation, rules: Rules, number: int = 1
) -> tuple[tuple[Effect, ...], Reply]:
    """The pending lists with the question, and its text; ``number`` counts the questions of one message."""
    message, now, first = situation.message, situation.now, rules.lists[lists[0]]
    question = Question(
        key=question_key(message.key, number),
        kind=QuestionKind.OPT_IN,
        originator=message.originator,
        destination=message.destination,
        asked_at=now,
        expires_at=now + ASKED_FOR,
        choices=tuple(Choice(subject=name) for name in lists),
        intention=rule.name,
    )
    text = first.question.pick(match.language, situation.known.language, rules.languages[0])
    values = {
        "list": {"name": first.name, "title": first.title},
        "contact": contact_values(situation.known, rules.languages[0]),
    }
    pending = (Subscribe(list=name, asks=True) for name in lists)
    return (*pending, Ask(question=question)), Reply(text=text.render(values), asks=question.key)


def hear_joining(situation: Situation, rules: Rules) -> FollowUp | None:
    """What a yes or no to an open double opt-in does; None for any other text."""
    question = None if _is_silent(situation) else open_opt_in(situation)
    answer = read_answer(situation.written, situation.lexicon) if question else None
    if question is None or answer is None:
        return None
    closed = CloseQuestion(key=question.key, happening=Happening.ANSWER)
    if answer[0] is Answer.CANCEL:
        is_pending = waits(situation, question)
        left = (Unsubscribe(list=choice.subject) for choice in question.choices if is_pending(choice))
        return FollowUp(effects=(closed, *left))
    if answer[0] is not Answer.CONFIRM:
        return None
    rule = next((rule for rule in rules.rules if rule.name == question.intention and rule.enabled), None)
    joined = {action.joins for action in rule.actions} if rule else set()
    others = tuple(
        Subscribe(list=choice.subject)
        for choice in question.choices
        if choice.subject not in joined and choice.subject in rules.lists
    )
    groups = rule.text.groups if rule and isinstance(rule.text, Pattern) else ()
    match = Match(text=situation.folded, groups=dict.fromkeys(groups, ""), language=answer[1])
    return FollowUp(effects=(closed, *others), actions=((match, rule.actions),) if rule else ())


def _is_silent(situation: Situation) -> bool:
    """Whether the originator wants no texts; ``precedence`` weighs a later opt-out by hand against the answer."""
    return situation.known.opted_out and not was_before(situation.message, situation.known.consent_by_hand_at)

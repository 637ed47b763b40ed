"""Who decides about a message: the first of the authorities, in their order, that has something to say."""

from collections.abc import Callable
from dataclasses import replace

from responder.core.contact.echoes import REACTION, why_ignored
from responder.core.contact.effects import OpenHandOff
from responder.core.contact.reasons import because
from responder.core.deciding.decision import FALLBACK, QUESTION, UNDECIDED, Decision
from responder.core.deciding.first_rule import first_rule, rule_for_answer
from responder.core.deciding.reserved_words import ANSWERS_DOUBT, may_answer_doubt, reserved
from responder.core.dialogue.appointments import hear_choice, hear_unanswered, why_unclear
from responder.core.dialogue.questions import FollowUp, hear_joining
from responder.core.rules.conditions import why_paused
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Match, Situation

REACTS = "reacts to a reminder, which is no clear yes"

Authority = Callable[[Situation, Rules], Decision | None]
"""Decides about a message. With nothing to say it gives None, or a decision that only notes what it saw."""


def decide(situation: Situation, rules: Rules) -> Decision:
    """The decision of the first authority that speaks, with what those before it noted."""
    notes = UNDECIDED
    for authority in AUTHORITIES:
        decision = authority(situation, rules)
        if decision is None:
            continue
        if notes is not UNDECIDED:
            decision = decision.with_notes(notes)
        if decision.speaks:
            return decision
        notes = decision
    return notes


def echo(situation: Situation, rules: Rules) -> Decision | None:
    """Reactions and echoes get no answer, unless they answer about an open appointment.

    A reaction to its reminder that is no clear yes is shown to a person.
    """
    ignored = why_ignored(situation.message.text, situation.folded, situation.known.sent, situation.now)
    if ignored is None and not situation.reacts_to_ours:
        return None
    if situation.open_appointments and situation.answer:
        return None
    if situation.reacts_to_reminder:
        return _decision_of(FollowUp(effects=(OpenHandOff(reason=REACTS),)), Match(), situation, rules)
    return Decision(name=None, ignored=ignored or REACTION)


def asked_about_stop(situation: Situation, rules: Rules) -> Decision | None:
    """A bare yes, no, digit or smile right after we asked about a doubt: a person looks, and nothing changes."""
    if situation.known.doubted_at is None or not may_answer_doubt(situation, rules):
        return None
    return Decision(name=QUESTION, effects=(OpenHandOff(reason=ANSWERS_DOUBT),))


def open_question(situation: Situation, rules: Rules) -> Decision | None:
    """The answer to a question that we asked: which appointment, or whether to join a list."""
    if not situation.known.questions:
        return None
    follow_up = hear_choice(situation, rules) or hear_joining(situation, rules)
    return _decision_of(follow_up, Match(text=situation.folded), situation, rules) if follow_up else None


def open_appointment(situation: Situation, rules: Rules) -> Decision | None:
    """A text that no rule answered while an appointment is open: unclear, late, or about several."""
    follow_up = hear_unanswered(situation, rules)
    return _decision_of(follow_up, Match(), situation, rules) if follow_up else None


def person_has_it(situation: Situation, rules: Rules) -> Decision | None:  # noqa: ARG001
    """The fallback is silent while a person has the conversation."""
    paused = why_paused(situation)
    return Decision(name=None, ignored=because("ignored", reason=paused)) if paused else None


def fallback(situation: Situation, rules: Rules) -> Decision | None:  # noqa: ARG001
    return Decision(name=FALLBACK, actions=((Match(), rules.fallback),)) if rules.fallback else None


AUTHORITIES: tuple[Authority, ...] = (
    reserved,
    echo,
    asked_about_stop,
    open_question,
    first_rule,
    open_appointment,
    person_has_it,
    fallback,
)
"""The order of authority: contract, section 5."""


def _decision_of(follow_up: FollowUp, match: Match, situation: Situation, rules: Rules) -> Decision:
    """What follows from a text of a dialogue; nothing if a person already has the conversation."""
    if follow_up.is_for_a_person and (paused := why_paused(situation)):
        return Decision(name=None, match=match, ignored=because("ignored", reason=paused))
    decision = Decision(
        name=QUESTION,
        match=match,
        effects=follow_up.effects,
        replies=follow_up.replies,
        actions=follow_up.actions,
        turns=tuple((chosen, _turn(chosen, rules)) for chosen in follow_up.chosen),
    )
    if not follow_up.falls_back:
        return decision
    if not rules.fallback:
        return replace(decision, name=None)
    return replace(decision, name=FALLBACK, actions=((Match(), rules.fallback),))


def _turn(chosen: Situation, rules: Rules) -> Decision:
    """What the rules decide about one chosen appointment; if nothing, a person looks."""
    turn = rule_for_answer(chosen, rules)
    return turn if turn.name else replace(turn, effects=(OpenHandOff(reason=why_unclear(chosen)),))

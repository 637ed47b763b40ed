"""What came near a text without answering it, the nearest first."""

from collections.abc import Iterator
from itertools import chain

from responder.core.deciding.decision import Decision, Miss
from responder.core.deciding.first_rule import refusal_of
from responder.core.rules.conditions import FromOneOf, HasAppointment, ToOneOf, why_no_answer
from responder.core.rules.matching import Answers
from responder.core.rules.rules import Rules
from responder.core.rules.situation import Situation

LONGEST_READ = 20  # words of a text in which words one letter off are looked for
MOST_TOLD = 10
LETTER, NUMBER, OTHER, EARLIER, APPOINTMENT = range(5)
Ranked = tuple[int, int, Miss]
"""How far a miss is, and where its rule stands."""


def near_misses(decision: Decision, situation: Situation, rules: Rules) -> tuple[Miss, ...]:
    """The rules that nearly answered: one letter off, refused by a condition, or behind the rule that did."""
    if decision.applied and not decision.misses and not decision.later:
        return ()
    refused = (_ranked(miss, situation, rules) for miss in decision.misses)
    found = chain(refused, _behind(decision, situation, rules), _one_letter_off(decision, situation, rules))
    return tuple(miss for _, _, miss in sorted(found, key=lambda ranked: ranked[:2])[:MOST_TOLD])


def _ranked(miss: Miss, situation: Situation, rules: Rules) -> Ranked:
    rule = rules.by_name[miss.rule]
    if isinstance(rule.text, Answers) and why_no_answer(situation):
        return APPOINTMENT, rule.line, miss
    refusing = next((condition for condition in rule.conditions if condition.refusal(situation)), None)
    rank = {ToOneOf: NUMBER, FromOneOf: NUMBER, HasAppointment: APPOINTMENT}.get(type(refusing), OTHER)
    return rank, rule.line, miss


def _behind(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Ranked]:
    """The rules that would apply, had no earlier one done so."""
    if not decision.later:
        return
    first = rules.by_name[decision.applied[-1]]
    for rule in (rules.rules[position] for position in decision.later):
        if refusal_of(rule, situation) is None:
            yield (
                EARLIER,
                rule.line,
                Miss(
                    rule=rule.name,
                    line=rule.line,
                    why=f"an earlier rule applies first, {first.name} (line {first.line})",
                ),
            )


def _one_letter_off(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Ranked]:
    """Where nothing applied, the rules that the text would meet with one letter changed, added, left out or moved."""
    if decision.applied or len(situation.words) > LONGEST_READ:
        return
    missed = {miss.rule for miss in decision.misses}
    for position, alias, said in rules.nearness.find(situation.words):
        rule = rules.rules[position]
        if rule.name not in missed:
            missed.add(rule.name)
            refusal = refusal_of(rule, situation)
            more = f"; besides, {refusal}" if refusal else ""
            why = f"one letter off: {said!r} is not {alias!r}{more}"
            yield APPOINTMENT if refusal else LETTER, rule.line, Miss(rule=rule.name, line=rule.line, why=why)

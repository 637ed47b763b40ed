"""The rules of the file: the first that applies decides; others are near misses."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from responder.core.contact.effects import CloseDoubts, Effect, RecordUse, Reply
from responder.core.contact.reasons import because, reason_as_json
from responder.core.deciding.decision import UNDECIDED, Decision, Miss
from responder.core.dialogue.questions import ask_to_join, lists_that_ask
from responder.core.rules.actions import Action
from responder.core.rules.conditions import FromOneOf, HasAppointment, ToOneOf, why_no_answer, why_paused
from responder.core.rules.matching import Answers, How, Words
from responder.core.rules.rules import Rule, Rules
from responder.core.rules.situation import Match, Situation

LONGEST_READ = 20  # words of a text that is searched for words one letter off
MOST_SHOWN = 10  # near misses
LETTER, NUMBER, OTHER, EARLIER, APPOINTMENT = range(5)

Found = Iterable[tuple[int, Match]]
"""The positions of rules whose text matches, from the top."""
Ranked = tuple[int, int, Miss]
"""How near a miss is (the lower the nearer), and the line of its rule."""


def first_rule(situation: Situation, rules: Rules) -> Decision | None:
    """What the first rule that applies decides; if none does, a decision that notes the misses."""
    decision = _first_of(rules.index.matches(situation), situation, rules)
    if decision.name and situation.known.doubted_at and _is_keyword(decision, rules):
        decision = replace(decision, effects=(*decision.effects, CloseDoubts()))
    return None if decision is UNDECIDED else decision


def _is_keyword(decision: Decision, rules: Rules) -> bool:
    """Whether a rule applied that asks for the whole text, or for its first words: then the text is clear."""
    texts = (rule.text for rule in rules.rules if rule.name in decision.applied)
    return any(isinstance(text, Words) and text.how is not How.CONTAINS for text in texts)


def rule_for_answer(chosen: Situation, rules: Rules) -> Decision:
    """What the rules for answers decide about an appointment that was chosen from a list."""
    found = rules.index.matches(chosen)
    answers = ((position, match) for position, match in found if isinstance(rules.rules[position].text, Answers))
    return _first_of(answers, chosen, rules)


def _first_of(found: Found, situation: Situation, rules: Rules) -> Decision:
    applied: list[tuple[Rule, Match]] = []
    misses: list[Miss] = []
    shadowed: list[Decision] = []
    remaining = iter(found)
    for position, match in remaining:
        rule = rules.rules[position]
        if refusal := refusal_of(rule, situation, rules):
            misses.append(Miss(rule=rule.name, line=rule.line, why=refusal))
        elif rule.shadow:
            misses.append(Miss(rule=rule.name, line=rule.line, why=because("in_shadow")))
            shadowed.append(_decision_of([(rule, match)], situation, rules))
        else:
            applied.append((rule, match))
            if not rule.goes_on:
                break
    decision = UNDECIDED
    if applied:
        later = tuple([position for position, _ in remaining])
        decision = _decision_of(applied, situation, rules, later)
    return replace(decision, misses=tuple(misses), shadowed=tuple(shadowed)) if misses or shadowed else decision


def refusal_of(rule: Rule, situation: Situation, rules: Rules) -> str | None:
    """Why a rule whose text matches does not apply; None if it does."""
    if rules.pauses and (refusal := rules.why_paused(rule.name, situation.now)):
        return refusal
    if refusal := why_no_answer(situation) if isinstance(rule.text, Answers) else why_paused(situation):
        return refusal
    for condition in rule.conditions:
        if refusal := condition.refusal(situation):
            return refusal
    return rule.cooldown.refusal(situation) if rule.cooldown else None


def _decision_of(
    applied: Sequence[tuple[Rule, Match]], situation: Situation, rules: Rules, later: tuple[int, ...] = ()
) -> Decision:
    """The decision of the rules that apply. One that joins a list with double opt-in only asks for now."""
    actions: list[tuple[Match, tuple[Action, ...]]] = []
    cooldowns: list[tuple[str, ...]] = []
    uses: list[Effect] = []
    pending: list[Effect] = []
    replies: list[Reply] = []
    for rule, match in applied:
        used = (rule.cooldown.once.of,) if rule.cooldown else ()
        if used:
            uses += [RecordUse(of=of) for of in used]
        if lists := lists_that_ask(rule.actions, situation, rules):
            effects, reply = ask_to_join(rule, match, lists, situation, rules, len(replies) + 1)
            pending += effects
            replies.append(replace(reply, uses=used))
        else:
            actions.append((match, rule.actions))
            cooldowns.append(used)
    last, match = applied[-1]
    return Decision(
        name=last.name,
        match=match,
        actions=tuple(actions),
        cooldowns=tuple(cooldowns),
        effects=(*uses, *pending),
        replies=tuple(replies),
        remembers_language=not isinstance(last.text, Answers) or bool(last.text.in_languages),
        answers_question=isinstance(last.text, Answers),
        applied=(last.name,) if len(applied) == 1 else tuple(rule.name for rule, _ in applied),
        later=later,
    )


def near_misses(decision: Decision, situation: Situation, rules: Rules) -> tuple[Miss, ...]:
    """The rules that nearly answered: one letter off, refused by a condition, or below the rule that did."""
    if decision.applied and not decision.misses and not decision.later:
        return ()
    refused = (_ranked(miss, situation, rules) for miss in decision.misses)
    found = chain(refused, _behind(decision, situation, rules), _one_letter_off(decision, situation, rules))
    return tuple(miss for _, _, miss in sorted(found, key=lambda ranked: ranked[:2])[:MOST_SHOWN])


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
    why = because("earlier_rule", rule=first.name, line=first.line)
    for rule in (rules.rules[position] for position in decision.later):
        if refusal_of(rule, situation, rules) is None:
            yield EARLIER, rule.line, Miss(rule=rule.name, line=rule.line, why=why)


def _one_letter_off(decision: Decision, situation: Situation, rules: Rules) -> Iterator[Ranked]:
    """If nothing applied, the rules that match once one letter is changed, added, left out or moved."""
    if decision.applied or len(situation.words) > LONGEST_READ:
        return
    missed = {miss.rule for miss in decision.misses}
    for position, alias, said in rules.nearness.find(situation.words):
        rule = rules.rules[position]
        if rule.name not in missed:
            missed.add(rule.name)
            refusal = refusal_of(rule, situation, rules)
            more = f"; besides, {refusal}" if refusal else ""
            also = {"also": reason_as_json(refusal)} if refusal else {}
            why = because("one_letter_off", said=said, alias=alias, besides=more, **also)
            yield APPOINTMENT if refusal else LETTER, rule.line, Miss(rule=rule.name, line=rule.line, why=why)

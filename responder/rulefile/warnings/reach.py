"""Rules that apply never or too rarely: their conditions cannot hold, or an earlier rule takes their texts."""

from collections.abc import Iterator

from responder.core.deciding.decision import Decision
from responder.core.rehearsal.circumstances import Circumstances
from responder.core.rules.conditions import Condition, FromOneOf, ToOneOf
from responder.core.rules.hours import Until
from responder.core.rules.matching import Answers, How, Words
from responder.core.rules.rules import Rule
from responder.core.sms.text import fold
from responder.rulefile.warnings.survey import FILLER, Caution, Code, Probe, Reached, Survey

Blocked = tuple[Probe, str, Rule]
"""What a rule asks for, the text that shows it, and the earlier rule which that text reaches."""


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each rule that cannot apply, and each that an earlier one gets in the way of."""
    for rule in survey.enabled:
        if why := _why_never(rule, survey):
            text = next((probe.bare for probe in survey.probes(rule)), FILLER)
            reached = Reached(text=text, given=survey.plain)
            goes = f'"{text}" reaches {survey.decide(text, survey.plain).name or "no rule"}'
            yield survey.caution(Code.NEVER_HOLDS, survey.mistake(rule, f"{goes}, since {why}"), reached)
    yield from _kept_from(survey)


def _why_never(rule: Rule, survey: Survey) -> str | None:
    """Why the conditions of a rule do not hold any more, or never did, with the remedy."""
    ends = (condition for condition in rule.conditions if isinstance(condition, Until))
    if past := next((until for until in ends if until.moment <= survey.now), None):
        return f"'until' ({past.source}) is past: change the date, or remove the rule"
    if survey.given(rule) is None:
        return "no moment and no number was found for which all its conditions hold: remove one of them"
    return None


def _kept_from(survey: Survey) -> Iterator[Caution]:
    """For each rule, and each earlier one in its way, the first text that shows it."""
    for rule in survey.enabled:
        given = survey.given(rule)
        if given is None:
            continue
        probes = list(survey.probes(rule))
        blocked = [
            (probe, text, other)
            for probe in probes
            if (found := _blocked(probe, rule, given, survey))
            for text, other in (found,)
        ]
        named: set[str] = set()
        for probe, text, other in blocked:
            if other.name not in named:
                named.add(other.name)
                is_never = len(blocked) == len(probes)
                yield _caution(rule, (probe, text, other), given, survey, is_never=is_never)


def _blocked(probe: Probe, rule: Rule, given: Circumstances, survey: Survey) -> tuple[str, Rule] | None:
    """The text that an earlier rule takes whatever else is known, and that rule. None if it reaches this one."""
    other = _taker(survey.decide(probe.wide, given), rule, survey)
    if other is None or not _always_too(other, rule):
        return None
    is_shown_bare = _taker(survey.decide(probe.bare, given), rule, survey) is other
    return (probe.bare if is_shown_bare else probe.wide), other


def _taker(decision: Decision, rule: Rule, survey: Survey) -> Rule | None:
    """The earlier rule that a decision gives the text to."""
    if rule.name in decision.met or not decision.applied:
        return None
    position = survey.positions[decision.applied[-1]]
    other = survey.rules.rules[position]
    return other if position < survey.positions[rule.name] and not other.goes_on else None


def _always_too(other: Rule, rule: Rule) -> bool:
    """Whether all that the earlier rule asks beside the text holds wherever the later one's conditions do."""
    if other.cooldown is not None:
        return False
    if isinstance(other.text, Answers) and not isinstance(rule.text, Answers):
        return False
    return all(any(_implies(own, required) for own in rule.conditions) for required in other.conditions)


def _implies(own: Condition, required: Condition) -> bool:
    if isinstance(own, ToOneOf) and isinstance(required, ToOneOf):
        return own.numbers <= required.numbers
    if isinstance(own, FromOneOf) and isinstance(required, FromOneOf):
        return own.numbers <= required.numbers
    return own == required


def _caution(rule: Rule, blocked: Blocked, given: Circumstances, survey: Survey, *, is_never: bool) -> Caution:
    probe, text, other = blocked
    where = f"line {other.line}" if other.file == rule.file else f"{other.file}, line {other.line}"
    shows = f'"{text}" reaches {other.name} ({where}) before {rule.name} (line {rule.line})'
    words = other.text if isinstance(other.text, Words) and other.text.how is How.TEXT else None
    if words and fold(text) in {alias.folded for alias in words.aliases}:
        never = f", so {rule.name} can never apply" if is_never else ""
        code, why = Code.SAME_TEXT, f"both have the same text{never}: remove it from one of them"
    elif is_never:
        code, why = Code.NEVER_APPLIES, f"{rule.name} can never apply: put it above {other.name}, or remove it"
    else:
        code, why = Code.PARTLY_APPLIES, f"{rule.name} applies only to its other words: put it above {other.name}"
    mistake = survey.mistake(rule, f"{shows}; {why}", probe.place)
    return Caution(code=code, mistake=mistake, witness=text, given=given, rule=other.name)

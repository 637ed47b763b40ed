"""Texts that do not reach their rule: it cannot hold, an earlier rule takes them, or they mean something else."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from responder.core.deciding.decision import Decision
from responder.core.rehearsal.circumstances import Circumstances, with_appointment
from responder.core.rules.conditions import Condition, FromOneOf, ToOneOf
from responder.core.rules.hours import Until
from responder.core.rules.matching import Answers, How, Words
from responder.core.rules.rules import Rule
from responder.core.sms.text import fold
from responder.rulefile.reading.places import Typed
from responder.rulefile.warnings.survey import FILLER, Caution, Code, Probe, Reached, Survey

Blocked = tuple[Probe, str, Rule]
"""What a rule asks for, the text that shows it, and the earlier rule which that text reaches."""
RESERVED_PREFIX = "reserved:"
STOP = "reserved:stop"
NORTH_AMERICA = "+12025550123"
MANY = "many platforms"
OPT_OUT_ELSEWHERE = {  # what platforms do by themselves, before a text gets here (opt-out reference, section 2)
    "stop": MANY, "stopall": "Twilio, Telnyx and Braze", "stop all": "Telnyx and Plivo", "unsubscribe": MANY,
    "unsub": "Plivo", "cancel": MANY, "end": MANY, "quit": MANY, "revoke": "Twilio, Sinch and Klaviyo",
    "optout": "Twilio, AWS and Sinch", "opt out": "AWS, Sinch and Klaviyo", "remove": "AWS", "td": "AWS",
    "arret": "Twilio and AWS", "arrete": "Twilio", "arrett": "Twilio", "no": "Adobe Journey Optimizer",
}  # fmt: skip
OPT_IN_ELSEWHERE = {
    "start": MANY, "unstop": MANY, "yes": "Twilio, Plivo, Braze and Klaviyo", "y": "Klaviyo",
    "resume": "Plivo and Adobe Journey Optimizer", "resume all": "Plivo", "go": "Plivo",
    "subscribe": "Sinch and Adobe Journey Optimizer", "join": "Vonage", "continue": "Adobe Journey Optimizer",
    "begin": "Adobe Journey Optimizer", "nonarret": "networks in Canada",
}  # fmt: skip


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each rule that cannot apply, each that an earlier one gets in the way of, and each word that others take."""
    for rule in survey.enabled:
        if why := _why_never(rule, survey):
            text = next((probe.bare for probe in survey.probes(rule)), FILLER)
            reached = Reached(text=text, given=survey.plain)
            goes = f'"{text}" reaches {survey.decide(text, survey.plain).name or "no rule"}'
            yield survey.caution(Code.NEVER_HOLDS, survey.mistake(rule, f"{goes}, since {why}"), reached)
    yield from _kept_from(survey)
    yield from _taken_words(survey)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What else a word means, where, and which rule it reaches there."""

    code: Code
    sentence: str
    given: Circumstances
    rule: str | None


def _taken_words(survey: Survey) -> Iterator[Caution]:
    """Each word of a rule that means something else, with what happens instead."""
    for rule in survey.enabled:
        given = survey.given(rule)
        if given is None or not isinstance(rule.text, Words):
            continue
        for word in survey.typed(rule):
            if meanings := list(_meanings(word, rule, given, survey)):
                first = meanings[0]
                alone = "" if rule.text.how is How.TEXT else " alone"
                text = (
                    f'"{word.typed}"{alone} {"; ".join(meaning.sentence for meaning in meanings)}: choose another word'
                )
                mistake = survey.mistake(rule, text, word.place)
                yield Caution(code=first.code, mistake=mistake, witness=word.typed, given=first.given, rule=first.rule)


def _meanings(word: Typed, rule: Rule, given: Circumstances, survey: Survey) -> Iterator[Meaning]:
    """All that a word also means; a word that is reserved for everybody means nothing else."""
    name = survey.decide(word.typed, given).name
    if name and name.startswith(RESERVED_PREFIX):
        sentence = f"is a reserved word and reaches {name}, not {rule.name}"
        yield Meaning(code=Code.RESERVED_WORD, sentence=sentence, given=given, rule=name)
        return
    if not _is_suspicious(word.folded, survey):
        return
    yield from _reserved_for_some(word, rule, given, survey)
    yield from _answers(word, rule, given, survey)
    if platforms := OPT_OUT_ELSEWHERE.get(word.folded):
        sentence = f"is taken for an opt-out by {platforms}, which then let nothing more through to the number"
        yield Meaning(code=Code.PLATFORM_WORD, sentence=sentence, given=given, rule=name)
    elif platforms := OPT_IN_ELSEWHERE.get(word.folded):
        sentence = f"is taken for an opt-in by {platforms}, also from somebody who said STOP"
        yield Meaning(code=Code.PLATFORM_WORD, sentence=sentence, given=given, rule=name)


def _is_suspicious(folded: str, survey: Survey) -> bool:
    here, there = survey.rules.vocabulary.everywhere, survey.rules.vocabulary.of(NORTH_AMERICA)
    sets = (here.opt_in, here.opt_out, here.help, here.answers, there.opt_out, OPT_OUT_ELSEWHERE, OPT_IN_ELSEWHERE)
    return any(folded in words for words in sets)


def _reserved_for_some(word: Typed, rule: Rule, given: Circumstances, survey: Survey) -> Iterator[Meaning]:
    abroad = replace(given, known=replace(given.known, originator=NORTH_AMERICA))
    if survey.decide(word.typed, abroad).name == STOP:
        sentence = f"from a +1 number is an opt-out and reaches {STOP}"
        yield Meaning(code=Code.RESERVED_WORD, sentence=sentence, given=abroad, rule=STOP)
    gone = replace(given, known=replace(given.known, opted_out=True))
    name = survey.decide(word.typed, gone).name
    if name and name.startswith(RESERVED_PREFIX):
        sentence = f"from somebody who said STOP reaches {name}, not {rule.name}"
        yield Meaning(code=Code.RESERVED_WORD, sentence=sentence, given=gone, rule=name)


def _answers(word: Typed, rule: Rule, given: Circumstances, survey: Survey) -> Iterator[Meaning]:
    """Where the word is the answer to an appointment, and a rule above takes it."""
    expecting = with_appointment(given)
    name = survey.decide(word.typed, expecting).name
    position = survey.positions.get(name or "")
    is_above = position is not None and position < survey.positions[rule.name]
    if name and is_above and isinstance(survey.rules.by_name[name].text, Answers):
        sentence = f"is an answer while an appointment is open, and reaches {name} (line {survey.lines[name]})"
        yield Meaning(code=Code.RESERVED_WORD, sentence=sentence, given=expecting, rule=name)

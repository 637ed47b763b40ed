"""Words of rules that mean something else as well: here, or to the platforms that texts pass through."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from responder.core.rehearsal.circumstances import Circumstances, with_appointment
from responder.core.rules.matching import Answers, How, Words
from responder.core.rules.rules import Rule
from responder.rulefile.reading.places import Typed
from responder.rulefile.warnings.survey import Caution, Code, Survey

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What else a word means, where, and which rule it reaches there."""

    code: Code
    sentence: str
    given: Circumstances
    rule: str | None


def cautions(survey: Survey) -> Iterator[Caution]:
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

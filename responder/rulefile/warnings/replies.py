"""Texts that cost more than one SMS or say something else than was meant, also those that go out without a rule."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from responder.core.contact.known import Appointment
from responder.core.contact.question import Ask
from responder.core.deciding.decision import QUESTION, Decision
from responder.core.recognition.outcome import RULE_NAMES, Outcome
from responder.core.recognition.packs import Answer
from responder.core.rehearsal.circumstances import Circumstances, with_appointment, with_subscriptions
from responder.core.rules.rules import KEYWORDS, LEFT, Rule
from responder.core.rules.template import Texts
from responder.core.sms.text import BASIC, EXTENDED, GSM_ONE, UCS2_ONE, Size, fold, size
from responder.rulefile.reading.nodes import Place, Scalar
from responder.rulefile.reading.places import Source, Spot, Typed
from responder.rulefile.warnings.habits import reached_fallback
from responder.rulefile.warnings.survey import FILLER, Caution, Code, Reached, Survey
from responder.rulefile.warnings.texts import Sent, sent_of, texts_of_fallback, texts_of_reserved, texts_of_rules
from responder.rulefile.warnings.wording import SUBSCRIBE, lists_of

SECTION = "appointments"
SEVERAL = ("a1", "a2", "a3")
A_WHILE = timedelta(hours=1)
MOST_WORDS = 5  # for one answer in one language
UCS2 = "UCS-2"
MOST_NAMED = 3  # characters
SINGLE_BRACES = re.compile(r"(?<!\{)\{\s*([A-Za-z_]+(?:\.[A-Za-z_]+)*)\s*\}(?!\})")
CURLY = re.compile(r"[“”„‟‘‚«»].*[“”‘’«»]", re.DOTALL)
WORD_AT_COMMENT = re.compile(r"\s+#(?=\S)")
TEXT_AT_COMMENT = re.compile(r"\s+#(?=\S)|[ \t]#(?=[ \t]*\S)")
"""A comment has two blanks before its # and one behind it; with one before it, it most likely belongs to a text."""
MOST_LINES = 30  # of a text that is not in quotes
LONGEST_SHOWN = 40  # characters of what is cut off


def every_text(survey: Survey) -> Iterator[Sent]:
    yield from (sent for _, sent in texts_of_rules(survey))
    yield from texts_of_fallback(survey, reached_fallback(survey))
    yield from chain.from_iterable(texts_of_reserved(survey, keyword) for keyword in KEYWORDS)
    without_rule = (_about_appointments, _reminders, _questions_of_lists, _left, _notice)
    yield from chain.from_iterable(texts(survey) for texts in without_rule)


def _about_appointments(survey: Survey) -> Iterator[Sent]:
    """The texts ``which``, ``late`` and ``unclear``; the first is asked only where a rule takes the answer."""
    policy, open_one = survey.rules.appointments, with_appointment(survey.plain)
    brought_about: tuple[tuple[str, Texts | None, Callable[[], Reached | None]], ...] = (
        ("which", policy.which, lambda: _leading(_answers(survey), _of_several(open_one), survey, asks=True)),
        ("late", policy.late, lambda: _leading(_answers(survey), _begun(open_one), survey)),
        ("unclear", policy.unclear, lambda: _leading([FILLER], open_one, survey)),
    )
    for name, texts, find in brought_about:
        found = survey.sources.section(SECTION, name)
        if texts and found and (reached := find()):
            yield from sent_of(texts, found, f"{SECTION}, {name}", reached)


def _answers(survey: Survey) -> Iterator[str]:
    """Some words for each answer in each language: the packs have thousands, all treated alike."""
    counts: Counter[tuple[Answer, str | None]] = Counter()
    for word, meaning in survey.rules.vocabulary.everywhere.answers.items():
        counts[meaning] += 1
        if counts[meaning] <= MOST_WORDS:
            yield word


def _leading(texts: Iterable[str], given: Circumstances, survey: Survey, *, asks: bool = False) -> Reached | None:
    """The first of some texts that something other than a rule answers; with ``asks``, by a question."""
    decided = ((text, survey.decide(text, given)) for text in texts)
    reached = (Reached(text=text, given=given) for text, decision in decided if _is_beside(decision, asks=asks))
    return next(reached, None)


def _is_beside(decision: Decision, *, asks: bool) -> bool:
    is_asked = any(isinstance(effect, Ask) for effect in decision.effects)
    return decision.name == QUESTION and bool(decision.replies) and is_asked is asks


def _of_several(given: Circumstances) -> Circumstances:
    (one,) = given.known.appointments
    return _with(given, *(replace(one, id=name) for name in SEVERAL))


def _begun(given: Circumstances) -> Circumstances:
    (one,) = given.known.appointments
    return _with(given, replace(one, starts_at=given.at - A_WHILE, asked_at=given.at - 2 * A_WHILE))


def _with(given: Circumstances, *appointments: Appointment) -> Circumstances:
    return replace(given, known=replace(given.known, appointments=appointments))


def _reminders(survey: Survey) -> Iterator[Sent]:
    for reminder in survey.rules.appointments.reminders:
        found = survey.sources.section(SECTION, "reminders")
        occasion = f"sent {reminder.name} before the start"
        yield from sent_of(reminder.text, found, f"{SECTION}, reminder", occasion=occasion)


def _questions_of_lists(survey: Survey) -> Iterator[Sent]:
    for name, entry in survey.rules.lists.items():
        joining = [rule for rule in survey.enabled if entry.double_opt_in and name in lists_of(rule, SUBSCRIBE)]
        if reached := next(filter(None, map(survey.reached, joining)), None):
            found = survey.sources.section("lists", name, "question")
            yield from sent_of(entry.question, found, f'list "{name}"', reached, title=entry.title)


def _left(survey: Survey) -> Iterator[Sent]:
    """The reply to somebody who leaves a list by STOP and its name."""
    if longest := max(survey.rules.lists.values(), key=lambda entry: len(entry.title), default=None):
        reached = Reached(text=f"STOP {longest.name}", given=with_subscriptions(survey.plain, longest.name))
        found = survey.sources.section("reserved", "stop", LEFT)
        if survey.decide(reached.text, reached.given).name == RULE_NAMES[Outcome.OPT_OUT]:
            texts = survey.rules.reserved_texts[LEFT]
            yield from sent_of(texts, found, 'reserved "stop", left', reached, title=longest.title)


def _notice(survey: Survey) -> Iterator[Sent]:
    if notice := survey.rules.limits.notice:
        found = survey.sources.section("limits", "notice")
        yield from sent_of(notice, found, "limits, notice", occasion="sent before we fall silent")


def cautions(survey: Survey) -> Iterator[Caution]:
    """Each text that is costly, has a value in single braces, or is cut off at a comment."""
    for sent in every_text(survey):
        if caution := _cost(sent, survey):
            yield caution
        if found := SINGLE_BRACES.search(sent.template.source):
            text = f'"{found[0]}" is sent as it stands: write {{{{ {found[1]} }}}} for the value ({sent.when})'
            mistake = sent.spot(found.start()).mistake(f"{sent.owner}: {text}")
            yield survey.caution(Code.SINGLE_BRACES, mistake, sent.reached)
        yield from _curly_quotes(sent, survey)
        yield from _cut_off(TEXT_AT_COMMENT, sent.source, sent.scalar, sent.owner, sent.when, sent.reached, survey)
    for rule in survey.enabled:
        given, placed = survey.given(rule), survey.sources.rules.get(rule.name)
        if given is None or placed is None:
            continue
        for word in survey.typed(rule):
            scalar, reached = Scalar(place=word.place, text=word.typed), Reached(text=word.typed, given=given)
            compared = f'"{word.typed}" is what is compared'
            yield from _one_keyword(rule, word, reached, survey)
            yield from _cut_off(WORD_AT_COMMENT, placed[0], scalar, f'rule "{rule.name}"', compared, reached, survey)


def _one_keyword(rule: Rule, word: Typed, reached: Reached, survey: Survey) -> Iterator[Caution]:
    """The warning of a word with a comma inside, which no example shows to be meant as one."""
    parts = [part.strip() for part in word.typed.split(",")]
    if len(parts) > 1 and all(map(fold, parts)) and not any(word.folded in fold(text) for text in rule.examples):
        text = f'"{word.typed}" is one text, and "{parts[0]}" alone is not: write [{", ".join(parts)}] for several'
        mistake = survey.mistake(rule, f"{text}, or show by an example that it is meant so", word.place)
        yield survey.caution(Code.ONE_KEYWORD, mistake, reached)


def _curly_quotes(sent: Sent, survey: Survey) -> Iterator[Caution]:
    """The warning of a text between the quotes of a word processor, which are no quotes of this file."""
    line = sent.source.lines[sent.scalar.place.line - 1] if sent.scalar.place.line <= len(sent.source.lines) else ""
    is_bare = line.startswith(sent.scalar.text[:1], sent.scalar.place.column - 1)
    if is_bare and CURLY.fullmatch(sent.scalar.text):
        first, last = sent.scalar.text[0], sent.scalar.text[-1]
        remedy = 'write " " in their place'
        text = f"the quotes {first}{last} of a word processor are sent as they stand: {remedy} ({sent.when})"
        yield survey.caution(Code.CURLY_QUOTES, sent.spot().mistake(f"{sent.owner}: {text}"), sent.reached)


def _cut_off(
    comment: re.Pattern[str],
    source: Source,
    scalar: Scalar,
    owner: str,
    when: str,
    reached: Reached | None,
    survey: Survey,
) -> Iterator[Caution]:
    """The warning of a text that ends at a #, if what follows does not look like a comment."""
    place = _end_of(scalar, source)
    line = source.lines[place.line - 1] if place else ""
    if place is None or not comment.match(line, place.column - 1):
        return
    cut = line[place.column - 1 :].strip()
    shown = cut if len(cut) <= LONGEST_SHOWN else f"{cut[:LONGEST_SHOWN]}…"
    text = f'the text ends before "{shown}", which is a comment: put all of it between " " ({when})'
    spot = Spot(file=source.file, place=replace(place, column=place.column + 1))
    yield survey.caution(Code.CUT_OFF, spot.mistake(f"{owner}: {text}"), reached)


def _end_of(scalar: Scalar, source: Source) -> Place | None:
    """Where a text that is not in quotes ends in the file; None for any other."""
    first = scalar.place.line - 1
    below = "\n".join(source.lines[first : first + MOST_LINES])
    words = scalar.text.split() if "#" in below else []
    found = re.compile(r"\s+".join(map(re.escape, words))).match(below, scalar.place.column - 1) if words else None
    if found is None:
        return None
    before = below[: found.end()]
    return Place(line=scalar.place.line + before.count("\n"), column=found.end() - before.rfind("\n"))


def _cost(sent: Sent, survey: Survey) -> Caution | None:
    worst = sent.worst()
    counted = size(worst)
    is_allowed = counted.segments <= (sent.most or 1) and (counted.encoding != UCS2 or sent.most is not None)
    if is_allowed:
        return None
    foreign = [c for c in dict.fromkeys(worst) if c not in BASIC and c not in EXTENDED]
    place = sent.spot(max(0, sent.template.source.find(foreign[0]))) if foreign else sent.spot()
    text = _alphabet(sent, worst, counted, foreign) if foreign else _segments(sent, worst, counted)
    mistake = place.mistake(f"{sent.owner}: {text} ({sent.when})")
    return survey.caution(Code.ALPHABET if foreign else Code.SEGMENTS, mistake, sent.reached)


def _alphabet(sent: Sent, worst: str, counted: Size, foreign: list[str]) -> str:
    """Which characters make the text long, where they are, and its size without them."""
    named = ", ".join(f'"{c}" (U+{ord(c):04X}, character {worst.index(c) + 1})' for c in foreign[:MOST_NAMED])
    more = f" and {len(foreign) - MOST_NAMED} more" if len(foreign) > MOST_NAMED else ""
    without = size("".join(c if c in BASIC or c in EXTENDED else " " for c in worst))
    are, them = ("is", "it") if len(foreign) == 1 else ("are", "them")
    takes = (
        f"{are} not in the SMS alphabet, so the text takes {_in_words(counted)}; without {them} {_in_words(without)}"
    )
    return f"{named}{more} {takes}{_filled(sent, worst)}"


def _segments(sent: Sent, worst: str, counted: Size) -> str:
    one = GSM_ONE if counted.encoding != UCS2 else UCS2_ONE
    return (
        f"the text takes {_in_words(counted)}, one holds {one}: shorten it by "
        f"{counted.units - one}{_filled(sent, worst)}"
    )


def _filled(sent: Sent, worst: str) -> str:
    return "" if worst == sent.template.source else ", counted with its values filled in at their longest"


def _in_words(counted: Size) -> str:
    """A size in words.

    >>> _in_words(size("Hello"))
    '1 segment (GSM-7, 5 units)'
    """
    return (
        f"{counted.segments} segment{'s' if counted.segments > 1 else ''} ({counted.encoding}, {counted.units} units)"
    )

"""Texts that cost more than one SMS, and texts that say something else than their author meant."""

import re
from collections.abc import Iterator
from dataclasses import replace

from responder.core.rules.rules import Rule
from responder.core.sms.text import BASIC, EXTENDED, GSM_ONE, UCS2_ONE, Size, fold, size
from responder.rulefile.reading.nodes import Place, Scalar
from responder.rulefile.reading.places import Source, Spot, Typed
from responder.rulefile.warnings.beside import every_text
from responder.rulefile.warnings.survey import Caution, Code, Reached, Survey
from responder.rulefile.warnings.texts import Sent

UCS2 = "UCS-2"
MOST_NAMED = 3  # characters
SINGLE_BRACES = re.compile(r"(?<!\{)\{\s*([A-Za-z_]+(?:\.[A-Za-z_]+)*)\s*\}(?!\})")
CURLY = re.compile(r"[“”„‟‘‚«»].*[“”‘’«»]", re.DOTALL)
WORD_AT_COMMENT = re.compile(r"\s+#(?=\S)")
TEXT_AT_COMMENT = re.compile(r"\s+#(?=\S)|[ \t]#(?=[ \t]*\S)")
"""A comment has two blanks before its # and one behind it; with one before it, it most likely belongs to a text."""
MOST_LINES = 30  # of a text that is not in quotes
LONGEST_SHOWN = 40  # characters of what is cut off


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

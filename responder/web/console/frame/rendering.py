"""Templates: what is handed to them is escaped, and what is missing is a fault, not a blank."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from responder.core.contact.question import QuestionKind
from responder.core.contact.reasons import Reason, heading
from responder.web.console.frame.assets import assets
from responder.web.console.frame.language import FOLDER, LANGUAGES, SETTINGS, Catalogue, word_of

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ORDINARY = frozenset("\n\t")
MOMENTS = ("until", "leaves_at")  # fields of acts
OPT_IN_QUESTION = "opt_in_question"
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})
JOINER = "\u200d"  # holds the parts of an emoji together


class Piece(NamedTuple):
    """A stretch of a text, or one character of it that nobody could see, as a mark."""

    text: str
    is_mark: bool


def pieces(text: str) -> Iterator[Piece]:
    """The text with its control and direction characters apart, so that none of them does anything.

    >>> [piece.text for piece in pieces("a\\u202eb")]
    ['a', 'U+202E', 'b']
    """
    begin = 0
    for place, letter in enumerate(text):
        if letter not in ORDINARY and letter != JOINER and unicodedata.category(letter) in INVISIBLE:
            if begin < place:
                yield Piece(text[begin:place], is_mark=False)
            yield Piece(f"U+{ord(letter):04X}", is_mark=True)
            begin = place + 1
    if begin < len(text):
        yield Piece(text[begin:], is_mark=False)


@cache
def environment() -> Environment:
    folder = Path(str(files(FOLDER).joinpath("templates")))
    found = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.install_gettext_callables(_one, _count, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    found.filters.update(
        pieces=pieces,
        reason=reason,
        said=said,
        setting=setting,
        set_to=set_to,
        local=local,
        day=day,
        word=word,
        utc=utc,
        number=number,
        clock=clock,
        there=there,
    )
    found.globals.update(assets=assets(), languages=LANGUAGES)
    return found


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template filled in; ``words``, ``zone`` and ``now`` have to be among the values."""
    return environment().get_template(template).render(values)


def macro(template: str, name: str, values: Mapping[str, Any]) -> Callable[..., str]:
    """A macro of a template with what every page has at hand: called often, it costs half of a template each time."""
    found: Callable[..., str] = getattr(environment().get_template(template).make_module(dict(values)), name)
    return found


@pass_context
def _one(context: Context, sentence: str) -> str:
    return _words(context).one(sentence)


@pass_context
def _count(context: Context, one: str, many: str, number: int) -> str:
    return _words(context).count(one, many, number)


@pass_context
def word(context: Context, value: object) -> str:
    """What a status, a kind or a reason is called in the reader's language."""
    return _words(context).one(word_of(str(value)))


@pass_context
def setting(context: Context, name: str) -> str:
    """What a field of an act is called in the reader's language."""
    return _words(context).one(SETTINGS.get(name, name))


@pass_context
def set_to(context: Context, value: object, name: str) -> str:
    """What a field of an act holds, as people say it."""
    match value:
        case str() if name in MOMENTS:
            return local(context, datetime.fromisoformat(value))
        case str() if name in ("reason", "status", "because"):
            return said(context, value)
        case str() if name == "kind":
            return word(context, OPT_IN_QUESTION if value == QuestionKind.OPT_IN else value)
        case Mapping():
            return ", ".join(f"{inner}: {one}" for inner, one in value.items())
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


class Told(NamedTuple):
    """A sentence, and whether it is an English one on a page of another language."""

    text: str
    is_english: bool


@pass_context
def reason(context: Context, stored: str, is_heading: bool = False) -> Told:  # noqa: FBT001, FBT002  (a filter's)
    """A reason in the reader's language, as far as it is more than a sentence; all of it, or its heading."""
    words = _words(context)
    said = words.why(stored)
    return Told(
        text=heading(said) if is_heading else said, is_english=words.language != "en" and not isinstance(stored, Reason)
    )


@pass_context
def said(context: Context, stored: str) -> str:
    """What somebody gave as a reason, or a reason of ours in the reader's language."""
    return _words(context).why(stored)


@pass_context
def local(context: Context, moment: datetime) -> str:
    """A time as people say it: the hour alone where it was today, with the day where it was not."""
    there = moment.astimezone(_zone(context))
    today = _now(context).astimezone(_zone(context)).date()
    clock = f"{there:%H:%M}"
    if there.date() == today:
        return clock
    year = "" if there.year == today.year else f" {there.year}"
    return f"{there.day} {_words(context).one(MONTHS[there.month - 1])}{year}, {clock}"


@pass_context
def day(context: Context, given: date) -> str:
    """A day as people say it, with its name."""
    words = _words(context)
    year = "" if given.year == _now(context).astimezone(_zone(context)).year else f" {given.year}"
    return f"{words.one(DAYS[given.weekday()])} {given.day} {words.one(MONTHS[given.month - 1])}{year}"


@pass_context
def clock(context: Context, moment: datetime) -> str:
    """The hour of a time, where the day is known."""
    return f"{there(context, moment):%H:%M}"


@pass_context
def there(context: Context, moment: datetime) -> datetime:
    """A time in the zone of the rules file."""
    return moment.astimezone(_zone(context))


def utc(moment: datetime) -> str:
    """A time to the second, for machines and for whoever points at it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@pass_context
def number(context: Context, count: int) -> str:
    return f"{count:,}".replace(",", "." if _words(context).language == "it" else ",")


def _words(context: Context) -> Catalogue:
    words: Catalogue = context["words"]
    return words


def _zone(context: Context) -> ZoneInfo:
    zone: ZoneInfo = context["zone"]
    return zone


def _now(context: Context) -> datetime:
    now: datetime = context["now"]
    return now

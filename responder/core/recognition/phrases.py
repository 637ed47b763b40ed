"""Phrases that may stand anywhere in a text, written short, and found all at once."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import re2

from responder.core.recognition.courtesy import PARTICLES
from responder.core.sms.text import fold

MARKS = re.compile(r"[{}\[\]|]|[^{}\[\]|]+")
OPENED = {"{": "(?:", "[": "(?:", "}": ")", "]": ")?", "|": "|"}
_NAME = f"(?: {' | '.join(sorted(PARTICLES))} )* [^ ]+ "
LARGEST = 64 << 20  # bytes for the phrases of a few languages together


class BadPhrase(ValueError):
    """A phrase that cannot be read, and why."""


class Span(NamedTuple):
    """Where a phrase stands in a text, and which of the phrases it is."""

    start: int
    end: int
    position: int


class Spans:
    """Where some phrases stand; asking about thousands of them costs no more than about one."""

    def __init__(self, spans: Sequence[Span]) -> None:
        by_start = sorted(spans)
        self._starts = [span.start for span in by_start]
        # how far the first of them, taken together, reach
        self._ends = list(accumulate((span.end for span in by_start), max))

    def overlaps(self, span: Span) -> bool:
        return self._reach(span.end) > span.start

    def undoes(self, span: Span) -> bool:
        """Whether one of them overlaps a span without lying inside it, and so changes what it means."""
        return self._reach(span.start) > span.start or self._reach(span.end) > span.end

    def _reach(self, before: int) -> int:
        count = bisect_left(self._starts, before)
        return self._ends[count - 1] if count else 0


def expression(source: str) -> str:
    """The regular expression of a phrase.

    ``{one|other}`` is a choice, ``[maybe]`` may be left out, ``_`` is any word, ``@`` a word that may be a name, with
    a title before it, and ``$`` is the end of the text.

    >>> expression("stop {texting|calling} [me]")
    ' stop (?: texting | calling )(?: me )?'
    """
    built = "".join(OPENED.get(mark) or _words(mark) for mark in MARKS.findall(source))
    if (
        source.count("{") != source.count("}")
        or source.count("[") != source.count("]")
        or not _compiles(built)
        or not telling_words(source)
    ):
        raise BadPhrase(f"{source!r} is no phrase: close each {{ and [, and leave some words outside [ ]")
    return built


def _compiles(expression: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(expression, options)
    except re2.error:
        return False
    return True


def spellings(source: str) -> tuple[str, ...]:
    """All the texts, folded, that a phrase without ``_`` and ``$`` stands for.

    >>> spellings("[Please] cancel {it|the visit}")
    ('please cancel it', 'please cancel the visit', 'cancel it', 'cancel the visit')
    """
    return tuple(dict.fromkeys(_spelt(iter(MARKS.findall(source)))))


def _spelt(marks: Iterator[str]) -> list[str]:
    """What stands up to the mark that closes, in every way in which it can be read."""
    choices: list[str] = []
    texts = [""]
    for mark in marks:
        match mark:
            case "{" | "[":
                inner = _spelt(marks) + ([""] if mark == "[" else [])
                texts = [_joined(text, other) for text in texts for other in inner]
            case "|":
                choices, texts = choices + texts, [""]
            case "}" | "]":
                break
            case _:
                folded = fold(mark)
                texts = [_joined(text, folded) for text in texts]
    return choices + texts


def words_of(source: str) -> frozenset[str]:
    """Every word that stands in a phrase.

    >>> sorted(words_of("stop {texting|calling} [me]"))
    ['calling', 'me', 'stop', 'texting']
    """
    return frozenset(word for mark in MARKS.findall(source) for word in fold(mark).split())


def telling_words(source: str) -> frozenset[str]:
    """Words of which every text that holds the phrase has one: the longest of those that it cannot be without.

    >>> sorted(telling_words("stop {texting|calling} [me]"))
    ['calling', 'texting']
    """
    return _telling(iter(MARKS.findall(source)))


def _telling(marks: Iterator[str]) -> frozenset[str]:
    """The telling words of what stands up to the mark that closes. None if it can be read without any word."""
    choices: list[frozenset[str]] = []
    best = frozenset[str]()
    for mark in marks:
        match mark:
            case "{":
                best = max(best, _telling(marks), key=_shortest)
            case "[":
                _telling(marks)
            case "|":
                choices, best = [*choices, best], frozenset()
            case "}" | "]":
                break
            case _:
                best = max([best, *(frozenset({word}) for word in fold(mark).split())], key=_shortest)
    choices.append(best)
    return frozenset[str]().union(*choices) if all(choices) else frozenset()


def _shortest(words: frozenset[str]) -> int:
    return min(map(len, words), default=0)


def _joined(text: str, other: str) -> str:
    return f"{text} {other}" if text and other else text or other


def _words(typed: str) -> str:
    return "".join(_word(word) for word in typed.split())


def _word(typed: str) -> str:
    match typed:
        case "_":
            return " [^ ]+ "
        case "@":
            return _NAME
        case "$":
            return "$"
        case _:
            return "".join(f" {re.escape(part)} " for part in fold(typed).split())


def spaced(folded: str) -> str:
    """A folded text in the form that phrases are searched in: each word with a blank of its own on both sides."""
    return f" {folded.replace(' ', '  ')} " if folded else ""


@dataclass(frozen=True)
class Phrases:
    """Phrases to look for, in the form of ``expression``."""

    expressions: Sequence[str]

    @cached_property
    def _set(self) -> Any:  # noqa: ANN401  (re2 has no types)
        options = re2.Options()
        options.max_mem = LARGEST
        built = re2.Set.SearchSet(options)
        for source in self.expressions:
            built.Add(source)
        built.Compile()
        return built

    @cached_property
    def _compiled(self) -> dict[int, Any]:
        return {}

    def find(self, text: str) -> Iterator[Span]:
        if not self.expressions:
            return
        for position in sorted(self._set.Match(text) or ()):
            compiled = self._compiled.setdefault(position, None) or re2.compile(self.expressions[position])
            self._compiled[position] = compiled
            yield from (Span(found.start(), found.end(), position) for found in compiled.finditer(text))

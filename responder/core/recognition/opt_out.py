"""Opting out, in the many ways in which people say it (steps 1 to 4)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from responder.core.recognition.aim import Aim, aim_of
from responder.core.recognition.courtesy import is_initial, ways_without_names
from responder.core.recognition.lexicon import Kind, Lexicon
from responder.core.recognition.outcome import Outcome, Recognition
from responder.core.recognition.packs import TELLING, Word, bare, first_letters
from responder.core.recognition.parts import Parts
from responder.core.recognition.phrases import Span
from responder.core.sms.text import fold

MOST_PHRASES = 20  # whose sentences are looked at, so that no text can hold a worker
SEVERAL = 3  # gaps of a text that has two words
LONGEST_BARE = 2000  # characters that are compared letter by letter: somebody who holds a key down
LONGEST_SCOPE = 2  # words after STOP that may be a category which nobody knows
LONGEST_WORD = 4  # words of an opt-out word that a list may follow
LONGEST_HOUR = 2  # digits
CODE = re.compile(r"(?P<word>\D+)[0-9]{3,6}")  # a short code after the word, as in STOP 36111


def read_opt_out(text: Parts) -> Recognition | None:
    """The opt-out that steps 1 to 4 find; None if they find none."""
    if word := text.lexicon.opt_out.get(text.folded):
        return _as_opt_out(text, word, 1)
    return (
        _line(text)
        or _signed(text)
        or _scoped(text)
        or _slurred(text)
        or _phrase(text)
        or _unknown_scope(text)
        or _anywhere(text)
    )


def _as_opt_out(text: Parts, word: Word, step: int) -> Recognition | None:
    """An opt-out, unless the word yields to an open question: then the answer, if it is one, or else a doubt."""
    if not (word.yields and text.question_open):
        return Recognition(outcome=Outcome.OPT_OUT, step=step, word=word)
    is_answer = fold(word.typed) in text.lexicon.answers
    if text.lexicon.is_north_american:
        return Recognition(outcome=Outcome.OPT_OUT, step=step, word=word, also_cancels=is_answer)
    return None if is_answer else Recognition(outcome=Outcome.REVIEW, step=step, word=word)


def _line(text: Parts) -> Recognition | None:
    """Step 2: the first line is a word for stop and nothing else, whatever the others quote or say."""
    if len(text.gaps) < SEVERAL or text.gaps[1] != "\n" or text.own_words[0] not in text.lexicon.stops:
        return None
    return _as_opt_out(text, text.lexicon.stops[text.own_words[0]], 2)


def _signed(text: Parts) -> Recognition | None:
    """Step 2: an opt-out word with a name or a kiss behind it, as people end a letter."""
    for words in ways_without_names(text.written, text.lexicon.packed, frozenset()):
        behind = text.own_words[len(words) :]
        is_end = bool(words and behind) and (text.gaps[len(words)] != "" or all(map(is_initial, behind)))
        word = text.lexicon.opt_out.get(" ".join(text.lexicon.plain(words))) if is_end else None
        if word:
            return _as_opt_out(text, word, 2)
    return None


def _scoped(text: Parts) -> Recognition | None:
    """Step 2: an opt-out word with one of the file's lists, or with words such as "list" alone."""
    words, opt_out = text.words, text.lexicon.opt_out
    first, last = text.lexicon.ends_of_opt_out
    if not words or (words[0] not in first and words[-1] not in last):
        return None
    for length in range(min(LONGEST_WORD, len(words)), 0, -1):
        if (word := opt_out.get(" ".join(words[:length]))) and (recognition := _with_rest(text, word, words[length:])):
            return recognition
        if (word := opt_out.get(" ".join(words[-length:]))) and (lists := text.lists_in(words[:-length])):
            return Recognition(outcome=Outcome.OPT_OUT, step=2, word=word, lists=lists)
    return None


def _with_rest(text: Parts, word: Word, rest: Sequence[str]) -> Recognition | None:
    if lists := text.lists_in(rest):
        return Recognition(outcome=Outcome.OPT_OUT, step=2, word=word, lists=lists)
    lexicon = text.lexicon
    if rest and rest[-1] in lexicon.nouns and all(other in lexicon.links or other in lexicon.nouns for other in rest):
        # of the messages, so it is no answer about an appointment
        return Recognition(outcome=Outcome.OPT_OUT, step=2, word=word)
    if all(other in lexicon.opt_out for other in rest):
        said = (word, *(lexicon.opt_out[other] for other in rest))
        return _as_opt_out(text, next((other for other in said if not other.yields), word), 2)
    return None


def _slurred(text: Parts) -> Recognition | None:
    """Step 2: an opt-out word said again and again, with extra blanks or letters, or followed by a short code."""
    lexicon = text.lexicon
    if len(text.folded) > LONGEST_BARE:
        return None
    for written in reversed(text.ways):
        begins = first_letters(written)
        if len(begins) == TELLING and begins not in lexicon.begins_opt_out and begins[0] != written[-1:]:
            continue
        letters = bare(written)
        code = CODE.fullmatch(letters) if letters[-1:].isdigit() else None
        if word := next(
            (
                lexicon.bare_opt_out[unit]
                for unit in _units(code["word"] if code else letters)
                if unit in lexicon.bare_opt_out
            ),
            None,
        ):
            is_another = any(
                text.folded in words for words in (lexicon.answers, lexicon.opt_in, lexicon.help, text.lists)
            )
            return None if is_another else _as_opt_out(text, word, 2)
    return None


def aimed(text: Parts) -> Iterator[tuple[Span, Aim]]:
    """The phrases that no harmless one undoes, and what each is aimed at; of one within another, the longer."""
    spans = text.said(Kind.PHRASES)[:MOST_PHRASES]
    for span in spans:
        is_within = any(one.start <= span.start and span.end <= one.end and one[:2] != span[:2] for one in spans)
        if not is_within and not text.harmless.undoes(span):
            yield span, aim_of(text, span)


def _phrase(text: Parts) -> Recognition | None:
    """Step 3, for phrases that share no word with a harmless one and are about our texts."""
    for span, aim in aimed(text):
        if aim is Aim.TEXTS or (aim is Aim.UNKNOWN and _lists_after(text, span)):
            return _by_phrase(text, span)
    return None


def _by_phrase(text: Parts, span: Span) -> Recognition | None:
    recognition = _as_opt_out(text, text.phrase_at(span), 3)
    lists = _lists_after(text, span)
    return replace(recognition, lists=lists) if recognition and lists else recognition


def _lists_after(text: Parts, span: Span) -> tuple[str, ...]:
    """The lists that a phrase is about, if nothing else follows it: ``stop sending me the news``."""
    return text.lists_in(text.lexicon.plain(text.spaced[span.end :].split()))


def _unknown_scope(text: Parts) -> Recognition | None:
    """Step 2: STOP with a category that the file does not have is a stop of everything."""
    first, rest = text.words[:1], text.words[1:]
    if not first or first[0] not in text.lexicon.stops or not 1 <= len(rest) <= LONGEST_SCOPE:
        return None
    if text.written.asks or text.said(Kind.BENIGN) or any(_is_no_scope(word, text.lexicon) for word in rest):
        return None
    return _as_opt_out(text, text.lexicon.stops[first[0]], 2)


def _anywhere(text: Parts) -> Recognition | None:
    """Step 4, unless somebody asks not to be taken off, asks about it, or means something else."""
    for span in text.said(Kind.ANYWHERE)[:MOST_PHRASES]:
        if not text.harmless.overlaps(span) and aim_of(text, span) in (Aim.TEXTS, Aim.UNKNOWN):
            return _as_opt_out(text, text.lexicon.said[span.position], 4)
    return None


def _is_no_scope(word: str, lexicon: Lexicon) -> bool:
    """Whether the word after STOP continues a sentence ("stop by"), is an hour ("stop 9"), or is none of our texts.

    The entry ``*ing`` covers every word with that ending.
    """
    unscoped = lexicon.unscoped
    is_hour = word.isdigit() and len(word) <= LONGEST_HOUR
    return word in unscoped or f"*{word[-3:]}" in unscoped or is_hour or word in lexicon.about.others


def unit_of(text: str) -> str:
    """The part that a text repeats; the text itself if it repeats none.

    >>> unit_of("stopstop"), unit_of("stop")
    ('stop', 'stop')
    """
    return text[: (text + text).find(text, 1)] if text else text


def _units(text: str) -> Iterator[str]:
    """What a text without doubled letters may repeat.

    Where a word ends with its first letter, that letter was doubled between two copies and is one now.
    """
    yield unit_of(text)
    if text and text[0] == text[-1]:
        yield text[0] + unit_of(text[1:])

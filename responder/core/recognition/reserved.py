"""Reserved keywords: STOP, START, HELP and their kin, which stand above all rules, in the many ways in which people say them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from responder.core.recognition.lexicon import Lexicon, passes_over
from responder.core.recognition.outcome import NOTHING, Outcome, Recognition, latin
from responder.core.recognition.packs import TELLING, Word, Words, bare, first_letters, without
from responder.core.recognition.phrases import Span, Spans, spaced
from responder.core.sms.lazily import lazily
from responder.core.sms.text import fold

LONGEST_BARE = 2000  # characters that are compared letter by letter: somebody who holds a key down
LONGEST_SCOPE = 2  # words behind STOP that may be a category which nobody knows
LONGEST_WORD = 4  # words of an opt-out word that a list may follow
LONGEST_HOUR = 2  # digits
LONGEST_SAID = 100  # characters of a phrase that are kept as the word
CODE = re.compile(r"(?P<word>\D+)[0-9]{3,6}")  # a short code behind the word, as in STOP 36111
NO_LISTS: Mapping[str, str] = MappingProxyType({})


def recognise(
    folded: str,
    lexicon: Lexicon,
    *,
    opted_out: bool = False,
    question_open: bool = False,
    lists: Mapping[str, str] = NO_LISTS,
) -> Recognition:
    """What a folded text asks for above the rules: steps 1 to 6, 8 and 9 of the opt-out reference, section 5.2.

    ``lists`` are the file's lists by the folded words that people may call them.
    """
    if not folded or passes_over(folded, lexicon):
        return NOTHING
    return by_steps(folded, lexicon, opted_out=opted_out, question_open=question_open, lists=lists)


def by_steps(
    folded: str, lexicon: Lexicon, *, opted_out: bool, question_open: bool, lists: Mapping[str, str]
) -> Recognition:
    """What ``recognise`` finds, without a first look that spares the steps."""
    heard = _Heard(folded=folded, lexicon=lexicon, question_open=question_open, lists=lists)
    return (
        heard.opt_out()
        or _asked(folded, lexicon, may_return=opted_out and not question_open)
        or heard.doubt()
        or NOTHING
    )


def reserved_meaning(folded: str, lexicon: Lexicon, lists: Mapping[str, str] = NO_LISTS) -> Recognition | None:
    """What a text means above the rules, in some state at least, so that a rule for it would not always be reached; None if nothing."""
    found = (
        recognise(folded, lexicon, lists=lists),
        recognise(folded, lexicon, lists=lists, question_open=True),
        recognise(folded, lexicon, lists=lists, opted_out=True),
    )
    return next((recognition for recognition in found if recognition.outcome is not Outcome.NOTHING), None)


def _asked(folded: str, lexicon: Lexicon, *, may_return: bool) -> Recognition | None:
    """Steps 5 and 6."""
    if word := lexicon.help.get(folded):
        return Recognition(outcome=Outcome.HELP, step=5, word=word)
    word = lexicon.opt_in.get(folded)
    return (
        Recognition(outcome=Outcome.OPT_IN, step=6, word=word) if word and (may_return or not word.returning) else None
    )


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """A folded text, taken apart no further than it has to be."""

    folded: str
    lexicon: Lexicon
    question_open: bool
    lists: Mapping[str, str]

    def opt_out(self) -> Recognition | None:
        """Steps 1 to 4."""
        if word := self.lexicon.opt_out.get(self.folded):
            return self._as_opt_out(word, 1)
        return self._scoped() or self._slurred() or self._phrase() or self._unknown_scope() or self._anywhere()

    def doubt(self) -> Recognition | None:
        """Steps 8 and 9."""
        lexicon = self.lexicon
        if self.question_open and self.folded in lexicon.answers:
            return None
        for text in (*self._ways, _unit(self.folded.replace(" ", ""))):
            if word := lexicon.doubts.get(text):
                return Recognition(outcome=Outcome.REVIEW, step=9, word=word)
        for span, stop in self._stops:
            if not self._harmless.overlaps(span):
                return Recognition(
                    outcome=Outcome.OPT_OUT if lexicon.is_north_american else Outcome.REVIEW, step=9, word=stop
                )
        if self._benign and (self._stops or self._phrases or self._everywhere):
            return Recognition(outcome=Outcome.NOTHING, step=8, word=self._said(self._benign[0]))
        return self._look_alike()

    def _as_opt_out(self, word: Word, step: int) -> Recognition | None:
        """An opt-out, unless the word yields to an open question: then the answer, if it is one, or else a doubt."""
        if not (word.yields and self.question_open):
            return Recognition(outcome=Outcome.OPT_OUT, step=step, word=word)
        is_answer = fold(word.typed) in self.lexicon.answers
        if self.lexicon.is_north_american:
            return Recognition(outcome=Outcome.OPT_OUT, step=step, word=word, also_cancels=is_answer)
        return None if is_answer else Recognition(outcome=Outcome.REVIEW, step=step, word=word)

    @lazily
    def _typed(self) -> Sequence[str]:
        return self.folded.split()

    @lazily
    def _words(self) -> Sequence[str]:
        """The words without those of courtesy."""
        return without(self._typed, self.lexicon.courtesy, self.lexicon.courtesy_lengths)

    @lazily
    def _ways(self) -> tuple[str, ...]:
        """The text as it is, and without words of courtesy where that is something else."""
        return (self.folded,) if len(self._words) == len(self._typed) else (self.folded, " ".join(self._words))

    @lazily
    def _spaced(self) -> str:
        return spaced(self.folded)

    @lazily
    def _found(self) -> tuple[Sequence[Span], Sequence[Span], Sequence[Span]]:
        return self.lexicon.find_said(self._spaced)

    @property
    def _phrases(self) -> Sequence[Span]:
        return self._found[0]

    @property
    def _benign(self) -> Sequence[Span]:
        return self._found[1]

    @lazily
    def _harmless(self) -> Spans:
        return Spans(self._benign)

    @property
    def _everywhere(self) -> Sequence[Span]:
        """Where a word stands that opts out anywhere."""
        return self._found[2]

    @lazily
    def _stops(self) -> Sequence[tuple[Span, Word]]:
        """Where a word for stop stands in the text."""
        words, stops = self._typed, self.lexicon.stops
        if stops.keys().isdisjoint(words):
            return ()
        found: list[tuple[Span, Word]] = []
        end = 0
        for word in words:
            start, end = end, end + len(word) + 2
            if stop := stops.get(word):
                found.append((Span(start, end, 0), stop))
        return found

    def _scoped(self) -> Recognition | None:
        """Step 2: an opt-out word with one of the file's lists, or with what only says that it is about a list."""
        words, opt_out = self._words, self.lexicon.opt_out
        first, last = self.lexicon.ends_of_opt_out
        if not words or (words[0] not in first and words[-1] not in last):
            return None
        for length in range(min(LONGEST_WORD, len(words)), 0, -1):
            if (word := opt_out.get(" ".join(words[:length]))) and (
                recognition := self._with_rest(word, words[length:])
            ):
                return recognition
            if (word := opt_out.get(" ".join(words[-length:]))) and (lists := self._lists_in(words[:-length])):
                return Recognition(outcome=Outcome.OPT_OUT, step=2, word=word, lists=lists)
        return None

    def _with_rest(self, word: Word, rest: Sequence[str]) -> Recognition | None:
        if lists := self._lists_in(rest):
            return Recognition(outcome=Outcome.OPT_OUT, step=2, word=word, lists=lists)
        lexicon = self.lexicon
        if (
            rest
            and rest[-1] in lexicon.nouns
            and all(other in lexicon.links or other in lexicon.nouns for other in rest)
        ):
            return Recognition(
                outcome=Outcome.OPT_OUT, step=2, word=word
            )  # of the messages: no answer about an appointment
        if all(other in lexicon.opt_out for other in rest):
            said = (word, *(lexicon.opt_out[other] for other in rest))
            return self._as_opt_out(next((other for other in said if not other.yields), word), 2)
        return None

    def _lists_in(self, words: Sequence[str]) -> tuple[str, ...]:
        """The lists that some words name; none if they say anything else as well."""
        named: list[str] = []
        start = 0
        while start < len(words):
            ends = range(min(len(words), start + self._longest_list), start, -1)
            longest = next((end for end in ends if " ".join(words[start:end]) in self.lists), None)
            if longest:
                named.append(self.lists[" ".join(words[start:longest])])
            elif words[start] not in self.lexicon.links and words[start] not in self.lexicon.nouns:
                return ()
            start = longest or start + 1
        return tuple(dict.fromkeys(named))

    @lazily
    def _longest_list(self) -> int:
        """How many words the longest name of a list has."""
        return max((name.count(" ") + 1 for name in self.lists), default=0)

    def _slurred(self) -> Recognition | None:
        """Step 2: an opt-out word said again and again, with blanks or letters too many, or with a short code behind it."""
        lexicon = self.lexicon
        if len(self.folded) > LONGEST_BARE:
            return None
        for heard in reversed(self._ways):
            begins = first_letters(heard)
            if len(begins) == TELLING and begins not in lexicon.begins_opt_out and begins[0] != heard[-1:]:
                continue
            text = bare(heard)
            code = CODE.fullmatch(text) if text[-1:].isdigit() else None
            if word := next(
                (
                    lexicon.bare_opt_out[unit]
                    for unit in _units(code["word"] if code else text)
                    if unit in lexicon.bare_opt_out
                ),
                None,
            ):
                is_another = any(
                    self.folded in words for words in (lexicon.answers, lexicon.opt_in, lexicon.help, self.lists)
                )
                return None if is_another else self._as_opt_out(word, 2)
        return None

    def _phrase(self) -> Recognition | None:
        """Step 3, for phrases that share no word with a harmless one."""
        for span in self._phrases:
            if not self._harmless.undoes(span):
                return self._by_phrase(span)
        return None

    def _by_phrase(self, span: Span) -> Recognition | None:
        recognition = self._as_opt_out(self._said(span), 3)
        lists = self._lists_after(span)
        return replace(recognition, lists=lists) if recognition and lists else recognition

    def _lists_after(self, span: Span) -> tuple[str, ...]:
        """The lists that a phrase is about, where nothing else stands behind it: ``stop sending me the news``."""
        return self._lists_in(
            without(self._spaced[span.end :].split(), self.lexicon.courtesy, self.lexicon.courtesy_lengths)
        )

    def _said(self, span: Span) -> Word:
        """A phrase as it stands in the text."""
        return replace(
            self.lexicon.said[span.position], typed=" ".join(self._spaced[span.start : span.end].split())[:LONGEST_SAID]
        )

    def _unknown_scope(self) -> Recognition | None:
        """Step 2: STOP with a category that the file does not have is a stop of everything."""
        first, rest = self._words[:1], self._words[1:]
        if not first or first[0] not in self.lexicon.stops or not 1 <= len(rest) <= LONGEST_SCOPE or self._benign:
            return None
        if any(_is_unscoped(word, self.lexicon.unscoped) for word in rest):
            return None
        return self._as_opt_out(self.lexicon.stops[first[0]], 2)

    def _anywhere(self) -> Recognition | None:
        """Step 4, unless somebody asks not to be taken off."""
        for span in self._everywhere:
            if not self._harmless.overlaps(span):
                return self._as_opt_out(self.lexicon.said[span.position], 4)
        return None

    def _look_alike(self) -> Recognition | None:
        """A stop written with letters of another alphabet."""
        text = latin(self.folded)
        if text == self.folded:
            return None
        words = (self.lexicon.opt_out.get(text), *(self.lexicon.stops.get(word) for word in text.split()))
        word = next((word for word in words if word), None)
        return Recognition(outcome=Outcome.REVIEW, step=9, word=word) if word else None


def _is_unscoped(word: str, unscoped: Words) -> bool:
    """Whether a word behind STOP goes on with a sentence, or tells an hour; an entry of three letters after ``*`` stands for words that end so."""
    return word in unscoped or f"*{word[-3:]}" in unscoped or (word.isdigit() and len(word) <= LONGEST_HOUR)


def _unit(text: str) -> str:
    """The part of which a text is made by saying it again and again; the text itself if it is not.

    >>> _unit("stopstop"), _unit("stop")
    ('stop', 'stop')
    """
    return text[: (text + text).find(text, 1)] if text else text


def _units(text: str) -> Iterator[str]:
    """What a text without doubled letters may be made of; where a word ends as it begins, the two letters have become one."""
    yield _unit(text)
    if text and text[0] == text[-1]:
        yield text[0] + _unit(text[1:])

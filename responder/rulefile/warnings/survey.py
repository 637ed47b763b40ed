"""What all warnings look at: the rules, their places in the file, and who answers a text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from responder.core.deciding.authorities import decide
from responder.core.deciding.decision import Decision
from responder.core.recognition.packs import Answer
from responder.core.rehearsal.circumstances import Circumstances, circumstances_for, of_stranger
from responder.core.rules.matching import Answers, How, Pattern, Words, match_text
from responder.core.rules.rules import Rule, Rules
from responder.errors import Mistake
from responder.rulefile.reading.nodes import Node, Place
from responder.rulefile.reading.places import Sources, Spot, Typed, entry, typed_words
from responder.rulefile.warnings.patterns import sample

FILLER = "xyzzy"
"""A word that nobody has in a rules file."""


class Code(StrEnum):
    """The kinds of warnings, as programs know them."""

    NEVER_APPLIES = "never-applies"
    PARTLY_APPLIES = "partly-applies"
    NEVER_HOLDS = "never-holds"
    SAME_TEXT = "same-text"
    RESERVED_WORD = "reserved-word"
    PLATFORM_WORD = "platform-word"
    SEGMENTS = "segments"
    ALPHABET = "alphabet"
    SINGLE_BRACES = "single-braces"
    CUT_OFF = "cut-off"
    CURLY_QUOTES = "curly-quotes"
    NO_WAY_OUT = "no-way-out"
    HELP_TEXT = "help-text"
    CANNOT_LEAVE = "cannot-leave"
    CANNOT_JOIN = "cannot-join"
    EMPTY_PATTERN = "empty-pattern"
    NOT_EXERCISED = "not-exercised"
    NO_SECRET = "no-secret"  # noqa: S105  (the name of a warning)
    NO_ONCE_PER = "no-once-per"
    MISSING_LANGUAGE = "missing-language"
    ONE_KEYWORD = "one-keyword"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """One warning, with a text that shows it, what is given when that comes, and the rule that answers.

    ``witness`` is None where no text can show it, as with a webhook that no rule calls, or a reminder.
    """

    code: Code
    mistake: Mistake
    witness: str | None = None
    given: Circumstances | None = None
    rule: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"code": str(self.code), "witness": self.witness, "rule": self.rule}


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """A text that meets a rule: alone, and among other words where the rule allows them."""

    bare: str
    wide: str
    place: Place | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.bare, self.wide)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """A text that reaches a rule, given the circumstances in which it does."""

    text: str
    given: Circumstances


@dataclass(frozen=True, kw_only=True)
class Survey:
    """One file under examination."""

    rules: Rules
    sources: Sources
    now: datetime
    _given: dict[str, Circumstances | None] = field(default_factory=dict)
    _reached: dict[str, Reached | None] = field(default_factory=dict)
    _decided: dict[tuple[str, int], tuple[Circumstances, Decision]] = field(default_factory=dict)
    """By text and identity of the circumstances; these are kept too, so that no others get the same identity."""

    @cached_property
    def enabled(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules.rules if rule.enabled)

    @cached_property
    def lines(self) -> Mapping[str, int]:
        return {rule.name: rule.line for rule in self.rules.rules}

    @cached_property
    def positions(self) -> Mapping[str, int]:
        return {rule.name: position for position, rule in enumerate(self.rules.rules)}

    @cached_property
    def plain(self) -> Circumstances:
        return of_stranger(self.now, self.rules)

    def given(self, rule: Rule) -> Circumstances | None:
        """Circumstances that meet every condition of the rule except its text; None if none are found."""
        if rule.name not in self._given:
            self._given[rule.name] = circumstances_for(rule, self.rules, self.now)
        return self._given[rule.name]

    def decide(self, text: str, given: Circumstances) -> Decision:
        key = text, id(given)
        if key not in self._decided:
            self._decided[key] = given, decide(given.situation(text, self.rules), self.rules)
        return self._decided[key][1]

    def reached(self, rule: Rule) -> Reached | None:
        """A text that reaches the rule; None if none is found."""
        if rule.name not in self._reached:
            self._reached[rule.name] = self._find(rule)
        return self._reached[rule.name]

    def _find(self, rule: Rule) -> Reached | None:
        given = self.given(rule)
        if given is None:
            return None
        texts = (text for probe in self.probes(rule) for text in probe.texts)
        return next(
            (Reached(text=text, given=given) for text in texts if rule.name in self.decide(text, given).met), None
        )

    def typed(self, rule: Rule) -> tuple[Typed, ...]:
        """The words that a rule asks for, as they were typed."""
        node = self._condition(rule)
        if not isinstance(rule.text, Words) or node is None:
            return ()
        return tuple(word for word in typed_words(node) if word.folded)

    def _condition(self, rule: Rule) -> Node | None:
        found = self.sources.rules.get(rule.name)
        when = entry(found[1], "when") if found else None
        names = (*How, "pattern", "answer")
        return next((inner[1] for name in names if when and (inner := entry(when[1], str(name)))), None)

    def probes(self, rule: Rule) -> Iterator[Probe]:
        match rule.text:
            case None:
                yield Probe(bare=FILLER, wide=FILLER)
            case Words():
                for word in self.typed(rule):
                    yield Probe(bare=word.typed, wide=_widened(word.typed, rule.text.how), place=word.place)
            case Pattern():
                for text in (
                    *rule.examples,
                    *(made for source in rule.text.sources if (made := sample(source)) is not None),
                ):
                    yield Probe(
                        bare=text,
                        wide=f"{FILLER} {text} {FILLER}" if self._is_met(rule, f"{FILLER} {text} {FILLER}") else text,
                    )
            case Answers():
                pairs = rule.text.in_languages or {("", answer) for answer in rule.text.answers}
                words = (self._word_for(answer, language) for language, answer in sorted(pairs))
                yield from (Probe(bare=word, wide=word) for word in words if word)

    def _word_for(self, answer: Answer, language: str) -> str | None:
        meanings = self.rules.vocabulary.everywhere.answers.items()
        found = (word for word, (meant, spoken) in meanings if meant is answer and language in ("", spoken))
        return next(found, None)

    def _is_met(self, rule: Rule, text: str) -> bool:
        return match_text(rule.text, self.plain.situation(text, self.rules)) is not None

    def spot(self, rule: Rule, place: Place | None = None) -> Spot:
        """The place of a rule, or of a part of it."""
        found = self.sources.rules.get(rule.name)
        if found is None:
            return replace(self.sources.top(), place=Place(line=rule.line, column=1))
        source, node = found
        return Spot(file=source.file, place=place or node.place)

    def mistake(self, rule: Rule, text: str, place: Place | None = None) -> Mistake:
        """A sentence about a rule, in the form of mistakes."""
        return self.spot(rule, place).mistake(f'rule "{rule.name}": {text}')

    def caution(self, code: Code, mistake: Mistake, shown_by: Reached | None) -> Caution:
        """A warning with the text that shows it, if there is one."""
        if shown_by is None:
            return Caution(code=code, mistake=mistake)
        rule = self.decide(shown_by.text, shown_by.given).name
        return Caution(code=code, mistake=mistake, witness=shown_by.text, given=shown_by.given, rule=rule)


def _widened(typed: str, how: How) -> str:
    match how:
        case How.TEXT:
            return typed
        case How.STARTS_WITH:
            return f"{typed} {FILLER}"
        case How.CONTAINS:
            return f"{FILLER} {typed} {FILLER}"

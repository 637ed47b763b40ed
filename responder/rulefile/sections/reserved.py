"""The sections ``reserved``, ``limits`` and ``alerts``: words above all rules, and what leaves that nobody typed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import Confirmation
from responder.core.recognition.packs import ALWAYS, Pack, Word
from responder.core.recognition.phrases import BadPhrase, expression
from responder.core.recognition.vocabulary import Vocabulary
from responder.core.rules.limits import Limits, built_in_notice
from responder.core.rules.rules import ASK, KEYWORDS, LEFT
from responder.core.rules.sections import Alerts
from responder.core.rules.template import Names, Template, Templates, Texts
from responder.core.sms.text import fold
from responder.core.sms.times import read_period, read_rate
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import OFF, Fields, Reader, T, Wrong, is_empty, member_of, shown, text
from responder.rulefile.reading.scope import Scope

REPLY_NAMES: Names = {"contact": frozenset({"number"})}
LEFT_NAMES: Names = {**REPLY_NAMES, "list": frozenset({"name", "title"})}
SHORTEST_PHRASE = 2  # words
OWN = "own"  # the grade of a word that the operator added
LARGEST = 10_000_000
ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\[\]\x00-\x20\x7f-\uffff]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
AMOUNT = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,4})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnWords:
    """A file's own texts, words and phrases for reserved keywords, and who confirms a STOP.

    The words stand by their folded form.
    """

    texts: Mapping[str, Texts] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    phrases: tuple[str, ...] = ()
    confirmation: Confirmation = Confirmation.OURS
    asks: bool = True
    """Whether whoever may want no more texts is asked about it, once."""


def read_reserved(node: Node | None, scope: Scope, lexicon: Lexicon, reader: Reader) -> OwnWords:
    """What the file says about STOP, START and HELP."""
    if node is None or is_empty(node):
        return OwnWords()
    texts: dict[str, Texts] = {}
    words: dict[str, Mapping[str, str]] = {}
    own = OwnWords()
    with reader.inside("reserved").fields(node, "keyword") as fields:
        for keyword in KEYWORDS:
            if (given := fields.node(keyword)) is None:
                continue
            inside = reader.inside(f'reserved "{keyword}"')
            with inside.fields(given) as settings:
                texts |= _text(settings, "reply", keyword, REPLY_NAMES, scope, inside)
                words[keyword] = dict(settings.each("words", partial(_own_word, keyword=keyword, lexicon=lexicon)))
                if keyword == "stop":
                    confirmation = settings.take(
                        "confirmation", member_of(Confirmation, "confirmation"), own.confirmation
                    )
                    own = replace(own, confirmation=confirmation, phrases=settings.each("phrases", _own_phrase))
                    texts |= _text(settings, LEFT, LEFT, LEFT_NAMES, scope, inside)
                    asks = settings.node(ASK)
                    own = replace(own, asks=asks is None or not _is_off(asks))
                    texts |= _of_node(asks if own.asks else None, ASK, REPLY_NAMES, scope, inside)
    return replace(own, texts=texts, words=words)


def _is_off(node: Node) -> bool:
    return isinstance(node, Scalar) and fold(node.text) == "none"


def _text(
    settings: Fields, setting: str, kept_as: str, names: Names, scope: Scope, reader: Reader
) -> Mapping[str, Texts]:
    return _of_node(settings.node(setting), kept_as, names, scope, reader)


def _of_node(given: Node | None, kept_as: str, names: Names, scope: Scope, reader: Reader) -> Mapping[str, Texts]:
    if given is None:
        return {}
    return {kept_as: reader.attempt(partial(scope.texts, names=names, reader=reader), given, Texts({}))}


def _own_phrase(node: Node) -> str:
    typed = text(node)
    if len(fold(typed).split()) < SHORTEST_PHRASE:
        raise Wrong(
            node,
            f"{shown(typed)} is a single word, which would stop too much wherever it stands: write it under 'words'",
        )
    try:
        expression(typed)
    except BadPhrase as bad:
        raise Wrong(node, str(bad)) from bad
    return typed


def _own_word(node: Node, keyword: str, lexicon: Lexicon) -> tuple[str, str]:
    typed = text(node)
    folded = fold(typed)
    if not folded:
        raise Wrong(node, f"{shown(typed)} has no letter or digit, so no text can match it")
    meanings = {"stop": lexicon.opt_out, "start": lexicon.opt_in, "help": lexicon.help}
    for other, words in meanings.items():
        if other != keyword and folded in words:
            raise Wrong(node, f"{shown(typed)} already means {other.upper()}, choose another word")
    if keyword == "help" and folded in lexicon.answers:
        raise Wrong(node, f"{shown(typed)} is an answer to an appointment, choose another word")
    return folded, typed


def with_own_words(built_in: Vocabulary, own: OwnWords, version: str) -> Vocabulary:
    """The built-in words and a file's own, which yield to an appointment where they are answers as well."""
    if not (own.phrases or any(own.words.values())):
        return built_in
    answers = built_in.everywhere.answers

    def words(keyword: str) -> Mapping[str, Word]:
        return {
            folded: Word(
                typed=typed,
                language=ALWAYS,
                version=version,
                grade=OWN,
                yields=folded in answers,
                returning=folded in answers,
            )
            for folded, typed in own.words.get(keyword, {}).items()
        }

    always = built_in.packs[ALWAYS]
    phrases = tuple(Word(typed=typed, language=ALWAYS, version=version, grade=OWN) for typed in own.phrases)
    opt_out, opt_in, helps = (
        {**words("stop"), **always.opt_out},
        {**words("start"), **always.opt_in},
        {**words("help"), **always.help},
    )
    own_pack = replace(always, opt_out=opt_out, opt_in=opt_in, help=helps, phrases=(*phrases, *always.phrases))
    return replace(built_in, packs={**built_in.packs, ALWAYS: own_pack})


def reserved_texts(packs: Mapping[str, Pack], own: OwnWords, templates: Templates) -> Mapping[str, Texts]:
    """The reply to each reserved keyword: the file's text, or the pack's in languages it leaves out."""
    return {
        keyword: _reserved_texts(packs, own.texts.get(keyword), keyword, templates)
        for keyword in (*KEYWORDS, LEFT, *([ASK] if own.asks else []))
    }


def _reserved_texts(packs: Mapping[str, Pack], own: Texts | None, keyword: str, templates: Templates) -> Texts:
    if own and None in own.by_language:
        return own
    built_in = dict(_built_in(packs, keyword, templates))
    return Texts({**built_in, **(own.by_language if own else {})})


def _built_in(packs: Mapping[str, Pack], keyword: str, templates: Templates) -> Iterator[tuple[str | None, Template]]:
    for language, pack in packs.items():
        if typed := pack.texts.get(keyword):
            yield language, templates.parse(typed, LEFT_NAMES) if keyword == LEFT else Template(typed, None)


def read_limits(node: Node | None, scope: Scope, outer: Reader) -> Limits:
    """The limits of a file; what it does not name keeps its default."""
    default = Limits()
    if node is None or is_empty(node):
        return default
    reader = outer.inside("limits")
    with reader.fields(node) as fields:
        return Limits(
            replies=fields.take("replies", _or_off(read_rate), default.replies),
            equal=fields.take("equal", _or_off(read_rate), default.equal),
            per_day=fields.take("per_day", _or_off(_count), default.per_day),
            all_per_day=fields.take("all_per_day", _or_off(_count), default.all_per_day),
            mute=fields.take("mute", _read(read_period), default.mute),
            notice=fields.take("notice", lambda n: _notice(n, scope, reader), default.notice),
        )


def _read(convert: Callable[[str], T]) -> Callable[[Node], T]:
    def read(node: Node) -> T:
        typed = text(node)
        try:
            return convert(typed)
        except ValueError as error:
            raise Wrong(node, f"{shown(typed)} cannot be read, {error}") from None

    return read


def _or_off(convert: Callable[[str], T]) -> Callable[[Node], T | None]:
    def read(node: Node) -> T | None:
        if text(node).strip().lower() == OFF:
            return None
        try:
            return _read(convert)(node)
        except Wrong as wrong:
            raise Wrong(node, f"{wrong.text}, or {OFF}") from None

    return read


def _count(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and 0 < int(typed[:9]) <= LARGEST and len(typed) < 9):
        raise ValueError(f"expected a whole number from 1 to {LARGEST:,}")
    return int(typed)


def _notice(node: Node, scope: Scope, reader: Reader) -> Texts | None:
    if not isinstance(node, MappingNode) and text(node).strip().lower() == OFF:
        return None
    own: Mapping[str | None, object] = (given := scope.texts(node, REPLY_NAMES, reader)).by_language
    return given if None in own else Texts({**built_in_notice().by_language, **given.by_language})


def read_alerts(node: Node | None, scope: Scope, outer: Reader) -> Alerts:
    """Who is told; what the file does not name keeps its default."""
    default = Alerts()
    if node is None or is_empty(node):
        return default
    with outer.inside("alerts").fields(node) as fields:
        return Alerts(
            webhook=fields.take("webhook", scope.webhook_name, default.webhook),
            email=tuple(dict.fromkeys(fields.each("email", _address))),
            credit_low=fields.take("credit_low", _amount, default.credit_low),
        )


def _address(node: Node) -> str:
    typed = text(node)
    if not ADDRESS.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no e-mail address, expected one such as ops@example.com")
    return typed


def _amount(node: Node) -> Decimal | None:
    typed = text(node).strip()
    if typed.lower() == OFF:
        return None
    if not AMOUNT.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no amount, expected euros such as 10 or 7.50, or {OFF}")
    return Decimal(typed)

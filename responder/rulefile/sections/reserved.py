"""The section ``reserved``: a file's own texts and words for STOP, START and HELP, among the built-in ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import Confirmation
from responder.core.recognition.packs import ALWAYS, Pack, Word
from responder.core.recognition.phrases import BadPhrase, expression
from responder.core.recognition.vocabulary import Vocabulary
from responder.core.rules.rules import ASK, KEYWORDS, LEFT
from responder.core.rules.template import Names, Template, Templates, Texts
from responder.core.sms.text import fold
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import Fields, Reader, Wrong, is_empty, member_of, shown, text
from responder.rulefile.reading.scope import Scope

REPLY_NAMES: Names = {"contact": frozenset({"number"})}
LEFT_NAMES: Names = {**REPLY_NAMES, "list": frozenset({"name", "title"})}
SHORTEST_PHRASE = 2  # words
OWN = "own"
"""The grade of a word that the operator added."""


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
    """The text of a setting under the name that it is kept by. Nothing if it is not given."""
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

"""The conditions on the text: its words, a pattern, or what it answers."""

import re
from collections.abc import Iterator, Mapping
from functools import partial

import re2

from responder.core.recognition.packs import Answer, Word
from responder.core.rules.matching import Alias, Answers, How, Pattern, Words, pattern_options
from responder.core.rules.rules import Rules
from responder.core.sms.text import fold
from responder.rulefile.reading.in_words import (
    SCALAR,
    Schema,
    by_language,
    either,
    language_in_words,
    one_or_many,
    quoted,
    words_after,
)
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Sequence
from responder.rulefile.reading.places import scalars
from responder.rulefile.reading.reader import Reader, Wrong, is_empty, member_of, shown, text
from responder.rulefile.reading.scope import Scope
from responder.rulefile.sections.conditions.circumstances import text_condition

ANSWERS = {"confirm": "yes", "cancel": "no", "reschedule": "another day"}
LONGEST_PATTERN = 1000  # characters
LARGEST_PATTERN = 1 << 20  # bytes of one pattern that is compiled, so that none takes long and many fit into a set
LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9]|\(\?P=)")


def _words_schema() -> Schema:
    return by_language(one_or_many(SCALAR))


def _words(node: Node, scope: Scope, reader: Reader, *, how: How) -> Words:
    """The aliases of a condition: a value, a list, or either for each language."""
    aliases: list[Alias] = []
    for language, values in _by_language(node, scope, reader):
        taken = scope.opt_out if how is How.TEXT else {}
        aliases += [
            Alias(folded=folded, language=language) for folded in reader.each(partial(_folded, taken=taken), values)
        ]
    if not aliases and is_empty(node):
        reader.note(node.place, f"{how!s} has no words, expected one or a list of them")
    return Words(how=how, aliases=tuple(aliases))


for _how, _manual, _beginning in (
    (
        How.TEXT,
        "The whole text is one of these; capitals, accents, punctuation and blanks make no difference.",
        "the whole text is",
    ),
    (How.STARTS_WITH, "The text begins with one of these; what follows is {{ rest }}.", "the text begins with"),
    (How.CONTAINS, "One of these stands anywhere in the text, as whole words.", "the text has in it"),
):
    text_condition(str(_how), _manual, _words_schema, words_after(_beginning))(partial(_words, how=_how))


def _by_language(node: Node, scope: Scope, reader: Reader) -> Iterator[tuple[str | None, Node]]:
    """The values under each language, or those for all languages."""
    if not isinstance(node, MappingNode) or is_empty(node):
        yield None, node
        return
    for key, values in node.entries:
        if isinstance(values, Sequence) and is_empty(values):
            reader.note(values.place, f"nothing stands here for {shown(key.text)}, add a value or remove the language")
        yield reader.attempt(scope.language, key, ""), values


def _folded(node: Node, taken: Mapping[str, Word]) -> str:
    typed = text(node)
    folded = fold(typed)
    if not folded:
        raise Wrong(node, f"{shown(typed)} has no letter or digit, so no text can match it")
    if folded in taken:
        raise Wrong(
            node, f"{shown(typed)} is an opt-out word, which always unsubscribes: choose another word, such as NEWS OFF"
        )
    return folded


@text_condition(
    "pattern",
    "A regular expression (RE2) is found in the text; its named groups are {{ match.name }}.",
    lambda: one_or_many(SCALAR),
    words_after("the text matches the pattern"),
)
def _pattern(node: Node, scope: Scope, reader: Reader) -> Pattern:
    compiled = [
        (language, read)
        for language, values in _by_language(node, scope, reader)
        for read in reader.each(_compiled, values)
    ]
    if not compiled and is_empty(node):
        reader.note(node.place, "pattern is empty, expected a regular expression or a list of them")
    return Pattern(
        sources=tuple(source for _, (source, _) in compiled),
        groups=frozenset(name for _, (_, names) in compiled for name in names),
        languages=tuple(language for language, _ in compiled) if isinstance(node, MappingNode) else (),
    )


def _compiled(node: Node) -> tuple[str, frozenset[str]]:
    source = text(node)
    if len(source) > LONGEST_PATTERN:
        raise Wrong(node, f"a pattern has at most {LONGEST_PATTERN} characters, use 'contains' for lists of words")
    try:
        return source, frozenset(re2.compile(source, _options()).groupindex)
    except re2.error as error:
        raise Wrong(node, _why_not(source, error)) from error


def _options() -> "re2.Options":
    options = pattern_options()
    options.max_mem = LARGEST_PATTERN
    return options


def _why_not(source: str, error: Exception) -> str:
    """Why RE2 refuses a pattern, in plain words where the reason is a common one."""
    place = min((source.find(sign) for sign in LOOK_AROUND if sign in source), default=-1)
    if place >= 0:
        return (
            f"pattern at character {place + 1}: RE2 has no look-around, write a rule above this one "
            "for what should not match"
        )
    if reference := BACK_REFERENCE.search(source):
        return f"pattern at character {reference.start(1) + 1}: RE2 has no back-references, write the words out"
    reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    if "too large" in reason:
        return f"pattern {shown(source)} is too large, use smaller numbers between its {{ and }}"
    return f"pattern {shown(source)} cannot be read: {reason}"


def _answer_in_words(node: Node, _rules: Rules) -> str:
    parts = (
        [(language_in_words(key.text), value) for key, value in node.entries]
        if isinstance(node, MappingNode)
        else [("", node)]
    )
    meant = (
        f"{either(quoted(ANSWERS.get(s.text, s.text)) for s in scalars(value))}{language and f' in {language}'}"
        for language, value in parts
    )
    return f"the text means {', or '.join(meant)} in words that are built in, while one appointment is open"


@text_condition(
    "answer",
    "The whole text is a built-in word for this, while one appointment is open.",
    lambda: by_language(one_or_many({"enum": [str(answer) for answer in Answer]})),
    _answer_in_words,
)
def _answer(node: Node, scope: Scope, reader: Reader) -> Answers:
    read = member_of(Answer, "answer")
    found = [
        (language, answer)
        for language, values in _by_language(node, scope, reader)
        for answer in reader.each(read, values)
    ]
    if isinstance(node, Sequence) and is_empty(node):
        reader.note(node.place, "'answer' has an empty list, expected confirm, cancel or reschedule")
    in_languages = frozenset((language, answer) for language, answer in found if language is not None)
    return Answers(answers=frozenset(answer for _, answer in found), in_languages=in_languages)

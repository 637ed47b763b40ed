"""The conditions of a rule: ``when`` as values."""

import re
from collections.abc import Iterator, Mapping
from functools import partial

import re2

from responder.core.conditions import Condition, FromOneOf, HasAppointment, OnList, ToOneOf
from responder.core.matching import Alias, Answers, How, Pattern, TextCondition, Words, pattern_options
from responder.core.text import fold
from responder.core.words import Answer, Lexicon, Word
from responder.rulefile.nodes import Mapping as MappingNode
from responder.rulefile.nodes import Node
from responder.rulefile.reading import Fields, Reader, Wrong, is_empty, member_of, one_of, shown, text
from responder.rulefile.scope import Scope

LATER = frozenset({"hours", "since", "until", "language"})
STATES = ("open", "confirmed", "none")
MEMBERSHIP = {"subscribed": True, "not_subscribed": False}
LONGEST_PATTERN = 1000  # characters
LARGEST_PATTERN = 1 << 20  # bytes of one pattern that is compiled, so that none takes long and many fit into a set
LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9]|\(\?P=)")


def read_when(node: Node, scope: Scope, lexicon: Lexicon, reader: Reader) -> tuple[TextCondition | None, tuple[Condition, ...]]:
    """What a rule asks of the text, and what else it asks."""
    if is_empty(node):
        reader.note(node.place, "a rule has to ask something, add a condition such as 'text: News ON'")
        return None, ()
    with reader.fields(node, "condition", LATER) as fields:
        texts = list(_text_conditions(fields, scope, lexicon, reader))
        conditions = tuple(_other_conditions(fields, scope, reader))
    for name, surplus, _ in texts[1:]:
        reader.note(surplus.place, f"a rule asks one thing of the text: keep {texts[0][0]!r} or {name!r}, and write another rule for the other")
    return (texts[0][2] if texts else None), conditions


def _text_conditions(fields: Fields, scope: Scope, lexicon: Lexicon, reader: Reader) -> Iterator[tuple[str, Node, TextCondition]]:
    for how in How:
        if node := fields.node(str(how)):
            yield str(how), node, _words(node, how, scope, lexicon, reader)
    if node := fields.node("pattern"):
        yield "pattern", node, _pattern(node, reader)
    if node := fields.node("answer"):
        yield "answer", node, Answers(wanted=frozenset(reader.each(member_of(Answer, "answer"), node)))


def _other_conditions(fields: Fields, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if numbers := fields.each("to", scope.address):
        yield ToOneOf(numbers=frozenset(numbers))
    if numbers := fields.each("from", scope.address):
        yield FromOneOf(numbers=frozenset(numbers))
    if node := fields.node("list"):
        yield from _on_lists(node, scope, reader)
    if state := fields.take("appointment", one_of(STATES, "state"), ""):
        yield HasAppointment(wanted=state)


def _on_lists(node: Node, scope: Scope, reader: Reader) -> Iterator[Condition]:
    with reader.fields(node) as fields:
        for key, subscribed in MEMBERSHIP.items():
            if name := fields.take(key, scope.list_name, ""):
                yield OnList(list=name, subscribed=subscribed)
    if is_empty(node):
        reader.note(node.place, "expected 'subscribed: LIST' or 'not_subscribed: LIST'")


def _words(node: Node, how: How, scope: Scope, lexicon: Lexicon, reader: Reader) -> Words:
    """The aliases of a condition: a value, a list, or either for each language."""
    aliases: list[Alias] = []
    in_languages = node.entries if isinstance(node, MappingNode) else ((None, node),)
    for key, values in in_languages:
        language = reader.attempt(scope.language, key, "") if key else None
        taken = lexicon.opt_out if how is How.TEXT else {}
        aliases += [Alias(folded=folded, language=language) for folded in reader.each(partial(_folded, taken=taken), values)]
    if not aliases and is_empty(node):
        reader.note(node.place, f"{how!s} has no words, expected one or a list of them")
    return Words(how=how, aliases=tuple(aliases))


def _folded(node: Node, taken: Mapping[str, Word]) -> str:
    typed = text(node)
    folded = fold(typed)
    if not folded:
        raise Wrong(node, f"{shown(typed)} has no letter or digit, so no text can match it")
    if folded in taken:
        raise Wrong(node, f"{shown(typed)} is an opt-out word, which always unsubscribes: choose another word, such as NEWS OFF")
    return folded


def _pattern(node: Node, reader: Reader) -> Pattern:
    compiled = reader.each(_compiled, node)
    if not compiled and is_empty(node):
        reader.note(node.place, "pattern is empty, expected a regular expression or a list of them")
    groups = frozenset(name for _, names in compiled for name in names)
    return Pattern(sources=tuple(source for source, _ in compiled), groups=groups)


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
        return f"pattern at character {place + 1}: RE2 has no look-around, write a rule above this one for what should not match"
    if reference := BACK_REFERENCE.search(source):
        return f"pattern at character {reference.start(1) + 1}: RE2 has no back-references, write the words out"
    reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    if "too large" in reason:
        return f"pattern {shown(source)} is too large, use smaller numbers between its {{ and }}"
    return f"pattern {shown(source)} cannot be read: {reason}"

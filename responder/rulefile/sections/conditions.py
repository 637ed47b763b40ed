"""The conditions of a rule: ``when`` as values."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

import re2

from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.packs import Answer, Word
from responder.core.rules.conditions import Condition, FromOneOf, HasAppointment, InLanguage, OnList, ToOneOf
from responder.core.rules.hours import InHours, Since, Until
from responder.core.rules.matching import Alias, Answers, How, Pattern, TextCondition, Words, pattern_options
from responder.core.sms.text import fold
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Sequence
from responder.rulefile.reading.reader import Fields, Reader, Wrong, is_empty, member_of, one_of, shown, text
from responder.rulefile.reading.scope import Scope
from responder.rulefile.reading.times import hours, since_in, until_in

T = TypeVar("T")
STATES = ("open", "confirmed", "none")
MEMBERSHIP = {"subscribed": True, "not_subscribed": False}
LONGEST_PATTERN = 1000  # characters
LARGEST_PATTERN = 1 << 20  # bytes of one pattern that is compiled, so that none takes long and many fit into a set
LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9]|\(\?P=)")


def read_when(
    node: Node, scope: Scope, lexicon: Lexicon, reader: Reader
) -> tuple[TextCondition | None, tuple[Condition, ...]]:
    """What a rule asks of the text, and what else it asks."""
    if is_empty(node):
        reader.note(node.place, "a rule has to ask something, add a condition such as 'text: News ON'")
        return None, ()
    with reader.fields(node, "condition", example="text: News ON") as fields:
        texts = list(_text_conditions(fields, scope, lexicon, reader))
        conditions = tuple(_other_conditions(fields, scope, reader))
    for name, surplus, _ in texts[1:]:
        reader.note(
            surplus.place,
            f"a rule asks one thing of the text: keep {texts[0][0]!r} or {name!r}, and write another rule for the other",
        )
    return (texts[0][2] if texts else None), conditions


def _text_conditions(
    fields: Fields, scope: Scope, lexicon: Lexicon, reader: Reader
) -> Iterator[tuple[str, Node, TextCondition]]:
    for how in How:
        if node := fields.node(str(how)):
            yield str(how), node, _words(node, how, scope, lexicon, reader)
    if node := fields.node("pattern"):
        yield "pattern", node, _pattern(node, scope, reader)
    if node := fields.node("answer"):
        yield "answer", node, _answers(node, scope, reader)


def _other_conditions(fields: Fields, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if numbers := _some(fields, "to", scope.address, reader):
        yield ToOneOf(numbers=frozenset(numbers))
    if numbers := _some(fields, "from", scope.address, reader):
        yield FromOneOf(numbers=frozenset(numbers))
    if node := fields.node("list"):
        yield from _on_lists(node, scope, reader)
    if state := fields.take("appointment", one_of(STATES, "state"), ""):
        yield HasAppointment(wanted=state)
    if languages := _some(fields, "language", scope.language, reader):
        yield InLanguage(languages=frozenset(languages), default=scope.languages[0])
    yield from _times(fields, scope, reader)


def _some(fields: Fields, name: str, read: Callable[[Node], T], reader: Reader) -> tuple[T, ...]:
    """The values of a condition that is given; an empty list would ask for nothing at all."""
    node = fields.node(name)
    if isinstance(node, Sequence) and is_empty(node):
        reader.note(node.place, f"{name!r} has an empty list, add a value or remove the condition")
    return reader.each(read, node) if node else ()


def _times(fields: Fields, scope: Scope, reader: Reader) -> Iterator[Condition]:
    if entries := _some(fields, "hours", hours, reader):
        spans = tuple(span for spans, _ in entries for span in spans)
        yield InHours(spans=spans, source=", ".join(source for _, source in entries), zone=scope.zone)
    if since := fields.take("since", since_in(scope.zone), None):
        yield Since(moment=since[0], source=since[1], zone=scope.zone)
    if until := fields.take("until", until_in(scope.zone), None):
        yield Until(moment=until[0], source=until[1], zone=scope.zone)
    if since and until and since[0] >= until[0] and (node := fields.node("until")):
        reader.note(
            node.place,
            f"'until' ({until[1]}) is not after 'since' ({since[1]}), so the rule would never apply: change one of them",
        )


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
    for language, values in _by_language(node, scope, reader):
        taken = lexicon.opt_out if how is How.TEXT else {}
        aliases += [
            Alias(folded=folded, language=language) for folded in reader.each(partial(_folded, taken=taken), values)
        ]
    if not aliases and is_empty(node):
        reader.note(node.place, f"{how!s} has no words, expected one or a list of them")
    return Words(how=how, aliases=tuple(aliases))


def _by_language(node: Node, scope: Scope, reader: Reader) -> Iterator[tuple[str | None, Node]]:
    """What stands under each language, or what stands there for all of them."""
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


def _answers(node: Node, scope: Scope, reader: Reader) -> Answers:
    read = member_of(Answer, "answer")
    found = [
        (language, answer)
        for language, values in _by_language(node, scope, reader)
        for answer in reader.each(read, values)
    ]
    if isinstance(node, Sequence) and is_empty(node):
        reader.note(node.place, "'answer' has an empty list, expected confirm, cancel or reschedule")
    in_languages = frozenset((language, answer) for language, answer in found if language is not None)
    return Answers(wanted=frozenset(answer for _, answer in found), in_languages=in_languages)


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
        return f"pattern at character {place + 1}: RE2 has no look-around, write a rule above this one for what should not match"
    if reference := BACK_REFERENCE.search(source):
        return f"pattern at character {reference.start(1) + 1}: RE2 has no back-references, write the words out"
    reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    if "too large" in reason:
        return f"pattern {shown(source)} is too large, use smaller numbers between its {{ and }}"
    return f"pattern {shown(source)} cannot be read: {reason}"

"""The parts of a rules file that rules refer to: lists, webhooks, and what is said to reserved keywords."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from responder.core.outbound.networks import is_host
from responder.core.outbound.signature import decode_secret
from responder.core.recognition.lexicon import Lexicon
from responder.core.recognition.outcome import Confirmation
from responder.core.recognition.phrases import BadPhrase, expression
from responder.core.rules.rules import LEFT, Number, Webhook
from responder.core.rules.template import Names, Texts
from responder.core.rules.webhooks import Event
from responder.core.sms.text import fold
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Reader, Spot, Wrong, is_empty, member_of, name, shown, text
from responder.rulefile.reading.scope import Scope

T = TypeVar("T")
RESERVED = ("stop", "start", "help")
RESERVED_NAMES: Names = {"contact": frozenset({"number"})}
LEFT_NAMES: Names = {**RESERVED_NAMES, "list": frozenset({"name", "title"})}
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LONGEST_PREFIX = 20  # characters
NO_URL = re.compile(r"[\s\x00-\x20\x7f]")
SHORTEST_PHRASE = 2  # words
SCHEMES = ("http", "https")


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnWords:
    """What a file says about reserved keywords: texts of its own, words and phrases beside the built-in ones, and who confirms a STOP.

    The words stand by their folded form.
    """

    texts: Mapping[str, Texts] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    phrases: tuple[str, ...] = ()
    confirmation: Confirmation = Confirmation.OURS


def read_named(
    node: Node | None, kind: str, read: Callable[[str, Node, Reader], T], taken: dict[str, Spot], reader: Reader
) -> Mapping[str, T]:
    """The entries of a section whose keys are names that the file chooses; also those with mistakes, so that rules may name them.

    ``taken`` tells where the names of files read before stand, and learns the new ones.
    """
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, MappingNode):
        reader.note(node.place, f"expected names with settings, such as '{kind}-name: {{...}}'")
        return {}
    values: dict[str, T] = {}
    for key, value in node.entries:
        inside = reader.inside(f'{kind} "{shown(key.text)[1:-1]}"')
        inside.attempt(name, key, "")
        if key.text in taken:
            inside.note(key.place, f"this name stands {reader.told(taken[key.text])} as well, keep one of them")
        taken.setdefault(key.text, reader.spot(key.place))
        values[key.text] = read(key.text, value, inside)
    return values


def webhook_reader(environment: Mapping[str, str]) -> Callable[[str, Node, Reader], Webhook]:
    """Reads one of the webhooks, whose secret stands in the environment."""

    def read(name: str, node: Node, reader: Reader) -> Webhook:
        with reader.fields(node) as fields:
            url = fields.require(
                "url", _url, "", "add the address to call, such as 'url: https://crm.example.com/hooks/sms'"
            )
            secrets = fields.each("secret", lambda n: _secret(n, environment))
            return Webhook(
                name=name, url=url, secrets=secrets, events=frozenset(fields.each("events", member_of(Event, "event")))
            )

    return read


def read_numbers(node: Node | None, scope: Scope, reader: Reader) -> Mapping[str, Number]:
    """Our own numbers, each with what is known of it."""
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, MappingNode):
        reader.note(node.place, "expected numbers with settings, such as '+393331234333: {prefix: A1B2}'")
        return {}
    numbers: dict[str, Number] = {}
    for key, value in node.entries:
        address = reader.attempt(scope.address, key, key.text)
        if address in numbers:
            reader.note(key.place, f"the number {shown(key.text)} stands here twice, keep one of them")
        numbers[address] = _number(value, reader.inside(f"number {shown(key.text)}"))
    return numbers


def _number(node: Node, reader: Reader) -> Number:
    if is_empty(node):
        return Number()
    with reader.fields(node) as fields:
        return Number(prefix=fields.take("prefix", _prefix, ""))


def _prefix(node: Node) -> str:
    folded = fold(text(node))
    if not folded or " " in folded or len(folded) > LONGEST_PREFIX:
        raise Wrong(
            node,
            f"{shown(text(node))} is no prefix, expected one word of up to {LONGEST_PREFIX} characters such as A1B2",
        )
    return folded


def _url(node: Node) -> str:
    """The address of a webhook. What is wrong with it is told without repeating it, since a URL may hold a token."""
    typed = text(node)
    try:
        parts = urlsplit(typed)
        is_callable = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError as error:
        raise Wrong(node, "the url cannot be read, expected for example https://crm.example.com/hooks/sms") from error
    if parts.scheme in SCHEMES and parts.hostname and not is_callable:
        raise Wrong(
            node,
            "the url has a host or port that nobody can call, expected for example https://crm.example.com/hooks/sms",
        )
    if parts.scheme not in SCHEMES or not is_callable or NO_URL.search(typed):
        raise Wrong(
            node,
            "the url has to begin with https:// (or http://) and a host, such as https://crm.example.com/hooks/sms",
        )
    if parts.username is not None:
        raise Wrong(
            node, "the url holds a user or password, which does not belong in this file: use 'secret' to sign the calls"
        )
    return typed


def _secret(node: Node, environment: Mapping[str, str]) -> str:
    reference = REFERENCE.fullmatch(text(node))
    if not reference:
        raise Wrong(
            node,
            "a secret does not belong in this file: put it in an environment variable and write its name, such as ${CRM_SECRET}",
        )
    value = environment.get(reference[1], "")
    if not value:
        raise Wrong(node, f"the environment variable {reference[1]} is not set, set it to the secret of this webhook")
    try:
        decode_secret(value)
    except ValueError as error:
        raise Wrong(node, f"the environment variable {reference[1]}: {error}") from None
    return value


def read_reserved(node: Node | None, scope: Scope, lexicon: Lexicon, reader: Reader) -> OwnWords:
    """What the file says about STOP, START and HELP."""
    texts: dict[str, Texts] = {}
    words: dict[str, Mapping[str, str]] = {}
    phrases: tuple[str, ...] = ()
    confirmation = Confirmation.OURS
    if node is None or is_empty(node):
        return OwnWords()
    with reader.inside("reserved").fields(node, "keyword") as fields:
        for keyword in RESERVED:
            if (given := fields.node(keyword)) is None:
                continue
            inside = reader.inside(f'reserved "{keyword}"')
            with inside.fields(given) as settings:
                if reply := settings.node("reply"):
                    texts[keyword] = inside.attempt(lambda n: scope.texts(n, RESERVED_NAMES, inside), reply, Texts({}))  # noqa: B023
                words[keyword] = dict(settings.each("words", lambda n: _own_word(n, keyword, lexicon)))  # noqa: B023
                if keyword == "stop":
                    confirmation = settings.take("confirmation", member_of(Confirmation, "confirmation"), confirmation)
                    phrases = settings.each("phrases", _own_phrase)
                    if left := settings.node(LEFT):
                        texts[LEFT] = inside.attempt(lambda n: scope.texts(n, LEFT_NAMES, inside), left, Texts({}))  # noqa: B023
    return OwnWords(texts=texts, words=words, phrases=phrases, confirmation=confirmation)


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

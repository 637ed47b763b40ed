"""The parts of a rules file that rules refer to: lists, webhooks and numbers."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from responder.core.outbound.leaving import decode_secret, is_host
from responder.core.rules.rules import List, Number, Webhook
from responder.core.rules.sections import Event
from responder.core.rules.template import Names, Texts
from responder.core.sms.text import fold
from responder.errors import ConfigurationError
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import Line, Reader, T, Wrong, flag, is_empty, member_of, name, shown, text
from responder.rulefile.reading.scope import ALL_LISTS, CONTACT, LIST, Scope

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LONGEST_PREFIX = 20  # characters
NO_URL = re.compile(r"[\s\x00-\x20\x7f]")
SCHEMES = ("http", "https")
EXAMPLE_URL = "https://crm.example.com/hooks/sms"
QUESTION_NAMES: Names = {"list": LIST, "contact": CONTACT | {"name"}}
QUESTIONS = {  # in letters of the 7-bit alphabet
    "de": "Antworten Sie JA, um {{ list.title }} zu erhalten. Sonst tun Sie nichts.",
    "en": "Reply YES to get {{ list.title }}. If you did not ask for it, do nothing.",
    "es": "Responda SI para recibir {{ list.title }}. Si no, no haga nada.",
    "fr": "Répondez OUI pour recevoir {{ list.title }}. Sinon, ne faites rien.",
    "it": "Rispondi SI per ricevere {{ list.title }}. Se non l'hai chiesto, non fare nulla.",
    "nl": "Antwoord JA om {{ list.title }} te ontvangen. Anders hoeft u niets te doen.",
    "pl": "Odpisz TAK, aby otrzymywac {{ list.title }}. Inaczej nic nie rob.",
    "pt": "Responda SIM para receber {{ list.title }}. Caso contrario, ignore.",
    "ro": "Raspundeti DA pentru a primi {{ list.title }}. Altfel nu faceti nimic.",
}


def read_named(
    node: Node | None, kind: str, read: Callable[[str, Node, Reader], T], taken: dict[str, Line], reader: Reader
) -> Mapping[str, T]:
    """The entries of a section whose keys are names that the file chooses.

    Also those with mistakes, so that rules may name them.

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
            inside.note(key.place, f"this name stands {reader.located(taken[key.text])} as well, keep one of them")
        taken.setdefault(key.text, reader.line(key.place))
        values[key.text] = read(key.text, value, inside)
    return values


def read_list(name: str, node: Node, reader: Reader, *, scope: Scope) -> List:
    """One of the lists; without a title it is called by its name. ``scope`` needs to know no lists yet."""
    if name == ALL_LISTS:
        reader.note(node.place, f"{ALL_LISTS!r} means every list, choose another name")
    built_in = Texts(
        {
            language: scope.templates.parse(QUESTIONS[language], QUESTION_NAMES)
            for language in scope.languages
            if language in QUESTIONS
        }
    )
    if is_empty(node):
        return List(name=name, title=name, question=built_in)
    with reader.fields(node) as fields:
        title = fields.take("title", text, name)
        asks = fields.take("double_opt_in", flag, default=False)
        given = fields.node("question")
        if given is not None and not asks:
            remedy = "add that or remove it"
            reader.note(given.place, f"'question' is asked by lists with 'double_opt_in: true' alone, {remedy}")
        read = partial(scope.texts, names=QUESTION_NAMES, reader=reader)
        question = reader.attempt(read, given, built_in) if given else built_in
        return List(name=name, title=title, double_opt_in=asks, question=question)


def webhook_reader(environment: Mapping[str, str]) -> Callable[[str, Node, Reader], Webhook]:
    """Reads one of the webhooks, whose secret is in the environment."""

    def read(name: str, node: Node, reader: Reader) -> Webhook:
        with reader.fields(node) as fields:
            remedy = "add the address to call, such as 'url: https://crm.example.com/hooks/sms'"
            return Webhook(
                name=name,
                url=fields.require("url", _url, "", remedy),
                secrets=fields.each("secret", partial(_secret, environment=environment)),
                events=frozenset(fields.each("events", member_of(Event, "event"))),
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
        expected = f"expected one word of up to {LONGEST_PREFIX} characters such as A1B2"
        raise Wrong(node, f"{shown(text(node))} is no prefix, {expected}")
    return folded


def _url(node: Node) -> str:
    """The address of a webhook. What is wrong with it is told without repeating it, since a URL may hold a token."""
    typed = text(node)
    try:
        parts = urlsplit(typed)
        is_callable = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError as error:
        raise Wrong(node, f"the url cannot be read, expected for example {EXAMPLE_URL}") from error
    if parts.scheme in SCHEMES and parts.hostname and not is_callable:
        raise Wrong(node, f"the url has a host or port that nobody can call, expected for example {EXAMPLE_URL}")
    if parts.scheme not in SCHEMES or not is_callable or NO_URL.search(typed):
        raise Wrong(node, f"the url has to begin with https:// (or http://) and a host, such as {EXAMPLE_URL}")
    if parts.username is not None:
        remedy = "use 'secret' to sign the calls"
        raise Wrong(node, f"the url holds a user or password, which does not belong in this file: {remedy}")
    return typed


def _secret(node: Node, environment: Mapping[str, str]) -> str:
    reference = REFERENCE.fullmatch(text(node))
    if not reference:
        remedy = "put it in an environment variable and write its name, such as ${CRM_SECRET}"
        raise Wrong(node, f"a secret does not belong in this file: {remedy}")
    name = reference[1]
    if environment.get(name) and environment.get(f"{name}_FILE"):
        raise Wrong(node, f"{name} and {name}_FILE are both set, leave one of them out")
    try:
        value = environment[name]
    except KeyError:
        value = ""
    except ConfigurationError as error:
        raise Wrong(node, str(error)) from None
    if not value:
        raise Wrong(node, f"the environment variable {name} is not set, set it to the secret of this webhook")
    try:
        decode_secret(value)
    except ValueError as error:
        raise Wrong(node, f"the environment variable {name}: {error}") from None
    return value

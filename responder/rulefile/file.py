"""A whole rules file as values."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import PurePath
from zoneinfo import ZoneInfo, available_timezones

from responder.core.deciding.decision import FALLBACK
from responder.core.recognition.packs import ALWAYS
from responder.core.recognition.vocabulary import Vocabulary, vocabulary
from responder.core.rules.rules import Rules
from responder.core.rules.template import Templates, did_you_mean
from responder.core.sms.address import calling_code, is_country
from responder.errors import RulesError
from responder.rulefile.reading.folder import Files, Kept
from responder.rulefile.reading.included import VERSION, Including, Part, load_packs
from responder.rulefile.reading.nodes import Node, Place, read_nodes
from responder.rulefile.reading.reader import Fields, Line, Reader, T, Wrong, is_empty, one_of, shown, text
from responder.rulefile.reading.scope import Scope, read_defaults
from responder.rulefile.sections.appointments import read_appointments, read_imports
from responder.rulefile.sections.cases import read_cases
from responder.rulefile.sections.named import read_list, read_named, read_numbers, webhook_reader
from responder.rulefile.sections.reserved import read_alerts, read_limits, read_reserved, reserved_texts, with_own_words
from responder.rulefile.sections.rules import build_all, finish, read_fallback, read_rule_drafts

ZONE, COUNTRY, LANGUAGE = "Europe/Rome", "IT", "en"
EMPTY = "the file is empty: begin it with 'version: 1', then 'rules:' with a list of rules"
HASH_LENGTH = 16  # hexadecimal digits
BETWEEN = b"\x00"  # which no file can hold, so that no two rows of files look alike
NO_FILES = Kept()


def read_rules(source: str, file: str, environment: Mapping[str, str], files: Files = NO_FILES) -> Rules:
    """The rules in the text of a file, and in the ``files`` that it includes.

    RulesError has all that is wrong with them.
    """
    root, mistakes = read_nodes(source, file)
    reader = Reader(file, mistakes)
    if root is None or is_empty(root):
        reader.note(Place(line=1, column=1), EMPTY)
        raise RulesError(tuple(mistakes))
    with reader.fields(root) as fields:
        including = Including(file=file, files=files, sources={file: source})
        parts = list(including.parts(fields, reader, PurePath(file).name))
        rules = _rules(fields, parts, environment, including.sources)
    if mistakes:
        raise RulesError(tuple(sorted(mistakes)))
    return rules


def rules_hash(*sources: str) -> str:
    """The name of one version of a file and those that it includes.

    Line ends and a byte order mark make no difference.

    >>> rules_hash("version: 1\\n") == rules_hash("\\ufeffversion: 1\\r\\n")
    True
    """
    normal = (source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n") for source in sources)
    whole = BETWEEN.join(text.encode("utf-8", "surrogatepass") for text in normal)
    return hashlib.sha256(whole).hexdigest()[:HASH_LENGTH]


def _rules(fields: Fields, parts: Sequence[Part], environment: Mapping[str, str], sources: Mapping[str, str]) -> Rules:
    reader, version = parts[0].reader, rules_hash(*sources.values())
    fields.require("version", _version, VERSION, f"begin the file with 'version: {VERSION}'")
    zone = fields.take("timezone", _zone, ZoneInfo(ZONE))
    scope = _scope(fields, parts, zone, environment)
    packs = load_packs()
    built_in = _built_in(scope.languages, calling_code(scope.country))
    own = read_reserved(fields.node("reserved"), scope, built_in.everywhere, reader)
    words = with_own_words(built_in, own, version)
    scope = replace(scope, opt_out=words.everywhere.opt_out)
    taken: dict[str, Line] = {}
    drafts = [draft for part in parts for draft in read_rule_drafts(part.rules, scope, taken, part.reader)]
    outside = reader.inside("fallback")
    fallback = read_fallback(fields.node("fallback"), outside)
    contact = {name for draft in chain(fallback, *(rule.drafts for rule in drafts)) for name in draft.contact_fields}
    return Rules(
        hash=version,
        zone=zone,
        country=scope.country,
        languages=scope.languages,
        vocabulary=words,
        reserved_texts=reserved_texts(packs, own, scope.templates),
        lists=scope.lists,
        webhooks=scope.webhooks,
        rules=tuple(finish(draft, scope, contact) for draft in drafts),
        appointments=read_appointments(fields.node("appointments"), scope, reader),
        fallback=build_all(fallback, None, (), scope, contact, FALLBACK, outside),
        limits=read_limits(fields.node("limits"), scope, reader),
        alerts=read_alerts(fields.node("alerts"), scope, reader),
        imports=read_imports(fields.node("imports"), scope, reader),
        numbers=read_numbers(fields.node("numbers"), scope, reader.inside("numbers")),
        sources=sources,
        confirmation=own.confirmation,
        tests=tuple(
            case
            for part in parts
            for case in read_cases(part.tests, scope, [draft.name for draft in drafts], part.reader)
        ),
    )


@lru_cache(maxsize=8)  # whoever edits a file reads it at each key, and its languages stay the same
def _built_in(languages: tuple[str, ...], home: str) -> Vocabulary:
    return vocabulary(load_packs(), languages, home)


def _scope(fields: Fields, parts: Sequence[Part], zone: ZoneInfo, environment: Mapping[str, str]) -> Scope:
    known = [language for language in load_packs() if language != ALWAYS]
    scope = Scope(
        country=fields.take("country", _country, COUNTRY),
        languages=tuple(dict.fromkeys(fields.each("languages", one_of(known, "language")))) or (LANGUAGE,),
        zone=zone,
        lists={},
        webhooks=_named([(part.webhooks, part.reader) for part in parts], "webhook", webhook_reader(environment)),
        templates=Templates(zone),
        defaults=read_defaults(fields.node("defaults"), parts[0].reader),
    )
    read = partial(read_list, scope=scope)
    return replace(scope, lists=_named([(part.lists, part.reader) for part in parts], "list", read))


def _named(
    sections: Sequence[tuple[Node | None, Reader]], kind: str, read: Callable[[str, Node, Reader], T]
) -> Mapping[str, T]:
    taken: dict[str, Line] = {}
    return {
        name: value for node, reader in sections for name, value in read_named(node, kind, read, taken, reader).items()
    }


def _version(node: Node) -> str:
    typed = text(node)
    if typed != VERSION:
        raise Wrong(node, f"version {shown(typed)} is not known, write {VERSION}")
    return typed


def _zone(node: Node) -> ZoneInfo:
    typed = text(node)
    try:
        return ZoneInfo(typed)
    except (KeyError, ValueError, OSError):  # a folder of zones is an OSError, "../x" a ValueError
        likely = did_you_mean(typed, available_timezones())
        remedy = likely if likely.endswith("?") else ", expected a name such as Europe/Rome"
        raise Wrong(node, f"unknown time zone {shown(typed)}{remedy}") from None


def _country(node: Node) -> str:
    typed = text(node)
    if not is_country(typed):
        raise Wrong(node, f"unknown country {shown(typed)}, expected two capital letters such as IT, FR or GB")
    return typed

"""Where the parts of a rules file stand, and what is told of a word that is not known there."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from responder.core.rules.rules import Rules
from responder.core.rules.template import did_you_mean
from responder.core.sms.text import fold
from responder.errors import Mistake, RulesError
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Place, Scalar, Sequence, read_nodes

SYNONYMS = {
    "if": "when", "on": "when", "do": "then", "action": "then", "actions": "then",
    "keyword": "text", "keywords": "text", "word": "text", "words": "text", "message": "text", "equals": "text",
    "is": "text", "begins_with": "starts_with", "begins": "starts_with", "includes": "contains",
    "regex": "pattern", "regexp": "pattern",
    "send": "reply", "respond": "reply", "response": "reply", "answer": "reply", "sms": "reply", "say": "reply",
    "join": "subscribe", "leave": "unsubscribe", "call": "webhook",
    "time": "hours", "date": "since", "lang": "language",
    "end": "until", "ends": "until", "expires": "until", "expiry": "until", "deadline": "until", "till": "until",
    "start": "since", "starts": "since", "start_date": "since", "end_date": "until",
    "quando": "when", "se": "when", "allora": "then", "poi": "then", "nome": "name", "esempi": "examples",
    "testo": "text", "parola": "text", "parole": "text", "contiene": "contains", "inizia_con": "starts_with",
    "rispondi": "reply", "risposta": "reply", "invia": "reply", "iscrivi": "subscribe", "cancella": "unsubscribe",
    "chiama": "webhook", "lingua": "language", "orari": "hours", "orario": "hours", "dal": "since",
    "fino_a": "until", "fino": "until", "scadenza": "until", "al": "until",
    "regole": "rules", "liste": "lists", "lista": "list", "lingue": "languages", "paese": "country", "titolo": "title",
}  # fmt: skip
"""Words that people write who have not looked up ours."""
BELOW_WHEN = ", it belongs to the rule: begin it below 'when', not below what stands in it"
IN_THE_RULE = dict.fromkeys(("then", "examples", "cooldown", "enabled", "shadow", "continue", "typos"), BELOW_WHEN)
AN_ACTION = dict.fromkeys(
    ("reply", "subscribe", "unsubscribe", "webhook", "set", "hand_off"), ", it is an action: write it below 'then'"
)
A_CONDITION = dict.fromkeys(
    ("text", "starts_with", "contains", "pattern", "answer", "to", "from", "list", "hours", "since", "until"),
    ", it is a condition: write it below 'when'",
)
OF_A_REPLY = dict.fromkeys(
    ("once_per", "max_segments", "delay", "valid_for"), ", it goes with a reply: 'reply: {text: …, once_per: 24h}'"
)
OF_A_LIST = dict.fromkeys(("double_opt_in", "question"), ", it belongs to the list: write it below 'lists'")
COUNTED = dict.fromkeys(
    ("limit", "max", "maximum", "at_most", "first", "count", "prizes", "stock", "limite", "massimo", "primi"),
    ": a rule does not count. Pause it when the prizes are gone, or let a webhook decide",
)
BELONGS = {
    "condition": {**IN_THE_RULE, **AN_ACTION, **OF_A_REPLY, **OF_A_LIST, **COUNTED},
    "rule": {**A_CONDITION, **AN_ACTION, **OF_A_REPLY, **OF_A_LIST, **COUNTED},
    "action": {**IN_THE_RULE, **OF_A_REPLY},
    "setting": OF_A_LIST,
}
"""Where a word belongs that stands in another place, by what stands there."""
AT_THE_TOP = {
    **dict.fromkeys(("quiet_hours", "reminders", "window", "which", "late", "unclear"), "appointments"),
    **dict.fromkeys(("replies", "equal", "per_day", "all_per_day", "mute", "notice"), "limits"),
    **dict.fromkeys(("stop", "start", "help"), "reserved"),
    **dict.fromkeys(("cooldown", "typos", "max_segments"), "defaults"),
    **dict.fromkeys(("columns", "dates", "times"), "imports"),
}
"""The section that keys belong to which some write at the top."""
GLUED_BLANK = re.compile(r"([A-Za-z_]+):([\u00a0\u2000-\u200b\u202f\u3000\ufeff])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A place in one of the files."""

    file: str
    place: Place

    def mistake(self, text: str) -> Mistake:
        return Mistake(file=self.file, line=self.place.line, column=self.place.column, text=text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One file, with its nodes and its lines."""

    file: str
    root: Node | None
    lines: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The files that rules were read from, the main one first."""

    files: tuple[Source, ...]

    @cached_property
    def rules(self) -> Mapping[str, tuple[Source, MappingNode]]:
        """The node of each rule, with its file, by name."""
        return {name: (source, node) for source in self.files for name, node in _named_rules(source.root)}

    def section(self, name: str, *path: str) -> tuple[Source, Scalar, Node] | None:
        """An entry of a section of the first file that has it."""
        for source in self.files:
            if source.root is not None and (found := entry(source.root, name)) and (found := _follow(found, path)):
                return source, *found
        return None

    def top(self) -> Spot:
        return Spot(file=self.files[0].file, place=Place(line=1, column=1))


def read_source(text: str, file: str) -> Source:
    """The nodes of one file. Where it cannot be read there are none, since the mistakes are told elsewhere."""
    try:
        root, _ = read_nodes(text, file)
    except RulesError:
        root = None
    return Source(file=file, root=root, lines=tuple(text.removeprefix("\ufeff").splitlines()))


def placed_sources(rules: Rules) -> Sources:
    return Sources(files=tuple(read_source(text, file) for file, text in rules.sources.items()))


def entry(node: Node, name: str) -> tuple[Scalar, Node] | None:
    entries = node.entries if isinstance(node, MappingNode) else ()
    return next(((key, value) for key, value in entries if key.text == name), None)


def called(node: Node, kind: str, otherwise: str) -> str:
    """What mistakes call an entry of a list: its kind and name, if the name can be shown."""
    found = entry(node, "name")
    name = found[1].text if found and isinstance(found[1], Scalar) else None
    return otherwise if name is None or not name.isprintable() else f'{kind} "{name[:64]}"'


def scalars(node: Node) -> Iterator[Scalar]:
    """All values in a node, in their order."""
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case MappingNode():
            for _, value in node.entries:
                yield from scalars(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """One way to say it, as the author typed it."""

    typed: str
    folded: str
    place: Place
    language: str | None = None


def typed_words(node: Node) -> Iterator[Typed]:
    """The words of a condition: a value, a list, or either for each language."""
    if isinstance(node, MappingNode):
        for key, value in node.entries:
            yield from (
                Typed(typed=s.text, folded=fold(s.text), place=s.place, language=key.text) for s in scalars(value)
            )
    else:
        yield from (Typed(typed=s.text, folded=fold(s.text), place=s.place) for s in scalars(node))


def place_of_character(source: Source, scalar: Scalar, offset: int) -> Place:
    """The place of a character of a value; where the value is not literally in its line, its beginning."""
    line = source.lines[scalar.place.line - 1] if scalar.place.line <= len(source.lines) else ""
    begins = line.find(scalar.text, scalar.place.column - 1)
    return Place(line=scalar.place.line, column=begins + offset + 1) if begins >= 0 else scalar.place


def _named_rules(root: Node | None) -> Iterator[tuple[str, MappingNode]]:
    found = entry(root, "rules") if root else None
    for item in found[1].items if found and isinstance(found[1], Sequence) else ():
        if isinstance(item, MappingNode) and (name := entry(item, "name")) and isinstance(name[1], Scalar):
            yield name[1].text, item


def _follow(found: tuple[Scalar, Node], path: tuple[str, ...]) -> tuple[Scalar, Node] | None:
    for name in path:
        if (inner := entry(found[1], name)) is None:
            return None
        found = inner
    return found


def remedy_for(typed: str, kind: str, known: Collection[str], *, is_top: bool) -> str:
    """What to do about a word that is not known, for the end of its mistake."""
    likely = SYNONYMS.get(typed.lower().replace("-", "_").replace(" ", "_"))
    if likely in known:
        return f", did you mean {likely!r}?"
    if (section := AT_THE_TOP.get(typed)) in known and is_top:
        return f", it belongs below {section!r}"
    if remedy := BELONGS.get("rule" if "when" in known else kind, {}).get(typed):
        return remedy
    if found := GLUED_BLANK.match(typed):
        return f": the blank behind '{found[1]}:' (U+{ord(found[2]):04X}) only looks like one, type it anew"
    return f"{did_you_mean(typed, known)}{_look_alike(typed, known)}"


def _look_alike(typed: str, known: Collection[str]) -> str:
    """What is told of a letter of another alphabet, by which a word looks like one of ours and is none."""
    foreign = next((c for c in typed if not c.isascii() and c.isalpha()), None)
    if foreign is None or not did_you_mean(typed, known).endswith("?"):
        return ""
    return f" The {foreign!r} in it (U+{ord(foreign):04X}) only looks like a letter of ours: type the word anew"

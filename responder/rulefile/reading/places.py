"""Where the parts of a rules file stand, for what is told of them after it was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from responder.core.rules.rules import Rules
from responder.core.sms.text import fold
from responder.errors import Mistake, RulesError
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Place, Scalar, Sequence, read_nodes


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A place in one of the files."""

    file: str
    place: Place

    def mistake(self, text: str) -> Mistake:
        """What is told of this place."""
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
        """The beginning of the main file."""
        return Spot(file=self.files[0].file, place=Place(line=1, column=1))


def read_source(text: str, file: str) -> Source:
    """The nodes of one file. Where it cannot be read there are none, since the mistakes are told elsewhere."""
    try:
        root, _ = read_nodes(text, file)
    except RulesError:
        root = None
    return Source(file=file, root=root, lines=tuple(text.removeprefix("\ufeff").splitlines()))


def placed_sources(rules: Rules) -> Sources:
    """The files that rules were read from."""
    return Sources(files=tuple(read_source(text, file) for file, text in rules.sources.items()))


def entry(node: Node, name: str) -> tuple[Scalar, Node] | None:
    """The key and the value of an entry of a mapping."""
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

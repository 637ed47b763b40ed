"""Reading placed nodes into values, with every mistake kept on the way."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import Self, TypeVar

from responder.core.rules.template import did_you_mean
from responder.errors import Mistake
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Place, Scalar, Sequence
from responder.rulefile.reading.places import GLUED_BLANK, remedy_for

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
LONGEST_SHOWN = 40  # characters of a text that a mistake repeats
TOP = "top level"
OFF = "off"  # instead of a value: no limit, no alert
Line = tuple[str, int]
"""A file and a line of it."""
EQUALS = re.compile(r"([A-Za-z_]+)\s*=(?=\s|\S)")
GLUED = re.compile(r"[A-Za-z_]+:(?=\S)")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Wrong(Exception):
    """A value that cannot be used, its place, and what to do about it."""

    def __init__(self, node: Node, text: str) -> None:
        super().__init__(text)
        self.place = node.place
        self.text = text


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one part of a file, whose name begins each of its mistakes."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)
    where: str = TOP

    def inside(self, where: str) -> "Reader":
        """A reader of another part of the same file."""
        return replace(self, where=where)

    def line(self, place: Place) -> Line:
        """A place of this file, to be told of later."""
        return self.file, place.line

    def located(self, spot: Line) -> str:
        """Where something is, as a mistake in this file says it."""
        file, line = spot
        return f"on line {line}" if file == self.file else f"in {file}, line {line}"

    def note(self, place: Place, text: str) -> None:
        self.mistakes.append(
            Mistake(file=self.file, line=place.line, column=place.column, text=f"{self.where}: {text}")
        )

    def attempt(self, read: Callable[[Node], T], node: Node, default: T) -> T:
        """The value of a node, or the default and a mistake."""
        try:
            return read(node)
        except Wrong as wrong:
            self.note(wrong.place, wrong.text)
            return default

    def each(self, read: Callable[[Node], T], node: Node) -> tuple[T, ...]:
        """The values of a list, or a single value as a list of one; those that can be read."""
        values: list[T] = []
        for item in node.items if isinstance(node, Sequence) else (node,):
            try:
                values.append(read(item))
            except Wrong as wrong:
                self.note(wrong.place, wrong.text)
        return tuple(values)

    def fields(self, node: Node, kind: str = "key", example: str = "key: value") -> "Fields":
        """The entries of a mapping, to be taken one by one; ``example`` is told where there is none."""
        return Fields(self, node, kind, example)

    def unknown(self, key: Scalar, kind: str, known: Collection[str]) -> None:
        self.note(
            key.place, f"unknown {kind} {shown(key.text)}{remedy_for(key.text, kind, known, is_top=self.where == TOP)}"
        )


class Fields:
    """The entries of one mapping; at the end, those that nobody took are unknown."""

    def __init__(self, reader: Reader, node: Node, kind: str, example: str) -> None:
        self._reader, self._kind = reader, kind
        self._known: list[str] = []
        self._node = node
        self._entries: Mapping[str, tuple[Scalar, Node]] = {}
        if isinstance(node, MappingNode):
            self._entries = {key.text: (key, value) for key, value in node.entries}
        else:
            reader.note(node.place, f"expected keys with values, such as {shown(example)}{what_stands_there(node)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        before: Scalar | None = None
        for key, value in self._entries.values():
            if key.text not in self._known:
                if before and before.place.line == key.place.line and is_empty(value):
                    remedy = f"a comma ends a text inside {{ }}, so put all of {shown(before.text)} in quotes"
                    self._reader.note(key.place, f"{shown(key.text)} stands here as a {self._kind}: {remedy}")
                    continue
                self._reader.unknown(key, self._kind, self._known)
            before = key

    def node(self, name: str) -> Node | None:
        """The node of an entry; None where there is none."""
        self._known.append(name)
        entry = self._entries.get(name)
        return entry[1] if entry else None

    def refuse(self, names: Collection[str], remedy: str) -> None:
        """Keep a mistake for each entry of these names, which belong elsewhere."""
        for name in names:
            if name in self._entries:
                self._known.append(name)
                self._reader.note(self._entries[name][0].place, f"{name!r} {remedy}")

    def take(self, name: str, read: Callable[[Node], T], default: T) -> T:
        """The value of an entry, or the default where there is none or it cannot be read."""
        node = self.node(name)
        return default if node is None else self._reader.attempt(read, node, default)

    def each(self, name: str, read: Callable[[Node], T]) -> tuple[T, ...]:
        """The values of an entry that holds a list or one value."""
        node = self.node(name)
        return () if node is None else self._reader.each(read, node)

    def require(self, name: str, read: Callable[[Node], T], default: T, remedy: str) -> T:
        if isinstance(self._node, MappingNode) and name not in self._entries:
            self._reader.note(self._node.place, f"{name!r} is missing, {remedy}")
        return self.take(name, read, default)


def what_stands_there(node: Node) -> str:
    """What somebody wrote who meant keys with values, with the remedy."""
    if isinstance(node, Sequence):
        return ": take away the '-' or the [ ] around them"
    if isinstance(node, Scalar) and (found := GLUED_BLANK.match(node.text)):
        return f": the blank behind '{found[1]}:' (U+{ord(found[2]):04X}) only looks like one, type it anew"
    if isinstance(node, Scalar) and (found := EQUALS.match(node.text)):
        return f": write {shown(found[1] + ':')} in place of {shown(found[0].strip())}"
    glued = GLUED.match(node.text) if isinstance(node, Scalar) else None
    return f": put a blank behind the ':' of {shown(glued[0])}" if glued else ""


def is_empty(node: Node) -> bool:
    """Whether nothing is there, or a list or mapping without entries."""
    match node:
        case Sequence():
            return not node.items
        case MappingNode():
            return not node.entries
        case Scalar():
            return not node.text.strip()


def shown(typed: str) -> str:
    """A text as a mistake repeats it: quoted, and its beginning where it is long.

    >>> shown("news")
    "'news'"
    """
    return repr(typed if len(typed) <= LONGEST_SHOWN else f"{typed[:LONGEST_SHOWN]}…")


def any_text(node: Node) -> str:
    """A text, or nothing."""
    if not isinstance(node, Scalar):
        raise Wrong(node, "expected one text; if it begins with [ or {, put it in quotes")
    return node.text


def text(node: Node) -> str:
    if is_empty(node):
        raise Wrong(node, "nothing stands here, expected a text")
    return any_text(node)


def flag(node: Node) -> bool:
    typed = text(node)
    if typed.lower() not in FLAGS:
        raise Wrong(node, f"{shown(typed)} is neither true nor false")
    return FLAGS[typed.lower()]


def name(node: Node) -> str:
    """A name that other parts of the file, the logs and the commands can use."""
    typed = text(node)
    if not NAME.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no name: up to 64 small letters, digits and hyphens, such as 'news-on'")
    return typed


def one_of(known: Collection[str], kind: str) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        typed = text(node)
        if typed not in known:
            raise Wrong(node, f"unknown {kind} {shown(typed)}{did_you_mean(typed, known)}")
        return typed

    return read


def member_of(values: type[E], kind: str) -> Callable[[Node], E]:
    def read(node: Node) -> E:
        return values(one_of([str(value) for value in values], kind)(node))

    return read

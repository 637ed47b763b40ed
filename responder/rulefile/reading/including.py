"""``include``: the parts of a rules file, each in a file of its own."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath

from responder.errors import RulesError
from responder.rulefile.reading.folder import Files, Unreadable
from responder.rulefile.reading.nodes import Node, Sequence, read_nodes
from responder.rulefile.reading.reader import Fields, Line, Reader, is_empty, one_of, shown, text

MOST_FILES = 1000
MOST_ENTRIES = 100
DEEPEST_INCLUDE = 10  # files that include files
VERSION = "1"
OF_EACH_FILE = ("lists", "webhooks", "rules", "tests")
OF_THE_WHOLE = (
    "timezone", "country", "languages", "defaults", "numbers", "reserved", "appointments", "fallback", "alerts",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Part:
    """The sections that each file may have, and the reader that notes its mistakes."""

    lists: Node | None
    webhooks: Node | None
    rules: Node | None
    tests: Node | None
    reader: Reader


@dataclass(kw_only=True)
class Including:
    """Reads the files that a rules file includes.

    ``sources`` are the texts of all files read, by their names as mistakes tell them.
    """

    file: str
    files: Files
    sources: dict[str, str]
    _first: dict[str, Line] = field(default_factory=dict)

    def parts(self, fields: Fields, reader: Reader, name: str, above: tuple[str, ...] = ()) -> Iterator[Part]:
        """The file of this name, followed by all that it includes, in the order written."""
        lists, webhooks, rules, tests = (fields.node(section) for section in OF_EACH_FILE)
        yield Part(lists=lists, webhooks=webhooks, rules=rules, tests=tests, reader=reader)
        identity = self.files.identity(name)
        for node, included in self._named(fields.node("include"), reader.inside("include"), name):
            yield from self._included(node, included, reader.inside("include"), (*above, identity))

    def _named(self, node: Node | None, reader: Reader, name: str) -> Iterator[tuple[Node, str]]:
        """The files that the entries of an ``include`` mean."""
        if node is None or is_empty(node):
            return
        if isinstance(node, Sequence) and len(node.items) > MOST_ENTRIES:
            remedy = f"more than {MOST_ENTRIES} entries, use a pattern such as campaigns/*.yaml"
            reader.note(node.items[MOST_ENTRIES].place, remedy)
            return
        for entry, pattern in reader.each(lambda entry: (entry, text(entry)), node):
            folder = glob.escape(str(PurePosixPath(name).parent))
            try:
                found = self.files.names(pattern if folder == "." else f"{folder}/{pattern}")
            except Unreadable as error:
                reader.note(entry.place, f"{shown(pattern)}: {error}")
                continue
            yield from ((entry, included) for included in found)

    def _included(self, node: Node, name: str, reader: Reader, above: tuple[str, ...]) -> Iterator[Part]:
        identity = self.files.identity(name)
        if refusal := self._why_not(name, identity, above, reader):
            reader.note(node.place, refusal)
            return
        self._first[identity] = reader.line(node.place)
        inside = Reader(str(PurePath(self.file).parent / name), reader.mistakes)
        root = self._read(name, inside, reader, node)
        if root is not None and not is_empty(root):
            with inside.fields(root) as fields:
                fields.take("version", one_of((VERSION,), "version"), VERSION)
                fields.refuse(OF_THE_WHOLE, f"belongs in {self.file}, which includes this file: move it there")
                yield from self.parts(fields, inside, name, above)

    def _why_not(self, name: str, identity: str, above: tuple[str, ...], reader: Reader) -> str | None:
        if identity in above:
            return f"{name!r} includes itself, remove one of the entries that lead in this circle"
        if identity in self._first:
            return (
                f"{name!r} is included twice, first {reader.located(self._first[identity])}: remove one of the entries"
            )
        if len(above) >= DEEPEST_INCLUDE:
            return f"{name!r} is included more than {DEEPEST_INCLUDE} files deep, include it in {self.file} itself"
        is_many = len(self.sources) > MOST_FILES
        return f"more than {MOST_FILES} files are included, put several into one" if is_many else None

    def _read(self, name: str, inside: Reader, outside: Reader, node: Node) -> Node | None:
        try:
            source = self.files.read(name)
        except Unreadable as error:
            if error.place:
                inside.note(error.place, str(error))
            else:
                outside.note(node.place, f"{name!r} {error}")
            return None
        self.sources[inside.file] = source
        try:
            root, mistakes = read_nodes(source, inside.file)
        except RulesError as error:
            root, mistakes = None, list(error.mistakes)
        inside.mistakes.extend(mistakes)
        return root

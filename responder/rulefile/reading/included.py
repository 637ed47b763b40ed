"""What is read beside the rules file itself: the parts that it includes, and the built-in words of each language."""

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import PurePath, PurePosixPath
from typing import Any

from responder.core.recognition.packs import ABOUT, About, Answer, Pack, Word
from responder.core.recognition.phrases import spellings
from responder.core.rules.rules import ASK, KEYWORDS, LEFT
from responder.core.sms.text import fold
from responder.errors import RulesError
from responder.rulefile.reading.folder import Files, Unreadable
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Sequence, read_nodes
from responder.rulefile.reading.reader import Fields, Line, Reader, flag, is_empty, one_of, shown, text

GRADES = ("A", "B", "C", "D")
OUR_OWN = "D"
WORDS = ("opt_out", "opt_in", "help", "anywhere", "stops", "courtesy", "links", "nouns", "unscoped")
PHRASES = ("phrases", "benign", "complaints", "wrong_numbers")
MOST_FILES = 1000
MOST_ENTRIES = 100
DEEPEST_INCLUDE = 10  # files that include files
VERSION = "1"
OF_EACH_FILE = ("lists", "webhooks", "rules", "tests")
OF_THE_WHOLE = (
    "timezone", "country", "languages", "defaults", "numbers", "reserved", "appointments", "fallback", "alerts",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Words of a pack with one grade and source, as they stand in its file."""

    words: tuple[str, ...]
    grade: str
    yields: bool = False
    returning: bool = False


@cache  # what a package ships does not change while it runs
def load_packs() -> Mapping[str, Pack]:
    """The packs of all languages, and the one that is always active."""
    folder = resources.files("responder").joinpath("words")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    packs = [read_pack(folder.joinpath(name).read_text("utf-8"), f"words/{name}") for name in names]
    return {pack.language: pack for pack in packs}


def read_pack(source: str, file: str) -> Pack:
    """One pack; RulesError says what is wrong with it."""
    root, mistakes = read_nodes(source, file)
    reader = Reader(file, mistakes, "pack")
    if root is None:
        raise RulesError(())
    with reader.fields(root) as fields:
        pack = _pack(fields, reader)
    if mistakes:
        raise RulesError(tuple(sorted(mistakes)))
    return pack


def _pack(fields: Fields, reader: Reader) -> Pack:
    language = fields.require("language", text, "", "add the language")
    version = fields.require("version", text, "", "add the version")
    fields.node("sources")

    def listed(name: str) -> tuple[Word, ...]:
        return tuple(
            Word(
                typed=typed,
                language=language,
                version=version,
                grade=entry.grade,
                yields=entry.yields,
                returning=entry.returning,
            )
            for entry in _entries(fields, name, reader)
            for typed in entry.words
        )

    words: dict[str, Any] = {name: {_key(word.typed): word for word in listed(name)} for name in WORDS}
    words["doubts"] = {folded: _spelt(word, folded) for word in listed("doubts") for folded in spellings(word.typed)}
    phrases: dict[str, Any] = {name: listed(name) for name in PHRASES}
    answers = {
        folded: answer
        for answer in Answer
        for entry in _entries(fields, answer, reader)
        for phrase in entry.words
        for folded in spellings(phrase)
    }
    about = fields.node("about")
    node = fields.node("texts")
    texts = _texts(node, reader) if node else {}
    told = _about(about, reader) if about else About()
    return Pack(language=language, version=version, answers=answers, texts=texts, about=told, **words, **phrases)


def _about(node: Node, reader: Reader) -> About:
    with reader.fields(node) as fields:
        return About(**{name: frozenset(map(fold, fields.each(name, text))) for name in ABOUT})


def _spelt(word: Word, folded: str) -> Word:
    return word if fold(word.typed) == folded else replace(word, typed=folded.upper())


def _key(typed: str) -> str:
    """A word in the form in which it is looked up; a leading ``*`` means any beginning."""
    return f"*{fold(typed)}" if typed.startswith("*") else fold(typed)


def _entries(fields: Fields, name: str, reader: Reader) -> tuple[Entry, ...]:
    return fields.each(name, lambda node: _entry(node, reader))


def _entry(node: Node, reader: Reader) -> Entry:
    """Words with their grade; mere words are of our own making."""
    if not isinstance(node, MappingNode):
        return Entry(words=reader.each(text, node), grade=OUR_OWN)
    with reader.fields(node) as fields:
        fields.node("sources")
        if not (words := fields.each("word", text)):
            reader.note(node.place, "'word' is missing, add the word")
        return Entry(
            words=words,
            grade=fields.require("grade", one_of(GRADES, "grade"), "", "add its grade"),
            yields=fields.take("yields", flag, default=False),
            returning=fields.take("returning", flag, default=False),
        )


def _texts(node: Node, reader: Reader) -> Mapping[str, str]:
    with reader.fields(node) as fields:
        return {keyword: fields.require(keyword, text, "", "add the text") for keyword in (*KEYWORDS, LEFT, ASK)}


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

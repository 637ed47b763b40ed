"""The built-in words: one pack for each language."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from responder.core.recognition.packs import ABOUT, About, Answer, Pack, Word
from responder.core.recognition.phrases import spellings
from responder.core.rules.rules import ASK, KEYWORDS, LEFT
from responder.core.sms.text import fold
from responder.errors import RulesError
from responder.rulefile.reading.nodes import Node, read_nodes
from responder.rulefile.reading.reader import Fields, Reader, flag, one_of, text

GRADES = ("A", "B", "C", "D")
WORDS = ("opt_out", "opt_in", "help", "anywhere", "stops", "courtesy", "links", "nouns", "unscoped")
PHRASES = ("phrases", "benign", "complaints", "wrong_numbers")


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

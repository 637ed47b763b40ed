"""YAML as placed texts: every scalar is what the author typed, and whatever hides a meaning is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from responder.core.sms.text import clean
from responder.errors import Mistake, RulesError
from responder.rulefile.reading.syntax import in_plain_words

LARGEST_FILE = 1 << 20  # bytes, or characters of a text
DEEPEST = 20  # lists and mappings inside one another
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml, which every wheel of PyYAML has
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in the file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scalar:
    """A value as it was typed."""

    place: Place
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Several values."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    """Values with their keys."""

    place: Place
    entries: tuple[tuple[Scalar, "Node"], ...]


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    is_list: bool
    place: Place
    children: list[Node] = field(default_factory=list)


def read_nodes(text: str, file: str) -> tuple[Node | None, list[Mistake]]:
    """The one document of a YAML text, and the mistakes that still let it be read.

    RulesError where nothing can be made of it.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > LARGEST_FILE:
        raise too_large(file)
    if found := UNPRINTABLE.search(text):
        problem = f"the character {found.group()!a} cannot stand in YAML, remove it"
        raise _refusal(file, place_of(text, found.start()), problem)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the loader in Python leaves some escapes to ``chr``
        line, column, problem = in_plain_words(error, text)
        builder.note(Place(line=line, column=column), problem)
        builder.is_readable = False
    if not builder.is_readable:
        raise RulesError(tuple(sorted(builder.mistakes)))
    return builder.root, builder.mistakes


def place_of(text: str, offset: int) -> Place:
    before = text[:offset]
    return Place(line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)


def too_large(file: str) -> RulesError:
    """The refusal of a file that nobody wrote by hand."""
    problem = f"the file is larger than {LARGEST_FILE >> 20} MB, shorten its lists of words"
    return _refusal(file, Place(line=1, column=1), problem)


def _refusal(file: str, place: Place, text: str) -> RulesError:
    return RulesError((Mistake(file=file, line=place.line, column=place.column, text=text),))


class _Builder:
    """Makes nodes of parser events without recursion, so that no depth of brackets can end the process."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self.is_readable = True
        self._open: list[_Open] = []

    def note(self, place: Place, text: str) -> None:
        self.mistakes.append(Mistake(file=self.file, line=place.line, column=place.column, text=text))

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.NodeEvent):
            self._take_node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            problem = "a second document begins here, keep one and remove the line '---'"
            raise _refusal(self.file, _place(event), problem)

    def _take_node(self, event: yaml.NodeEvent) -> None:
        place = _place(event)
        self._check_node(event, place)
        if isinstance(event, yaml.ScalarEvent):
            self._add(Scalar(place=place, text=event.value))
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) == DEEPEST:
                problem = f"lists and mappings go more than {DEEPEST} deep here, remove some of the brackets"
                raise _refusal(self.file, place, problem)
            self._open.append(_Open(isinstance(event, yaml.SequenceStartEvent), place))
        else:
            self._add(Scalar(place=place, text=""))

    def _check_node(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.AliasEvent):
            remedy = "write the value out, or put a text with * in quotes"
            self.note(place, f"'*{event.anchor}' refers to an anchor, which is not allowed: {remedy}")
            self.is_readable = False
        elif event.anchor:
            remedy = "remove it, or put a text with & in quotes"
            self.note(place, f"'&{event.anchor}' is an anchor, which is not allowed: {remedy}")
        tag = getattr(event, "tag", None)
        if tag:
            remedy = "remove it, or put a text with ! in quotes"
            self.note(place, f"'{_short(tag)}' is a tag, which is not allowed: {remedy}")
        value = getattr(event, "value", "")
        if clean(value) != value:
            self.note(place, "an escape in this text stands for a character that no message can hold, remove it")

    def _close(self) -> None:
        done = self._open.pop()
        if done.is_list:
            self._add(Sequence(place=done.place, items=tuple(done.children)))
        else:
            self._add(Mapping(place=done.place, entries=tuple(self._entries(done.children))))

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def _entries(self, children: list[Node]) -> Iterator[tuple[Scalar, Node]]:
        first: dict[str, Scalar] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.note(key.place, "a key has to be a word; a text that begins with {{ or [ has to stand in quotes")
                self.is_readable = False
            elif key.text in first:
                before = f"first on line {first[key.text].place.line}"
                self.note(key.place, f"the key {key.text!r} stands here again, {before}: keep one of them")
            else:
                first[key.text] = key
                yield key, value


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(line=mark.line + 1, column=mark.column + 1) if mark else Place(line=1, column=1)


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")

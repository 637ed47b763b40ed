"""Versions of the rules: the texts that they are read from, and how the version in force stands to what is on disk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text that rules are read from, and the file that it stood in."""

    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Rules that were in force, as they were written; ``in_force_at`` is when they last came into force."""

    hash: str
    sources: tuple[Source, ...]
    first_in_force_at: datetime
    in_force_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesStatus:
    """The rules that a process goes by; ``mistakes`` are those of a file that was refused since, so that they stay in force."""

    hash: str
    count: int
    last_good_at: datetime
    mistakes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the rules in force are those of the file."""
        return not self.mistakes


def written_sources(sources: Sequence[Source]) -> str:
    """The texts as they are kept, the main one first.

    >>> read_sources(written_sources([Source(file="rules.yaml", text="version: 1")]))
    (Source(file='rules.yaml', text='version: 1'),)
    """
    return json.dumps([[source.file, source.text] for source in sources], ensure_ascii=False)


def read_sources(written: str) -> tuple[Source, ...]:
    """The texts that were kept."""
    return tuple(Source(file=file, text=text) for file, text in json.loads(written))

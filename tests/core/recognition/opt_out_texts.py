"""Reads the texts that people might send, with what each asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEXTS = Path(__file__).parent / "texts"
HEADING = "== "
ESCAPES = {"\\n": "\n"} | {f"\\u{ord(c):04x}": c for c in "\u200b\u00ad\u200f\u202e\u202c\u00a0 "}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A text, the languages of the file, what is known of the phone, and what is asked for."""

    text: str
    languages: str
    circumstances: frozenset[str]
    expected: str

    def __str__(self) -> str:
        return f"{self.languages} {' '.join(sorted(self.circumstances))} {self.text!r}"


def read_cases(name: str) -> Iterator[Case]:
    """The texts of a file, in which a heading gives the languages, the circumstances and what the texts below it ask for."""
    languages, circumstances, expected = "", frozenset[str](), ""
    for block in (TEXTS / name).read_text("utf-8").split("\n\n"):
        for line in block.split("\n"):
            if line.startswith(HEADING):
                who, _, expected = line.removeprefix(HEADING).partition(": ")
                languages, *others = who.split(", ")
                circumstances = frozenset(others)
            elif line and not line.startswith("#"):
                yield Case(text=_typed(line), languages=languages, circumstances=circumstances, expected=expected)


def _typed(line: str) -> str:
    for escape, character in ESCAPES.items():
        line = line.replace(escape, character)
    return line

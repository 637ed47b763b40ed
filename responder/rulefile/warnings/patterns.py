"""A text that a regular expression is found in, made from the expression."""

import re
from dataclasses import dataclass, field

ESCAPES = {
    "d": "1", "w": "a", "s": " ", "D": "a", "W": " ", "S": "a", "n": " ", "t": " ",
    "b": "", "B": "", "A": "", "z": "", "pL": "a",
}  # fmt: skip
QUANTIFIERS = "?*+{"
CLASS_CANDIDATES = "A1a B2b0-_. "
LONGEST = 300  # characters of a text that is made
DEEPEST = 30  # brackets inside one another


class _NotMade(Exception):
    """The expression uses something that this module does not make texts for."""


def sample(source: str) -> str | None:
    """A text for an expression of the usual kind.

    None where it is of another. Whoever uses it looks whether it is found there.

    >>> sample("^track (?P<code>[A-Z0-9]{6})$")
    'track AAAAAA'
    """
    try:
        maker = _Maker(source)
        made = maker.alternatives(0)
    except (_NotMade, IndexError, ValueError):
        return None
    return made if maker.at == len(source) and len(made) <= LONGEST else None


@dataclass(slots=True)
class _Maker:
    """Reads an expression from the left, and keeps the shortest text that each part may stand for."""

    source: str
    at: int = field(default=0)

    def alternatives(self, depth: int) -> str:
        if depth > DEEPEST:
            raise _NotMade
        first = self._sequence(depth)
        while self._next() == "|":
            self.at += 1
            self._sequence(depth)
        return first

    def _next(self) -> str:
        return self.source[self.at : self.at + 1]

    def _sequence(self, depth: int) -> str:
        made = ""
        while (c := self._next()) and c not in "|)":
            atom = self._atom(c, depth)
            made += atom * self._least()
            if len(made) > LONGEST:
                raise _NotMade
        return made

    def _atom(self, c: str, depth: int) -> str:
        self.at += 1
        match c:
            case "(":
                return self._group(depth)
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case _:
                return c

    def _group(self, depth: int) -> str:
        if self._next() == "?":
            end = min(place for sign in ":>)" if (place := self.source.find(sign, self.at)) >= 0)
            self.at = end + 1
            if self.source[end] == ")":
                return ""
        made = self.alternatives(depth + 1)
        if self._next() != ")":
            raise _NotMade
        self.at += 1
        return made

    def _class(self) -> str:
        end = self.source.index("]", self.at + (2 if self._next() == "^" else 1))
        inner = self.source[self.at : end]
        self.at = end + 1
        found = next((c for c in CLASS_CANDIDATES if re.fullmatch(f"[{inner}]", c)), None)
        return found or inner[:1]

    def _escape(self) -> str:
        c = self._next()
        self.at += 1
        if c == "p" and self._next() == "L":
            self.at += 1
            return ESCAPES["pL"]
        if c.isalnum() and c not in ESCAPES:
            raise _NotMade
        return ESCAPES.get(c, c)

    def _least(self) -> int:
        """How often the atom before has to stand there."""
        c = self._next()
        if not c or c not in QUANTIFIERS:
            return 1
        if c == "{":
            end = self.source.index("}", self.at)
            least = int(self.source[self.at + 1 : end].partition(",")[0] or 0)
            self.at = end + 1
        else:
            least = int(c == "+")
            self.at += 1
        if self._next() == "?":
            self.at += 1
        return least

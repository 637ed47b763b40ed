"""What a check of doctor finds, and how bad it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from responder.errors import ResponderError


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a check found; ``check`` names the part of the installation."""

    check: str
    level: Level
    text: str

    def as_json(self) -> dict[str, str]:
        return {"check": self.check, "level": str(self.level), "text": self.text}


def ok(check: str, text: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(check=check, level=Level.OK, text=text)


def warning(check: str, text: str) -> Finding:
    """A finding that somebody should look at."""
    return Finding(check=check, level=Level.WARNING, text=text)


def fault(check: str, text: str) -> Finding:
    """A finding that keeps the installation from working."""
    return Finding(check=check, level=Level.ERROR, text=text)


def faults(check: str, error: ResponderError) -> Iterator[Finding]:
    """A finding for each line of an error, since some errors list several mistakes."""
    return (fault(check, line) for line in str(error).splitlines())

"""What a check of doctor finds, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding is."""

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
        """Its fields."""
        return {"check": self.check, "level": str(self.level), "text": self.text}

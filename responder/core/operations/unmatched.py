"""What is told of texts that met no rule, and of rules that applied."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmatchedGroup:
    """Texts that met no rule and are alike once folded; the text, destination and key are those of the newest."""

    folded: str
    count: int
    last_at: datetime
    text: str
    destination: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleUse:
    """How often a rule applied, and when last."""

    rule: str
    count: int
    last_at: datetime

"""The tests of a rules file as values: what is given, texted and expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from responder.core.contact.known import Appointment, SubscriptionStatus

NOTHING = "none"
"""What a test writes for the rule where none applies and there is no fallback."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedStep:
    """A step that is expected, with those of its settings that matter.

    The unnamed one is the first that the step has.
    """

    action: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What has to come out; None for what the test leaves open."""

    rule: str | None = None
    steps: tuple[ExpectedStep, ...] | None = None
    replies: tuple[str, ...] | None = None
    subscriptions: Mapping[str, SubscriptionStatus | None] | None = None
    subscribed: tuple[str, ...] | None = None
    """All lists that the originator is on at the end, and no others."""
    appointments: Mapping[str, str] | None = None
    fields: Mapping[str, str] | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One text of a test; without a time it comes a minute after the one before."""

    text: str
    at: datetime | None = None
    expected: Expected = Expected()


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What is known before the first text of a test."""

    subscriptions: Mapping[str, SubscriptionStatus] = field(default_factory=dict)
    appointments: tuple[Appointment, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    opted_out: bool = False
    responses: Mapping[str, bytes] = field(default_factory=dict)
    """What webhooks answer, by their names; the others do not answer in time."""
    paused_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One test: ``earlier`` texts that nothing is expected of, then its own.

    What is expected at the end stands with the last of them.
    """

    name: str
    line: int
    column: int
    originator: str
    destination: str
    at: datetime | None
    given: Given
    earlier: tuple[Turn, ...]
    turns: tuple[Turn, ...]
    file: str = ""

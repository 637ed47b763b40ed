"""How the files look that an office keeps: the section ``imports`` of a rules file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from responder.core.sms.typed_times import Forms

APPOINTMENT_COLUMNS = (
    "id", "originator", "starts_at", "name", "service", "location", "language", "asked_at", "status", "updated_at",
)  # fmt: skip
SUBSCRIBER_COLUMNS = ("originator", "list", "status", "since", "language", "evidence")
DATE, TIME = "date", "time"
"""Two columns that make ``starts_at`` together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileForm:
    """What a kind of file calls its columns, how it writes days and times, and what holds for all its lines."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column by the file's name for it."""
    forms: Forms = field(default_factory=Forms)
    fixed: Mapping[str, str] = field(default_factory=dict)
    """The value of a column that the file does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imports:
    """How files of appointments and of subscribers look."""

    appointments: FileForm = field(default_factory=FileForm)
    subscribers: FileForm = field(default_factory=FileForm)

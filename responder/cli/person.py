"""What is known of one person as lines for another to read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from responder.cli.output import aligned, one_line

FIELDS: Mapping[str, Sequence[str]] = {
    "lists": ("list", "status", "since", "language"),
    "standing": ("list", "status", "since"),
    "appointments": ("id", "starts_at", "status", "name", "service", "location"),
    "messages": ("received_at", "status", "rule", "text"),
    "deliveries": ("kind", "to", "status", "text", "last_error"),
}
"""What is told of each kind of record, in this order."""


def _told(record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _told(value)
        elif value is not None:
            yield f"{name} {one_line(str(value))}"


def lines_of(kind: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The records of a kind, a line each, their values below each other; of a kind without an order of its own all that they hold.

    >>> lines_of("lists", [{"list": "news", "status": "subscribed", "since": "2026-11-23T12:00:00Z", "language": None}])
    ['news  subscribed  2026-11-23T12:00:00Z']
    """
    if kind not in FIELDS:
        return [", ".join(_told(record)) for record in records]
    rows = [[one_line(str(record[name] or "")) for name in FIELDS[kind]] for record in records]
    return list(aligned(rows)) if rows else []

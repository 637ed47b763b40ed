"""Appointments as a calendar that other programs can read (RFC 5545), without any number."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from responder.core.operations.front_desk import BoardEntry

LASTS = timedelta(minutes=30)  # nobody tells us how long an appointment lasts
LINE = 73  # bytes of a line before it is folded


def calendar_key(secret: bytes) -> str:
    """The secret part of the calendar's address."""
    return hmac.digest(secret, b"console calendar", hashlib.sha256).hex()[:40]


def calendar_of(entries: Iterable[BoardEntry], now: datetime, say: Callable[[str], str]) -> str:
    """The entries as a calendar."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//responder//console//EN"]
    for entry in entries:
        one = entry.appointment
        named = " · ".join(filter(None, (say(str(entry.standing)), one.name, one.service)))
        lines += [
            "BEGIN:VEVENT",
            f"UID:{hashlib.sha256(one.id.encode()).hexdigest()[:32]}@responder",
            f"DTSTAMP:{_stamp(now)}",
            f"DTSTART:{_stamp(one.starts_at)}",
            f"DTEND:{_stamp(one.starts_at + LASTS)}",
            f"SUMMARY:{_escaped(named)}",
            *([f"LOCATION:{_escaped(one.location)}"] if one.location else []),
            "END:VEVENT",
        ]
    return "".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    r"""A text as a value of a calendar.

    >>> _escaped("Room 3; left, then\nup")
    'Room 3\\; left\\, then\\nup'
    """
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, written)
    return text


def _folded(line: str) -> str:
    """A line in parts of at most so many bytes, each but the first after a blank."""
    parts, data = [], line.encode()
    while len(data) > LINE:
        end = LINE
        while data[end] & 0xC0 == 0x80:  # never within a character
            end -= 1
        parts.append(data[:end])
        data = data[end:]
    return b"\r\n ".join([*parts, data]).decode() + "\r\n"

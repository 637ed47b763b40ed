"""A message that came in, written as a test of the rules file."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from responder.core.contact.known import Known
from responder.core.rules.cases import NOTHING
from responder.core.sms.timestamps import iso

MASKED = 6  # last digits, so that no number gets into a file that many read
LONGEST_NAME = 50  # characters
PLAIN = re.compile(r"[a-z][a-z0-9_-]*")
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for line breaks, or not at all
ASKED = "question"  # what no test can be given: that we had asked something


def as_test(known: Known, text: str, rule: str | None, *, to: str, at: datetime) -> str | None:
    """A text and the rule that spoke, as an entry of ``tests``.

    None where what was known then cannot be written down.
    """
    if not text or rule == ASKED or known.questions:
        return None
    told = " ".join(text.split())
    lines = {
        "name": f"{told[:LONGEST_NAME]} ({at:%Y-%m-%d})",
        "from": masked(known.originator),
        "to": to,
        "text": text,
        "at": iso(at),
        "given": _given(known),
        "expect": {"rule": rule or NOTHING},
    }
    written = [f"{name}: {_flow(value)}" for name, value in lines.items() if value]
    return "\n".join([f"  - {written[0]}", *(f"    {line}" for line in written[1:])]) + "\n"


def masked(number: str) -> str:
    """A number of the same country that is nobody's in particular.

    >>> masked("+393301234567")
    '+393301000000'
    """
    return number[:-MASKED] + "0" * MASKED if len(number) > 2 * MASKED - 2 else number


def _given(known: Known) -> Mapping[str, Any]:
    lists = {one.list: str(one.status) for one in known.subscriptions.values()} if known.subscriptions else {}
    visits = [
        {
            "id": f"a{place}",
            "starts_at": iso(one.starts_at),
            "status": str(one.status),
            **({"asked_at": iso(one.asked_at)} if one.asked_at else {}),
        }
        for place, one in enumerate(known.appointments, start=1)
    ]
    given: dict[str, Any] = {
        "subscriptions": lists,
        "appointments": visits,
        "fields": dict(known.fields),
        "language": known.language,
        "opted_out": "true" if known.opted_out else None,
        "paused_until": _moment(known.paused_until),
    }
    return {name: value for name, value in given.items() if value}


def _moment(at: datetime | None) -> str | None:
    return iso(at) if at else None


def _flow(value: Any) -> str:  # noqa: ANN401  (a text, or what JSON has)
    """A value as YAML: JSON on one line is YAML too, and names need no quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _key(name: str) -> str:
    return name if PLAIN.fullmatch(name) else json.dumps(name)


def talk_as_test(
    said: Sequence[tuple[str, datetime]], rule: str | None, replies: Sequence[str], *, known: Known, to: str
) -> str:
    """A conversation and what its last text came to, as an entry of ``tests``."""
    told = " ".join(said[-1][0].split())
    lines = {
        "name": f"{told[:LONGEST_NAME]} ({said[-1][1]:%Y-%m-%d %H:%M})",
        "from": masked(known.originator),
        "to": to,
        "at": iso(said[0][1]),
        "given": _given(known),
        "messages": [{"text": text, "at": iso(at)} for text, at in said],
        "expect": {"rule": rule or NOTHING, "replies": list(replies)},
    }
    written = [f"{name}: {_flow(value)}" for name, value in lines.items() if value]
    return "\n".join([f"  - {written[0]}", *(f"    {line}" for line in written[1:])]) + "\n"

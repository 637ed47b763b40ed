"""Replies made from a webhook's answer, stored as JSON with the call until it comes."""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Awaited, Mute, Purpose, Reply
from responder.core.contact.known import Known
from responder.core.outbound.leaving import OPTED_OUT
from responder.core.rules.limits import Limits, Restraint
from responder.core.rules.template import LONGEST_RENDERED, Templates
from responder.core.sms.text import cut

ANSWER_WITHIN = timedelta(seconds=5)  # from the beginning of the call; a later answer makes no reply
LONGEST_JSON = 64 * 1024  # bytes of an answer; a longer one is cut there and makes no reply
RESPONSE = "response"
MOMENT = "$moment"  # a name that no template can use
JOINERS = "\u200c\u200d"  # they hold emojis and some scripts together


class NoField(Exception):
    """The answer lacks a field that the text uses."""


class Missing:
    """A field that the answer lacks: false in a condition, an error where a text would show it."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        raise NoField


class Fields(dict[str, Any]):
    """The fields of an answer."""

    def __missing__(self, name: str) -> Missing:
        return Missing()


def settled(
    awaited: Awaited, said: bytes | None, known: Known, limits: Limits, now: datetime
) -> tuple[Reply | Mute, ...]:
    """The text to send after the call's answer (``said``), or without one, as limits allow."""
    text = text_of(awaited, said)
    if text is None:
        return ()
    reply = Reply(text=text, purpose=awaited.purpose, expires_at=awaited.expires_at)
    if known.opted_out:
        return (replace(reply, held_back=OPTED_OUT),)
    left = Restraint(limits, known, now, awaited.languages).left_of(reply)
    replies = (one for one in left if isinstance(one, Reply | Mute))
    return tuple(replace(one, expires_at=awaited.expires_at) if isinstance(one, Reply) else one for one in replies)


def text_of(awaited: Awaited, said: bytes | None) -> str | None:
    """The text made from an answer, or else the other text; None if there is neither.

    >>> texts = {"text": "{{ response.text }}", "otherwise": "We will call you."}
    >>> awaited = Awaited(**texts, values={}, max_segments=1, languages=(), zone="UTC")
    >>> text_of(awaited, b'{"text": "Parcel 7 is on its way."}'), text_of(awaited, b"<html>")
    ('Parcel 7 is on its way.', 'We will call you.')
    """
    response = read_response(said) if said is not None else None
    return (_filled(awaited, response) if response is not None else "") or awaited.otherwise


def _filled(awaited: Awaited, response: Fields) -> str:
    """The text with its values; empty if the answer lacks one."""
    names = {name: None if isinstance(value, Mapping) else frozenset[str]() for name, value in awaited.values.items()}
    try:
        template = Templates(ZoneInfo(awaited.zone)).parse(awaited.text, {**names, RESPONSE: None})
        return cut(template.render({**awaited.values, RESPONSE: response}).strip(), awaited.max_segments)
    except Exception:  # noqa: BLE001  (whatever another system answers, the call has to be recorded)
        return ""


def read_response(body: bytes) -> Fields | None:
    """The fields of an answer that a text can show; None if it is not a JSON object.

    >>> read_response(b'{"text": "On its\\\\u0007 way", "days": 2, "more": {"a": 1}}')
    {'text': 'On its way', 'days': 2}
    """
    if len(body) >= LONGEST_JSON:
        return None
    try:
        read = json.loads(body.decode("utf-8-sig"), parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    return Fields({name: _shown(value) for name, value in read.items() if isinstance(value, str | int)})


def _refuse(typed: str) -> None:
    raise ValueError(f"{typed} is no number in JSON")


def _shown(value: str | int) -> str | int:
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, str):
        return "".join(filter(_is_kept, value[:LONGEST_RENDERED].replace("\r\n", "\n")))
    return value


def _is_kept(character: str) -> bool:
    """Whether a text may contain a character: no control or format character, no lone surrogate."""
    return character in f"\n{JOINERS}" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def to_json(awaited: Awaited) -> str:
    """The reply as it is stored until the answer is known."""
    kept = {field.name: getattr(awaited, field.name) for field in fields(awaited)}
    return json.dumps(kept, ensure_ascii=False, default=_moment)


def from_json(kept: str) -> Awaited:
    read = json.loads(kept, object_hook=_with_moments)
    values = {name: defaultdict(str, value) if name == "contact" else value for name, value in read["values"].items()}
    read |= {"values": values, "languages": tuple(read["languages"]), "purpose": Purpose(read["purpose"])}
    return Awaited(**read)


def _moment(value: object) -> object:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return {MOMENT: value.isoformat()}


def _with_moments(read: dict[str, Any]) -> object:
    return datetime.fromisoformat(read[MOMENT]) if MOMENT in read else read

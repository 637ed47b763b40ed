"""Messages in both directions: from a form, a mail or JSON that nobody trusts; and as either API takes a reply."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from responder.core.contact.effects import Step
from responder.core.outbound.gateway import Sample
from responder.core.sms.message import Channel, Inbound
from responder.core.sms.text import clean
from responder.core.sms.times import read_date_time
from responder.gateways import make_inbound

DATE_TIME = "%Y%m%d%H%M%S"
NAMES = {"originator", "destination", "date_time", "text"}
LONGEST_ID = 64  # characters of an id that are kept, as many as the vendor allows
LONGEST_REASON = 60  # characters of a reason in the gateway's words
FALLBACK_CHARSET = "cp1252"  # where bytes are no UTF-8 (gateway reference, section 1.4)


def read_message(
    form: Mapping[str, str],
    raw: bytes,
    received_at: datetime,
    channel: Channel,
    *,
    gateway: str,
    key_secret: bytes,
    zone: ZoneInfo,
) -> Inbound:
    """The message in a form; one without originator or destination comes back as malformed."""
    fields = form if form.keys() >= NAMES else _fields(form)
    date_time = clean(fields.get("date_time", "")).strip()
    return make_inbound(
        fields,
        key_secret=key_secret,
        gateway=gateway,
        channel=channel,
        raw=raw,
        received_at=received_at,
        sent_at=read_date_time(date_time, zone, received_at),
        date_time=date_time,
    )


def form_of(sample: Sample, zone: ZoneInfo) -> dict[str, str]:
    """The fields by which the gateway would hand in a text."""
    date_time = sample.sent_at.astimezone(zone).strftime(DATE_TIME)
    ends = {"originator": sample.originator, "destination": sample.destination}
    return {**ends, "date_time": date_time, "text": sample.text}


def _fields(form: Mapping[str, str]) -> Mapping[str, str]:
    """The fields, names in small letters; of names that then are equal, the first counts."""
    fields: dict[str, str] = {}
    for name, value in form.items():
        fields.setdefault(name.strip().lower(), value)
    return fields


class Api(StrEnum):
    """The vendor's two APIs for sending."""

    UNIVERSAL = "universal"
    LEGACY = "legacy"


SEND_URLS: Mapping[Api, str] = {
    Api.UNIVERSAL: "https://lora-api.agiletelecom.com/api/message-server/sms/send",
    # of the hosts that the pages name, the one for new customers
    Api.LEGACY: "https://http-api.agiletelecom.com/services/sms/send",
}


def send_url(api: Api, given: str | None) -> str:
    """Where replies go: the vendor's address, or the one given, completed by the path of the API.

    >>> send_url(Api.LEGACY, "https://wholesale.agiletelecom.com/services")
    'https://wholesale.agiletelecom.com/services/sms/send'
    >>> send_url(Api.UNIVERSAL, "https://proxy.example.com/sms/send")
    'https://proxy.example.com/sms/send'
    """
    if given is None:
        return SEND_URLS[api]
    base, path = given.rstrip("/"), urlsplit(SEND_URLS[api]).path.split("/")
    if base.endswith("/send"):
        return base
    known = next((length for length in range(len(path), 1, -1) if base.endswith("/".join(path[:length]))), 1)
    return "/".join((base, *path[known:]))


def body_of(api: Api, step: Step, sender: str) -> bytes:
    """The JSON, in ASCII, that sends a reply; its id is the step's key, which reports repeat."""
    message = _universal(step, sender) if api is Api.UNIVERSAL else _legacy(step, sender)
    return json.dumps(message).encode()


def _universal(step: Step, sender: str) -> Mapping[str, Any]:
    return {
        "destination": step.to,
        "sender": sender,
        "body": step.content,
        "messageId": step.key,
        "enableNotification": True,
        "skipRcsOverride": True,
    }


def _legacy(step: Step, sender: str) -> Mapping[str, Any]:
    message = {"destinations": [step.to], "ids": [step.key], "sender": sender, "body": step.content}
    return {"globalId": step.key, "enableDelivery": True, "messages": [message]}


def loads(body: bytes) -> Any:  # noqa: ANN401  (whatever is there)
    """A body as JSON, the first of repeated names; None if it is broken or nested too deeply."""
    try:
        return json.loads(_decoded(body), object_pairs_hook=_first)
    except (ValueError, RecursionError):
        return None


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        named.setdefault(name, value)
    return named


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode(FALLBACK_CHARSET, "replace")


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> int | None:
    """A code, however it is written; None if it is none.

    >>> number(" 3 "), number(402), number(True), number("-1")
    (3, 402, None, None)
    """
    written = str(value).strip() if isinstance(value, int | str) else ""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 5 else None


def identifier(value: object) -> str | None:
    """An id, whether it is a text or a number; None if there is none."""
    written = clean(str(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return written[:LONGEST_ID] or None


def plain_words(reason: object) -> str:
    """A reason of a few plain words, else nothing: no number or text may be logged.

    >>> plain_words("ABSENT_SUBSCRIBER"), plain_words("no route to +393301234567")
    ('ABSENT_SUBSCRIBER', '')
    """
    if not isinstance(reason, str) or not reason.isascii() or len(reason) > LONGEST_REASON:
        return ""
    return reason.strip() if all(c.isalpha() or c in " _-.,()" for c in reason) else ""

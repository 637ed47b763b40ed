"""Messages from a phone, read from the fields of a form, an e-mail or an event."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from responder.core.outbound.gateway import Sample
from responder.core.sms.address import canonical
from responder.core.sms.message import KEY_LENGTH, Channel, Inbound, MessageStatus, message_key, text_for_key
from responder.core.sms.text import clean
from responder.core.sms.timestamps import read_date_time

DATE_TIME = "%Y%m%d%H%M%S"
NAMES = {"originator", "destination", "date_time", "text"}
LONGEST_FIELD = 64  # characters of an address or a time that are kept; no real one comes near
LONGEST_TEXT = 10_000  # characters of a text that are kept


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
    originator, destination = (
        canonical(clean(fields.get("originator", ""))),
        canonical(clean(fields.get("destination", ""))),
    )
    date_time, text = clean(fields.get("date_time", "")).strip(), clean(fields.get("text", ""))
    is_whole = bool(originator and destination)
    named_by = (
        (destination, originator, date_time, text_for_key(text)) if is_whole else ("", *chain(*sorted(fields.items())))
    )
    return Inbound(
        key=message_key(key_secret, *named_by) if date_time else secrets.token_hex(KEY_LENGTH // 2),
        channel=channel,
        gateway=gateway,
        originator=originator[:LONGEST_FIELD],
        destination=destination[:LONGEST_FIELD],
        text=text[:LONGEST_TEXT],
        date_time=date_time[:LONGEST_FIELD],
        sent_at=read_date_time(date_time, zone, received_at),
        received_at=received_at,
        raw=raw,
        status=MessageStatus.RECEIVED if is_whole else MessageStatus.MALFORMED,
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

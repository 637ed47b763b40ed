"""Messages from a phone, read from the fields of a form, an e-mail or an event."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from responder.core.outbound.gateway import Sample
from responder.core.sms.message import Channel, Inbound
from responder.core.sms.text import clean
from responder.core.sms.timestamps import read_date_time
from responder.gateways.inbound import make_inbound

DATE_TIME = "%Y%m%d%H%M%S"
NAMES = {"originator", "destination", "date_time", "text"}


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

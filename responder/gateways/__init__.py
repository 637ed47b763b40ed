"""The gateways, a folder each, and what they share; none connects to anything. A new one is its folder and one line."""

import abc
import importlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from responder.core.outbound.gateway import Gateway
from responder.core.sms.address import canonical
from responder.core.sms.message import KEY_LENGTH, Channel, Inbound, MessageStatus, dated_key, message_key, text_for_key
from responder.core.sms.text import clean

LONGEST_FIELD = 64  # characters of an address or a time that are kept; no real one comes near
LONGEST_TEXT = 10_000  # characters of a text that are kept
FOLDERS = (  # the first is used unless RESPONDER_GATEWAY names another
    "agile",
)


class GatewaySettings(BaseModel, abc.ABC):
    """What an operator sets for one gateway; each field is a variable of the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    needed_to_send: ClassVar[str]
    """The variable without which replies are simulated."""

    @property
    @abc.abstractmethod
    def sends(self) -> bool:
        """Whether replies are sent, not simulated."""

    @property
    def api(self) -> str:
        """Which of the provider's APIs sends, where it has several: figures are kept for each."""
        return ""

    @abc.abstractmethod
    def make(self, *, secret: bytes, zone: ZoneInfo, sender: str | None) -> Gateway:
        """The gateway; ``secret`` makes the keys of messages, ``sender`` goes before the number that was texted."""


def make_inbound(  # noqa: PLR0913  (whatever a gateway says of a message)
    fields: Mapping[str, str],
    *,
    key_secret: bytes,
    gateway: str,
    channel: Channel,
    raw: bytes,
    received_at: datetime,
    sent_at: datetime | None,
    date_time: str = "",
    name: str = "",
) -> Inbound:
    """The message in the fields ``originator, destination, text``; malformed without one of the first two.

    ``name`` is the gateway's own name of the message, if it has one, and makes the key. Otherwise the fields do,
    given a ``date_time`` as the gateway wrote it; without one each delivery is a message of its own.
    """
    originator = canonical(clean(fields.get("originator", "")))
    destination = canonical(clean(fields.get("destination", "")))
    text = clean(fields.get("text", ""))
    is_whole = bool(originator and destination)
    parts = (
        (destination, originator, date_time, text_for_key(text)) if is_whole else ("", *chain(*sorted(fields.items())))
    )
    return Inbound(
        key=_key(key_secret, gateway, name, date_time, parts, received_at),
        channel=channel,
        gateway=gateway,
        originator=originator[:LONGEST_FIELD],
        destination=destination[:LONGEST_FIELD],
        text=text[:LONGEST_TEXT],
        date_time=date_time[:LONGEST_FIELD],
        sent_at=sent_at,
        received_at=received_at,
        raw=raw,
        status=MessageStatus.RECEIVED if is_whole else MessageStatus.MALFORMED,
    )


def _key(secret: bytes, gateway: str, name: str, date_time: str, parts: Sequence[str], received_at: datetime) -> str:
    """The key by the gateway's name of the message, else by its parts, else by chance."""
    if name:
        return message_key(secret, "name", gateway, name)
    if date_time:
        return dated_key(date_time, message_key(secret, *parts))
    return dated_key(received_at.isoformat(timespec="seconds"), secrets.token_hex(KEY_LENGTH // 2))


def _registered() -> Mapping[str, type[GatewaySettings]]:
    modules = {name: importlib.import_module(f"{__name__}.{name}.settings") for name in FOLDERS}
    return {name: module.SETTINGS for name, module in modules.items()}


REGISTERED: Mapping[str, type[GatewaySettings]] = _registered()
"""The settings of each gateway by its name, which is that of its folder."""

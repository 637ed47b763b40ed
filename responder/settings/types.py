"""How each kind of setting is read, and what an operator is told to have typed."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from responder.core.outbound.leaving import is_host
from responder.core.sms.times import EXPECTED_RATE, Rate, read_rate
from responder.settings import urls
from responder.settings.environment import PREFIX
from responder.settings.urls import EXPECTED, async_database_url, is_loopback, mask_url

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Expected:
    """What should have been typed for a setting, as the end of a sentence."""

    text: str


def _from_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("no such home") from error


def _entries(typed: object) -> object:
    return tuple(entry.strip() for entry in typed.split(",") if entry.strip()) if isinstance(typed, str) else typed


def lower(typed: object) -> object:
    return typed.strip().lower() if isinstance(typed, str) else typed


def _network(typed: object) -> object:
    return ip_network(typed) if isinstance(typed, str) else typed


def _not_all(networks: tuple[Network, ...]) -> tuple[Network, ...]:
    fours = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    sixes = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    if IPv4Network("0.0.0.0/0") in fours or IPv6Network("::/0") in sixes:
        raise ValueError("all addresses")
    return networks


def _zone(typed: object) -> object:
    try:
        return ZoneInfo(typed) if isinstance(typed, str) else typed
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("no such zone") from error


def _database(url: str) -> str:
    async_database_url(url)
    return url


def _redis(url: str) -> str:
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix" and parts.path.startswith("/")
    # a port that is none raises ValueError
    is_server = parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
    if not (is_socket or is_server):
        raise ValueError("no Redis")
    return url


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or not is_host(parts.hostname or "") or parts.port == 0 or parts.query or parts.fragment:
        raise ValueError("no endpoint")
    return url


def _public(url: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not is_host(parts.hostname or "") or parts.port == 0 or not is_bare:
        raise ValueError("no address of a service")
    return parts.geturl()


def _mailbox(url: SecretStr) -> SecretStr:
    urls.read_mailbox_url(url.get_secret_value())
    return url


def _mail_server(url: SecretStr) -> SecretStr:
    urls.read_smtp_url(url.get_secret_value())
    return url


def _receiver(typed: object) -> object:
    word = typed.strip().lower() if isinstance(typed, str) else ""
    if word in {"yes", "no", "on", "off", "1", "0"}:  # which would be the name of a server that no mail comes from
        raise ValueError("no name of a server")
    is_word = word in {"true", "false"}
    return typed.strip().lower() if is_word and isinstance(typed, str) else typed


def _rate(typed: object) -> object:
    return read_rate(typed) if isinstance(typed, str) else typed


def _written_in(characters: str, secret: SecretStr) -> SecretStr:
    if not re.fullmatch(characters, secret.get_secret_value()):
        raise ValueError("other characters")
    return secret


_Network = Annotated[Network, BeforeValidator(_network)]
_ADDRESSES = "addresses or CIDR ranges, comma-separated, as in '203.0.113.7, 198.51.100.0/24'"
_Token = Annotated[SecretStr, AfterValidator(partial(_written_in, r"[A-Za-z0-9._~-]+"))]

File = Annotated[Path, AfterValidator(_from_home), Expected("a path")]
DatabaseUrl = Annotated[str, AfterValidator(_database), Expected(EXPECTED)]
RedisUrl = Annotated[str, AfterValidator(_redis), Expected("redis://host:port, rediss://host:port or unix:///path")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$"), Expected("an address or a name of this machine")]
Port = Annotated[int, Field(ge=1, le=65535), Expected("a whole number between 1 and 65535")]
Days = Annotated[int, Field(ge=0, le=36500), Expected("a whole number of days, or 0")]
Tokens = Annotated[
    tuple[_Token, ...],
    BeforeValidator(_entries),
    Expected("letters, digits and . _ ~ - alone; several are comma-separated"),
]
Networks = Annotated[
    tuple[_Network, ...],
    BeforeValidator(_entries),
    AfterValidator(_not_all),
    Expected(f"{_ADDRESSES}, and never all addresses: leave it out to allow all"),
]
Proxies = Annotated[
    tuple[_Network, ...],
    BeforeValidator(_entries),
    AfterValidator(_not_all),
    Expected(f"{_ADDRESSES}, and never all addresses: whom we trust may name any origin"),
]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone), Expected("the name of a time zone, as in 'Europe/Rome'")]
Secret = Annotated[
    SecretStr,
    Field(min_length=8),
    Expected("a long random word: 8 characters at least, as 'openssl rand -hex 16' makes"),
]
ApiKey = Annotated[
    SecretStr, AfterValidator(partial(_written_in, r"[!-~]+")), Expected("the key alone, without blanks or line breaks")
]
Endpoint = Annotated[str, AfterValidator(_endpoint), Expected("an https:// address (http:// on this machine alone)")]
PublicUrl = Annotated[str, AfterValidator(_public), Expected("an address as in 'https://desk.example.com'")]
Sender = Annotated[
    str,
    Field(pattern=r"^(\+?[0-9]{1,15}|[A-Za-z0-9 ]{1,11})$"),
    Expected("a number, as in '+393301234567', or up to 11 letters and digits"),
]
Mailbox = Annotated[SecretStr, AfterValidator(_mailbox), Expected(urls.MAILBOX_EXPECTED)]
Folder = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f*%]+$"), Expected("the name of a folder, as in 'INBOX/Done'")]
Password = Annotated[
    SecretStr,
    AfterValidator(partial(_written_in, r"[^\x00-\x1f\x7f]+")),
    Expected("the password alone, without line breaks"),
]
Addresses = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")], ...],
    BeforeValidator(_entries),
    BeforeValidator(lower),
    Expected("e-mail addresses, comma-separated"),
]
MailServer = Annotated[SecretStr, AfterValidator(_mail_server), Expected(urls.SMTP_EXPECTED)]
Address = Annotated[
    str, Field(pattern=r"^[!-~]+@[A-Za-z0-9.-]+$"), Expected("an e-mail address, as in 'responder@example.com'")
]
Receiver = Annotated[
    str,
    BeforeValidator(_receiver),
    Field(pattern=r"^[A-Za-z0-9._:-]+$"),
    Expected("true, false or the name of the receiving server"),
]
Footer = Annotated[str, Field(max_length=200), Expected("at most 200 characters")]
Seconds = Annotated[int, Field(ge=1, le=3600), Expected("a whole number of seconds between 1 and 3600")]
Name = Annotated[str, BeforeValidator(lower), Expected("the name of a gateway")]
Sends = Annotated[Rate, BeforeValidator(_rate), Expected(EXPECTED_RATE)]
Switch = Annotated[bool, Expected("true or false")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], BeforeValidator(lower), Expected("debug, info, warning or error")
]
ConsoleRules = Annotated[Literal["edit", "view"], BeforeValidator(lower), Expected("edit or view")]
LogFormat = Annotated[Literal["auto", "json", "text"], BeforeValidator(lower), Expected("auto, json or text")]


def is_broken(field: FieldInfo, value: str) -> bool:
    """Whether a value has halves of characters; in names of files the system's stray bytes are allowed."""
    encode = os.fsencode if "Path" in repr(field.annotation) else str.encode
    try:
        encode(value)
    except UnicodeEncodeError:
        return True
    return False


def mistakes_of(error: ValidationError, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A sentence for each setting that cannot be read."""
    for mistake in error.errors(include_url=False):
        if mistake["type"] == "default_factory_not_called":  # DATA_DIR is wrong, and says so itself
            continue
        name = str(mistake["loc"][0])
        expected = next(note.text for note in _notes(fields[name]))
        if name == "database_url":
            expected = str(mistake["ctx"]["error"])  # it knows which part of the address is wrong
        given = "not set" if mistake["type"] == "missing" else repr(shown(fields[name], mistake["input"]))
        yield f"{PREFIX}{name.upper()} is {given}, expected {expected}"


def shown(field: FieldInfo, value: object) -> str:
    """A value as a mistake repeats it: of a secret nothing."""
    return "…" if is_secret(field) else mask_url(str(value))


def secret_names(fields: Mapping[str, FieldInfo]) -> frozenset[str]:
    """The settings that may stand in a file: secrets, and addresses that hold one."""
    return frozenset(name for name, field in fields.items() if is_secret(field) or not field.repr)


def is_secret(field: FieldInfo) -> bool:
    """Whether the value of a setting must never be shown.

    >>> is_secret(FieldInfo(annotation=SecretStr)), is_secret(FieldInfo(annotation=int))
    (True, False)
    """
    return "SecretStr" in repr(field.annotation)


def _notes(field: FieldInfo) -> Iterator[Expected]:
    yield from (note for note in field.metadata if isinstance(note, Expected))
    for part in get_args(field.annotation):  # an optional setting keeps its notes one level further in
        yield from (note for note in getattr(part, "__metadata__", ()) if isinstance(note, Expected))

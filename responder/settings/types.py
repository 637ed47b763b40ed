"""The kinds of settings: how each is read, and what should have been typed."""

import os
import re
from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from responder.core.outbound.leaving import is_host
from responder.core.sms.times import EXPECTED_RATE, read_rate
from responder.settings import urls
from responder.settings.fields import Kind, WrongEntries
from responder.settings.secret import Secret
from responder.settings.urls import async_database_url, is_loopback

Network = IPv4Network | IPv6Network
T = TypeVar("T")
SWITCHES = dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "off", "0"), False
)


def _file(typed: str) -> Path:
    try:
        return Path(typed).expanduser()
    except RuntimeError as error:
        raise ValueError("no such home") from error


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(typed: str) -> int:
        if not typed.isascii() or not least <= (number := int(typed)) <= most:
            raise ValueError("another number")
        return number

    return read


def _switch(typed: str) -> bool:
    if (is_on := SWITCHES.get(typed.lower())) is None:
        raise ValueError("no switch")
    return is_on


def lower(typed: str) -> str:
    """What is typed, in small letters."""
    return typed.strip().lower()


def _one_of(*words: str) -> Callable[[str], Any]:
    def read(typed: str) -> str:
        if (word := lower(typed)) not in words:
            raise ValueError("another word")
        return word

    return read


def _written(pattern: str, first: Callable[[str], str] = str) -> Callable[[str], str]:
    def read(typed: str) -> str:
        if not re.fullmatch(pattern, text := first(typed)):
            raise ValueError("other characters")
        return text

    return read


def _secret(check: Callable[[str], object]) -> Callable[[str], Secret]:
    def read(typed: str) -> Secret:
        check(typed)
        return Secret(typed)

    return read


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    def read(typed: str) -> str:
        check(typed)
        return typed

    return read


def _several(read_one: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Read entries that are separated by commas. Raises WrongEntries with all that are wrong."""

    def read(typed: str) -> tuple[T, ...]:
        entries, wrong = list[T](), list[str]()
        for entry in filter(None, map(str.strip, typed.split(","))):
            try:
                entries.append(read_one(entry))
            except ValueError:
                wrong.append(entry)
        if wrong:
            raise WrongEntries(wrong)
        return tuple(entries)

    return read


def _networks(typed: str) -> tuple[Network, ...]:
    networks = _several(ip_network)(typed)
    fours = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    sixes = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    if IPv4Network("0.0.0.0/0") in fours or IPv6Network("::/0") in sixes:
        raise ValueError("all addresses")
    return networks


def _zone(typed: str) -> ZoneInfo:
    try:
        return ZoneInfo(typed)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("no such zone") from error


def _redis(url: str) -> None:
    parts = urlsplit(url)
    is_socket = parts.scheme == "unix" and parts.path.startswith("/")
    # a port that is none raises ValueError
    is_server = parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0
    if not (is_socket or is_server):
        raise ValueError("no Redis")


def _endpoint(url: str) -> None:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or not is_host(parts.hostname or "") or parts.port == 0 or parts.query or parts.fragment:
        raise ValueError("no endpoint")


def _public(url: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not is_host(parts.hostname or "") or parts.port == 0 or not is_bare:
        raise ValueError("no address of a service")
    return parts.geturl()


def _receiver(typed: str) -> str:
    word = lower(typed)
    if word in {"yes", "no", "on", "off", "1", "0"}:  # which would be the name of a server that no mail comes from
        raise ValueError("no name of a server")
    return word if word in {"true", "false"} else _written(r"[A-Za-z0-9._:-]+")(typed)


def choice(words: type[StrEnum]) -> Kind[Any]:
    """One of a closed set of words, in any case."""
    return Kind(read=lambda typed: words(lower(typed)), expected=" or ".join(map(repr, map(str, words))))


_ADDRESSES = "addresses or CIDR ranges, comma-separated, as in '203.0.113.7, 198.51.100.0/24'"

FILE = Kind(read=_file, expected="a path", encode=os.fsencode)  # the system gives names that are no UTF-8
DATABASE_URL = Kind(read=_checked(async_database_url))  # whose error knows which part of the address is wrong
REDIS_URL = Kind(read=_checked(_redis), expected="redis://host:port, rediss://host:port or unix:///path")
HOST = Kind(read=_written(r"[A-Za-z0-9.:_-]+"), expected="an address or a name of this machine")
PORT = Kind(read=_whole(1, 65535), expected="a whole number between 1 and 65535")
DAYS = Kind(read=_whole(0, 36500), expected="a whole number of days, or 0")
SECONDS = Kind(read=_whole(1, 3600), expected="a whole number of seconds between 1 and 3600")
TOKENS = Kind(
    read=_several(_secret(_written(r"[A-Za-z0-9._~-]+"))),
    expected="letters, digits and . _ ~ - alone; several are comma-separated",
    is_secret=True,
)
NETWORKS = Kind(read=_networks, expected=f"{_ADDRESSES}, and never all addresses: leave it out to allow all")
PROXIES = Kind(read=_networks, expected=f"{_ADDRESSES}, and never all addresses: whom we trust may name any origin")
ZONE = Kind(read=_zone, expected="the name of a time zone, as in 'Europe/Rome'")
ANY_SECRET = Kind(read=Secret, expected="a text", is_secret=True)
SECRET = Kind(
    read=_secret(_written(r"(?s).{8,}")),
    expected="a long random word: 8 characters at least, as 'openssl rand -hex 16' makes",
    is_secret=True,
)
API_KEY = Kind(
    read=_secret(_written(r"[!-~]+")), expected="the key alone, without blanks or line breaks", is_secret=True
)
PASSWORD = Kind(
    read=_secret(_written(r"[^\x00-\x1f\x7f]+")),
    expected="the password alone, without line breaks",
    is_secret=True,
)
ENDPOINT = Kind(read=_checked(_endpoint), expected="an https:// address (http:// on this machine alone)")
PUBLIC_URL = Kind(read=_public, expected="an address as in 'https://desk.example.com'")
SENDER = Kind(
    read=_written(r"\+?[0-9]{1,15}|[A-Za-z0-9 ]{1,11}"),
    expected="a number, as in '+393301234567', or up to 11 letters and digits",
)
MAILBOX = Kind(read=_secret(urls.read_mailbox_url), expected=urls.MAILBOX_EXPECTED, is_secret=True)
FOLDER = Kind(read=_written(r"[^\x00-\x1f\x7f*%]+"), expected="the name of a folder, as in 'INBOX/Done'")
MAIL_ADDRESSES = Kind(read=_several(_written(r"[^\s@]+@[^\s@]+", lower)), expected="e-mail addresses, comma-separated")
MAIL_SERVER = Kind(read=_secret(urls.read_smtp_url), expected=urls.SMTP_EXPECTED, is_secret=True)
ADDRESS = Kind(read=_written(r"[!-~]+@[A-Za-z0-9.-]+"), expected="an e-mail address, as in 'responder@example.com'")
RECEIVER = Kind(read=_receiver, expected="true, false or the name of the receiving server")
FOOTER = Kind(read=_written(r"(?s).{1,200}"), expected="at most 200 characters")
NAME = Kind(read=lower, expected="the name of a gateway")
SENDS = Kind(read=read_rate, expected=EXPECTED_RATE)
SWITCH = Kind(read=_switch, expected="true or false")
LOG_LEVEL = Kind(read=_one_of("debug", "info", "warning", "error"), expected="debug, info, warning or error")
CONSOLE_RULES = Kind(read=_one_of("edit", "view"), expected="edit or view")
LOG_FORMAT = Kind(read=_one_of("auto", "json", "text"), expected="auto, json or text")

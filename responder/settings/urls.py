"""Addresses of databases, mailboxes and mail servers in settings, and which hosts are this machine."""

import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit
from uuid import uuid4

from pydantic import SecretStr

MAILBOX_EXPECTED = (
    "imaps://user:password@host/INBOX, or imap:// for STARTTLS; a special character of user or password"
    " is written as % and its code (@ as %40), or the password is set as RESPONDER_IMAP_PASSWORD;"
    " imap://…?plain=yes, without encryption, on this machine alone"
)
MAILBOX_PORTS = {"imaps": 993, "imap": 143}
SMTP_EXPECTED = (
    "smtps://user:password@host, or smtp://user:password@host for STARTTLS, or smtp://host for a server"
    " that asks for none; a special character of user or password is written as % and its code (@ as %40);"
    " smtp://…?plain=yes, without encryption, with a user on this machine alone"
)
WITH_TLS, WITH_USER, RELAY = 465, 587, 25  # the usual ports
SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"
DRIVERS = {
    "sqlite": SQLITE,
    SQLITE: SQLITE,
    **dict.fromkeys(("postgres", "postgresql", POSTGRESQL, "postgresql+psycopg", "postgresql+psycopg2"), POSTGRESQL),
}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ADDRESSES = frozenset({"host", "port"})  # SQLAlchemy reads these from the query itself
# libpq's alone
TUNING = frozenset(
    {"channel_binding", "gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
)
NOWHERE = frozenset({"", "/", "/:memory:"})  # each connection to SQLite's memory is a database of its own
EXPECTED = "postgresql://user:password@host/database or sqlite:///path"


def _take_apart(url: str) -> tuple[SplitResult, bool]:
    """The parts of an address, and whether it ends in ``?plain=yes``; ValueError for any other query or without a host.

    >>> _take_apart("imap://shop@localhost?plain=yes")[1]
    True
    """
    parts = urlsplit(url.strip())
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    is_plain = query.pop("plain", "no").lower() == "yes"
    if not parts.hostname or parts.port == 0 or parts.fragment or query:
        raise ValueError("no address of a server")
    return parts, is_plain


def _meant(typed: str | None) -> str | None:
    """A user or password with its ``%`` codes resolved; None if none is typed.

    >>> _meant("ops%40example.com"), _meant("")
    ('ops@example.com', None)
    """
    return unquote(typed, errors="strict") if typed else None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerUrl:
    """Where a mailbox or mail server is, and whether to use TLS at once, STARTTLS or no encryption."""

    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    folder: str = ""
    is_plain: bool

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted from its first byte."""
        return self.scheme.endswith("s")

    @property
    def place(self) -> str:
        """The address without its user."""
        return f"{self.scheme}://{self.host}:{self.port}{f'/{self.folder}' if self.folder else ''}"


def read_mailbox_url(url: str) -> ServerUrl:
    """The parts of a mailbox's address; ValueError if it is none.

    >>> read_mailbox_url("imaps://shop%40example.com:pw@mail.example.com/INBOX/SMS").folder
    'INBOX/SMS'
    """
    parts, is_plain = _take_apart(url)
    if parts.scheme not in MAILBOX_PORTS or not parts.username:
        raise ValueError("no mailbox")
    if is_plain and (parts.scheme != "imap" or not is_loopback(parts.hostname or "")):
        raise ValueError("a password in the clear")
    folder = _meant(parts.path.strip("/")) or "INBOX"
    return _server(parts, MAILBOX_PORTS[parts.scheme], folder=folder, is_plain=is_plain)


def place_of(url: SecretStr | None) -> str | None:
    """The mailbox of the settings, without its user; None if none is set."""
    return read_mailbox_url(url.get_secret_value()).place if url else None


def read_smtp_url(url: str) -> ServerUrl:
    """The parts of a mail server's address; ValueError if it is none.

    >>> read_smtp_url("smtp://ops%40example.com:pw@mail.example.com").port
    587
    """
    parts, is_plain = _take_apart(url)
    is_tls, has_user = parts.scheme == "smtps", bool(parts.username)
    if parts.scheme not in {"smtp", "smtps"} or parts.path.strip("/"):
        raise ValueError("no mail server")
    if has_user is not bool(parts.password) or (
        is_plain and (is_tls or (has_user and not is_loopback(parts.hostname or "")))
    ):
        raise ValueError("a user without a password, or a password in the clear")
    return _server(parts, WITH_TLS if is_tls else WITH_USER if has_user else RELAY, is_plain=is_plain)


def _server(parts: SplitResult, port: int, *, folder: str = "", is_plain: bool) -> ServerUrl:
    return ServerUrl(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or port,
        user=_meant(parts.username),
        password=_meant(parts.password),
        folder=folder,
        is_plain=is_plain,
    )


def async_database_url(url: str) -> tuple[str, dict[str, Any]]:
    """The address for SQLAlchemy's engine and its driver's arguments; ValueError says what was expected.

    >>> async_database_url("postgres://u:p@db/shop?sslmode=require")
    ('postgresql+asyncpg://u:p@db/shop', {'dsn': 'postgresql://?sslmode=require'})
    """
    scheme, separator, rest = url.partition("://")
    driver = DRIVERS.get(scheme.lower())
    if driver is None or not separator or rest in NOWHERE:
        raise ValueError(EXPECTED)
    if driver == SQLITE:
        return f"{driver}://{rest}", {}
    place, _, typed = rest.partition("?")
    if place.count("@") > 1 or ("@" not in place and "@" in typed):
        raise ValueError(f"{EXPECTED}, with %40 for @ and %3F for ? within the password")
    query = dict(parse_qsl(typed, keep_blank_values=True))
    address = {name: value for name, value in query.items() if name in ADDRESSES}
    others = {name: value for name, value in query.items() if name not in ADDRESSES}
    return f"{driver}://{place}{_query(address)}", _driver_arguments(others)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for any other.

    >>> str(sqlite_file("sqlite:///data/responder.db"))
    'data/responder.db'
    """
    scheme, _, place = url.partition(":///")
    return Path(place.partition("?")[0]) if DRIVERS.get(scheme.lower()) == SQLITE else None


def _driver_arguments(query: dict[str, str]) -> dict[str, Any]:
    """What asyncpg takes as arguments; the rest goes into a ``dsn``, since it reads libpq's words only there."""
    arguments = _pooler(query) | _limits(query) | _encryption(query)
    if query:
        arguments["dsn"] = f"postgresql://{_query(query)}"
    return arguments


def _pooler(query: dict[str, str]) -> dict[str, Any]:
    """Behind a pooler, a statement prepared on one connection is unknown, or another one, on the next."""
    sizes = [query.pop(name, None) for name in ("statement_cache_size", "prepared_statement_cache_size")]
    if query.pop("pgbouncer", "false") != "true" and "0" not in sizes:
        return {}
    return {"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": _unique_name}


def _unique_name() -> str:
    return f"responder_{uuid4().hex}"


def _limits(query: dict[str, str]) -> dict[str, Any]:
    if query.get("channel_binding") == "require":
        raise ValueError("no channel_binding=require, which the driver lacks (leave it out)")
    for name in TUNING:
        query.pop(name, None)
    seconds = query.pop("connect_timeout", "")
    if not seconds:
        return {}
    if not (seconds.isascii() and seconds.isdigit()):
        raise ValueError("connect_timeout as a whole number of seconds")
    return {"timeout": float(seconds)}


def _encryption(query: dict[str, str]) -> dict[str, Any]:
    if "ssl" in query:
        typed = query.pop("ssl")
        query.setdefault("sslmode", {"true": "require", "false": "disable"}.get(typed, typed))
    if query.get("sslmode", SSL_MODES[0]) not in SSL_MODES:
        raise ValueError(f"sslmode as one of {', '.join(SSL_MODES)}")
    if query.get("sslrootcert") != "system":
        return {}
    del query["sslrootcert"]
    # libpq allows the system's authorities with verify-full alone, and that is what the context does
    query.pop("sslmode", None)
    return {"ssl": ssl.create_default_context()}


def _query(parameters: dict[str, str]) -> str:
    return f"?{urlencode(parameters, quote_via=quote, safe='/:,')}" if parameters else ""


def mask_url(url: str) -> str:
    """The address without its password.

    >>> mask_url("postgresql://shop:pa/ss@w@db/shop"), mask_url("redis://:secret@cache:6379/0")
    ('postgresql://shop:…@db/shop', 'redis://:…@cache:6379/0')
    """
    masked = re.sub(r"(?is)^([^:@]*://[^:@/]*:)(.*)@", r"\1…@", url)
    if masked == url and "@" in url:
        masked = f"…@{url.rpartition('@')[2]}"
    return re.sub(r"(?i)((?:^|[?&])[^=&]*password=)[^&]*", r"\1…", masked)

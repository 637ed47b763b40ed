"""Database addresses as people have them, in the form that our drivers take."""

import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"
DRIVERS = {
    "sqlite": SQLITE,
    SQLITE: SQLITE,
    **dict.fromkeys(("postgres", "postgresql", POSTGRESQL, "postgresql+psycopg", "postgresql+psycopg2"), POSTGRESQL),
}
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ADDRESSES = frozenset({"host", "port"})  # SQLAlchemy reads these from the query itself
TUNING = frozenset(
    {"channel_binding", "gssencmode", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
)  # libpq's alone
NOWHERE = frozenset({"", "/", "/:memory:"})  # each connection to SQLite's memory is a database of its own
EXPECTED = "postgresql://user:password@host/database or sqlite:///path"


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
    query.pop(
        "sslmode", None
    )  # libpq allows the system's authorities with verify-full alone, and that is what the context does
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

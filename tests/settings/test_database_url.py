"""Database addresses: each form that people have, as our drivers take it."""

import ssl
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from responder.settings.urls import SSL_MODES, async_database_url, mask_url


@pytest.mark.parametrize(
    "scheme",
    ["postgres", "postgresql", "PostgreSQL", "postgresql+asyncpg", "postgresql+psycopg2", "postgresql+psycopg"],
)
def test_every_name_of_postgresql_means_our_driver(scheme: str) -> None:
    assert async_database_url(f"{scheme}://u:p%40@db:5432/shop") == ("postgresql+asyncpg://u:p%40@db:5432/shop", {})


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+aiosqlite"])
def test_every_name_of_sqlite_means_our_driver(scheme: str) -> None:
    assert async_database_url(f"{scheme}:////srv/sms.db") == ("sqlite+aiosqlite:////srv/sms.db", {})


@pytest.mark.parametrize("mode", SSL_MODES)
def test_an_ssl_mode_goes_to_the_driver_in_its_own_words(mode: str) -> None:
    url, arguments = async_database_url(f"postgresql://db/shop?sslmode={mode}")
    assert (url, arguments) == ("postgresql+asyncpg://db/shop", {"dsn": f"postgresql://?sslmode={mode}"})


@pytest.mark.parametrize(("typed", "mode"), [("true", "require"), ("false", "disable"), ("prefer", "prefer")])
def test_the_short_word_for_encryption_is_understood(typed: str, mode: str) -> None:
    assert async_database_url(f"postgresql://db/shop?ssl={typed}")[1] == {"dsn": f"postgresql://?sslmode={mode}"}


def test_a_file_of_authorities_goes_along() -> None:
    _, arguments = async_database_url("postgresql://db/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    assert arguments == {"dsn": "postgresql://?sslmode=verify-full&sslrootcert=/etc/ca.pem"}


def test_the_authorities_of_the_system_mean_full_verification() -> None:
    context = async_database_url("postgresql://db/shop?sslmode=verify-full&sslrootcert=system")[1]["ssl"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("query", ["statement_cache_size=0", "prepared_statement_cache_size=0", "pgbouncer=true"])
def test_behind_a_pooler_no_statement_is_kept(query: str) -> None:
    url, arguments = async_database_url(f"postgresql://db/shop?{query}")
    assert url == "postgresql+asyncpg://db/shop"
    assert (arguments["statement_cache_size"], arguments["prepared_statement_cache_size"]) == (0, 0)


def test_behind_a_pooler_no_two_statements_share_a_name() -> None:
    name = async_database_url("postgresql://db/shop?pgbouncer=true")[1]["prepared_statement_name_func"]
    assert name() != name()


def test_a_socket_and_several_hosts_stay_in_the_address() -> None:
    assert (
        async_database_url("postgresql:///shop?host=/run/postgresql")[0]
        == "postgresql+asyncpg:///shop?host=/run/postgresql"
    )


def test_a_time_limit_becomes_seconds() -> None:
    assert async_database_url("postgresql://db/shop?connect_timeout=7")[1] == {"timeout": 7.0}


def test_what_only_tunes_another_driver_is_left_out() -> None:
    assert async_database_url("postgresql://db/shop?channel_binding=prefer&keepalives=1")[1] == {}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://db/shop", "postgresql://"),
        ("postgresql:/db/shop", "postgresql://"),
        ("sqlite://", "sqlite:///path"),
        ("sqlite:///:memory:", "sqlite:///path"),
        ("postgresql://db/shop?sslmode=full", "verify-full"),
        ("postgresql://db/shop?channel_binding=require", "leave it out"),
        ("postgresql://db/shop?connect_timeout=soon", "seconds"),
    ],
)
def test_what_we_cannot_use_is_refused_with_what_was_expected(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        async_database_url(url)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?sslmode=disable",
        "?sslmode=prefer",
        "?pgbouncer=true",
        "?connect_timeout=2",
        "?application_name=responder&target_session_attrs=any",
    ],
)
async def test_the_driver_takes_what_comes_out_and_tries_to_connect(query: str) -> None:
    url, arguments = async_database_url(f"postgres://u:p@127.0.0.1:1/shop{query}")
    with pytest.raises(OSError, match="Connect call failed"):
        await connect(url, arguments)


async def connect(url: str, arguments: dict[str, Any]) -> None:
    engine = create_async_engine(make_url(url), connect_args=arguments)
    try:
        async with engine.connect():
            pass
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://shop:secret@db/shop", "postgresql://shop:…@db/shop"),
        ("postgresql://shop:se/cr@et@db/shop", "postgresql://shop:…@db/shop"),
        ("redis://:secret@cache:6379/0", "redis://:…@cache:6379/0"),
        (
            "postgresql://db/shop?user=u&password=secret&sslmode=require",
            "postgresql://db/shop?user=u&password=…&sslmode=require",
        ),
        ("postgresql:/shop:secret@db/shop", "…@db/shop"),
        ("postgresql://db:5432/shop", "postgresql://db:5432/shop"),
        ("sqlite:///data/responder.db", "sqlite:///data/responder.db"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert mask_url(url) == shown

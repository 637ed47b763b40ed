"""Mails become messages, once, and are marked only afterwards."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from responder.core.sms.message import Channel
from responder.wiring import Store, utc_now
from tests.builders import ANNA, BRUNO, SHOP
from tests.conftest import wait_until
from tests.mail.conftest import Shop, is_connected
from tests.mail.dovecot import Dovecot
from tests.mail.letters import letter, phone

FORM = {"originator": ANNA, "destination": SHOP, "date_time": "20261123130000", "text": "News ON"}
FLAGGED, SEEN = b"\\Flagged", b"\\Seen"


async def test_a_mail_that_waits_becomes_a_message(shop: Shop) -> None:
    shop.deliver(letter("News ON"))
    async with shop.watching():
        await shop.is_marked(1)
    assert await shop.rows() == [("received", ANNA, "News ON")]
    assert shop.bell.rings == 1
    assert shop.server.flags(shop.user) == [{FLAGGED, SEEN}]


async def test_a_mail_that_comes_later_is_told_of_by_idle(shop: Shop) -> None:
    shop.patience = replace(shop.patience, first_look_s=600, look_s=600)
    async with shop.watching() as watch:
        await is_connected(watch)
        for number in range(3):
            shop.deliver(letter(originator=phone(number)))
            await shop.has(number + 1)
        await shop.is_marked(3)


async def test_without_idle_the_mailbox_is_looked_into_again_and_again(own_store: Store, plain_server: Dovecot) -> None:
    shop = Shop.on(own_store, plain_server)
    shop.account = replace(shop.account, poll_s=0.05)
    async with shop.watching() as watch:
        await is_connected(watch)
        for number in range(3):
            shop.deliver(letter(originator=phone(number)))
            await shop.has(number + 1)
        await shop.is_marked(3)


@pytest.mark.parametrize("kind", ["any_server", "plain_server"])
async def test_done_mails_are_moved_where_there_is_a_folder_for_them(
    own_store: Store, kind: str, request: pytest.FixtureRequest
) -> None:
    shop = Shop.on(own_store, request.getfixturevalue(kind))
    shop.account = replace(shop.account, done="Taken/In", failed="Look")
    shop.deliver(letter(), letter(body="Your number expires soon."))
    async with shop.watching():
        await shop.is_marked(1, "Taken/In")
        await shop.is_marked(1, "Look")
    assert shop.server.count(shop.user) == 0


async def test_a_mail_of_anybody_else_is_left_as_it_is(shop: Shop) -> None:
    foreign = letter("STOP", BRUNO, sender="smsin@agiletelecom.com.example")
    shop.deliver(foreign, letter())
    async with shop.watching():
        await shop.is_marked(1)
    assert await shop.texts() == ["News ON"]
    assert shop.server.flags(shop.user) == [set(), {FLAGGED, SEEN}]


async def test_a_mail_that_is_not_understood_is_kept_whole_for_a_person(shop: Shop) -> None:
    odd = letter(body="Dear customer,\nyour number expires soon.\n")
    shop.deliver(odd)
    async with shop.watching() as watch:
        await shop.is_marked(1)
        assert watch.status.malformed == 1
    assert await shop.rows() == [("malformed", "", "")]
    async with shop.store.database.read() as connection:
        row = (await connection.exec_driver_sql("SELECT raw, channel FROM messages")).one()
    assert row.raw.replace(b"\r\n", b"\n") == odd
    assert row.channel == Channel.MAIL
    assert shop.server.flags(shop.user) == [{FLAGGED}]


async def test_a_mail_that_is_not_understood_is_kept_once_however_often_it_is_seen(shop: Shop) -> None:
    odd = letter(body="Dear customer")
    shop.deliver(odd)
    async with shop.watching():
        await shop.is_marked(1)
        shop.deliver(b"Received: by another\n" + odd)
        await shop.is_marked(2)
    assert len(await shop.rows()) == 1


async def test_a_mail_without_a_time_is_one_message_however_often_it_is_seen(shop: Shop) -> None:
    timeless = letter(body=f"From: {ANNA}\nTo: {SHOP}\nBody: News ON\n")
    another = letter(body=f"From: {ANNA}\nTo: {SHOP}\nBody: News ON\n")
    shop.deliver(timeless, timeless, another)
    async with shop.watching():
        await shop.is_marked(3)
    assert len(await shop.rows()) == 2


async def test_nothing_is_marked_before_it_is_committed(shop: Shop) -> None:
    shop.inbox.failures = 1_000_000
    shop.deliver(letter())
    async with shop.watching() as watch:
        await wait_until(lambda: shop.inbox.failures < 999_998, what="some commits that fail")
        await wait_until(lambda: watch.status.reason == "the disk is full", what="the reason")
    assert shop.server.flags(shop.user) == [set()]
    shop.inbox.failures = 0
    async with shop.watching():
        await shop.is_marked(1)
    assert len(await shop.rows()) == 1


async def test_a_mail_that_was_committed_and_not_marked_is_one_message(shop: Shop) -> None:
    shop.deliver(letter())
    async with shop.watching():
        await shop.is_marked(1)
    with shop.server.client(shop.user) as client:
        client.remove_flags(client.search(), [FLAGGED])
    async with shop.watching():
        await shop.is_marked(1)
    assert len(await shop.rows()) == 1


@pytest.mark.parametrize("first", ["webhook", "mail", "both"])
async def test_the_same_message_by_webhook_and_by_mail_is_one(shop: Shop, first: str) -> None:
    by_webhook = shop.reader.gateway.read_message(FORM, b"", utc_now(), Channel.WEBHOOK)
    if first == "webhook":
        await shop.store.inbox.add([by_webhook], {})
    async with shop.watching() as watch:
        await is_connected(watch)
        shop.deliver(letter("News ON"))
        if first == "both":
            await asyncio.gather(*(shop.store.inbox.add([by_webhook], {}) for _ in range(20)))
        await shop.is_marked(1)
    await shop.store.inbox.add([by_webhook], {})
    assert await shop.rows() == [("received", ANNA, "News ON")]


async def test_messages_are_as_old_as_their_mails_and_in_their_order(shop: Shop) -> None:
    arrived_at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    with shop.server.client(shop.user) as client:
        for text in ("one", "two", "three", "four", "five"):
            client.append("INBOX", letter(body=f"From: {ANNA}\nTo: {SHOP}\nBody: {text}\n"), msg_time=arrived_at)
    async with shop.watching():
        await shop.is_marked(5)
    assert await shop.texts() == ["one", "two", "three", "four", "five"]
    async with shop.store.database.read() as connection:
        received = (await connection.exec_driver_sql("SELECT max(received_at) FROM messages")).scalar_one()
    assert received.startswith("2026-11-20 09:00:00")


async def test_a_mail_from_the_future_came_now(shop: Shop) -> None:
    with shop.server.client(shop.user) as client:
        client.append("INBOX", letter(), msg_time=datetime.now(UTC) + timedelta(days=3))
    async with shop.watching() as watch:
        await shop.is_marked(1)
        assert watch.status.lag_s is not None
        assert 0 <= watch.status.lag_s < 60


async def test_with_dkim_required_an_unsigned_mail_is_left_as_it_is(shop: Shop) -> None:
    shop.reader = replace(shop.reader, needs_signature=True)
    signed = "Authentication-Results: mx.shop.example; dkim=pass header.d=agiletelecom.com\n"
    shop.deliver(letter("STOP", BRUNO), letter(head=signed))
    async with shop.watching():
        await shop.is_marked(1)
    assert await shop.texts() == ["News ON"]
    assert shop.server.flags(shop.user)[0] == set()


async def test_a_mail_larger_than_any_sms_is_kept_as_far_as_it_is_read(shop: Shop) -> None:
    shop.deliver(letter(body="x" * 79 + "\n" + ("y" * 79 + "\n") * 20_000), letter())
    async with shop.watching():
        await shop.is_marked(2)
    assert sorted(status for status, _, _ in await shop.rows()) == ["malformed", "received"]


async def test_the_log_tells_keys_and_nothing_that_people_wrote(
    shop: Shop, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("INFO", "responder")
    shop.deliver(letter("a secret word"), letter("b", sender="hush@secret.example"), letter(body="a secret word"))
    async with shop.watching():
        await shop.is_marked(2)
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("responder"))
    assert "mails taken in messages=" in said
    assert not any(word in said for word in ("secret", ANNA, "hush", shop.user))

"""The way to the mailbox: encrypted, refused, lost in every way, and made again."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from responder.core.operations.troubles import MailboxState
from responder.mail.account import MOST_TRIES
from responder.wiring import Store
from tests.conftest import free_port, wait_until
from tests.mail.conftest import Shop, is_connected
from tests.mail.dovecot import Dovecot
from tests.mail.letters import letter, phone


class Cutter:
    """A way to a server that is cut after so many bytes of the server's, each time anew."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.cut_after = 0
        self.cuts = 0
        self.connections = 0
        self._to = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
        asking = asyncio.create_task(_pass_on(reader, to_server))
        told = 0
        try:
            while data := await from_server.read(1000):
                told += len(data)
                if self.cut_after and told > self.cut_after:
                    self.cuts += 1
                    break
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            asking.cancel()
            to_server.close()
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1000):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def cutting(server: Dovecot) -> AsyncIterator[Cutter]:
    """A way that can be cut."""
    cutter = Cutter(server.plain_port)
    listening = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    cutter.port = listening.sockets[0].getsockname()[1]
    try:
        yield cutter
    finally:
        listening.close()


async def reason_of(shop: Shop, state: MailboxState) -> str:
    """Why the mailbox is in a state that it comes to."""
    async with shop.watching() as watch:
        await wait_until(lambda: watch.status.state is state, what=state)
        return str(watch.status.reason)


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
async def test_mails_come_by_tls_and_by_starttls(shop: Shop, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(shop.server.certificate))
    shop.reach(scheme)
    shop.deliver(letter())
    async with shop.watching() as watch:
        await is_connected(watch)
        await shop.is_marked(1)
        shop.deliver(letter(originator=phone(2)))  # told of in IDLE, through TLS
        await shop.is_marked(2)


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(shop: Shop, scheme: str) -> None:
    shop.reach(scheme)
    assert (await reason_of(shop, MailboxState.REFUSED)).startswith(
        "the server's certificate is not trusted (self-signed certificate)"
    )


async def test_a_refused_password_is_told_with_the_remedy(shop: Shop) -> None:
    shop.reach(password="wrong")
    assert "check RESPONDER_IMAP_URL" in await reason_of(shop, MailboxState.REFUSED)


async def test_a_password_that_is_mended_is_used_without_a_restart(shop: Shop) -> None:
    passwords = ["wrong"]
    shop.account = replace(shop.account, password=lambda: passwords[0])
    shop.deliver(letter())
    async with shop.watching() as watch:
        await wait_until(lambda: watch.status.state is MailboxState.REFUSED, what="the refusal")
        passwords[0] = "mail-secret"
        await shop.is_marked(1)


async def test_a_folder_that_is_not_there_is_told(shop: Shop) -> None:
    shop.reach(folder="Nowhere")
    assert "no folder 'Nowhere'" in await reason_of(shop, MailboxState.REFUSED)


async def test_a_server_that_is_away_is_tried_again_and_again(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.reach(port=free_port())
    caplog.set_level(logging.ERROR, "responder")
    async with shop.watching() as watch:
        await wait_until(lambda: len(caplog.records) > 2, what="three tries")
        assert watch.status.state is MailboxState.UNREACHABLE
        shop.reach()
        await is_connected(watch)


async def test_a_restart_of_the_server_loses_and_doubles_nothing(own_store: Store, own_server: Dovecot) -> None:
    shop = Shop.on(own_store, own_server)
    async with shop.watching() as watch:
        await is_connected(watch)
        shop.deliver(letter(originator=phone(1)))
        await shop.is_marked(1)
        await asyncio.to_thread(own_server.stop)
        await wait_until(lambda: watch.status.state is MailboxState.UNREACHABLE, what="the loss")
        shop.deliver(letter(originator=phone(2)))
        await asyncio.to_thread(own_server.start)
        await shop.is_marked(2)
    assert [originator for _, originator, _ in await shop.rows()] == [phone(1), phone(2)]


async def test_a_mailbox_whose_numbers_begin_anew_is_read_anew(own_store: Store, own_server: Dovecot) -> None:
    shop = Shop.on(own_store, own_server)
    shop.deliver(*(letter(sender="other@shop.example") for _ in range(3)))
    async with shop.watching() as watch:
        await wait_until(lambda: len(watch._left) == 3, what="three mails left alone")
        await asyncio.to_thread(own_server.stop)
        forget(own_server.folder / "mail" / shop.user)
        shop.deliver(letter())
        await asyncio.to_thread(own_server.start)
        await shop.is_marked(1)
        assert watch._left == set()


def forget(place: Path) -> None:
    """Make the server forget a mailbox, so that its UIDs are given again and UIDVALIDITY changes."""
    for path in [*place.glob("dovecot*"), *place.glob("new/*"), *place.glob("cur/*")]:
        path.unlink()
    uids = place / "dovecot-uidlist"
    uids.write_text("3 V1 N1 G0123456789abcdef0123456789abcdef\n")
    os.chown(uids, place.stat().st_uid, place.stat().st_gid)


async def test_a_connection_cut_anywhere_loses_and_doubles_nothing(shop: Shop) -> None:
    count = 30
    shop.deliver(*(letter("x" * 1000, phone(number)) for number in range(count)))
    async with cutting(shop.server) as cutter:
        shop.reach(port=cutter.port)
        cutter.cut_after = 12_000
        async with shop.watching() as watch:
            await wait_until(lambda: cutter.cuts >= 3, what="three cuts")
            assert watch.status.state is not MailboxState.REFUSED
            cutter.cut_after = 0
            await shop.is_marked(count)
    assert len(await shop.rows()) == count


async def test_one_mail_that_ends_every_connection_holds_up_no_other(shop: Shop) -> None:
    shop.deliver(letter("1", phone(1)), letter("y" * 9000, phone(2)), letter("3", phone(3)))
    async with cutting(shop.server) as cutter:
        shop.reach(port=cutter.port)
        cutter.cut_after = 8_000
        async with shop.watching():
            await shop.is_marked(2)
        assert cutter.cuts > MOST_TRIES
    assert await shop.texts() == ["1", "3"]


async def test_a_silent_server_does_not_hold_up_the_end(shop: Shop) -> None:
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        tag = (await reader.readline()).split()[0]
        writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(serve, "127.0.0.1", 0)
    shop.reach(port=silent.sockets[0].getsockname()[1])
    async with shop.watching():
        await asyncio.wait_for(asked.wait(), 10)
        told_at = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - told_at < 5
    silent.close()

"""A mail that cannot be read delays no other: it is left, counted and told."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from responder.core.operations.troubles import MailboxState
from responder.core.sms.message import Inbound
from responder.errors import StorageError
from responder.gateways.agile.mailbox import AgileMailReader
from responder.mail.account import Tries
from responder.store.base.database import Database
from tests.conftest import wait_until
from tests.mail.conftest import Shop, is_connected
from tests.mail.letters import letter, phone

HEADS = {
    "brackets": "(" * 1000,
    "many brackets": "(" * 70_000,
    "quotes": '"' + '\\"' * 20_000,
    "a large head": "\n ".join(["x" * 900] * 100),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Frail(AgileMailReader):
    """A reader with a fault: it fails over heads or mails with a certain word."""

    over_head: bytes = b"no such word"
    over_mail: bytes = b"no such word"

    def refusal(self, head: bytes) -> str | None:
        if self.over_head in head:
            raise ZeroDivisionError
        return AgileMailReader.refusal(self, head)

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        if self.over_mail in raw:
            raise ZeroDivisionError
        return AgileMailReader.read(self, raw, received_at)


def frail(shop: Shop, *, over_head: bytes = b"no such word", over_mail: bytes = b"no such word") -> None:
    shop.reader = Frail(
        gateway=shop.reader.gateway, secret=shop.reader.secret, over_head=over_head, over_mail=over_mail
    )


@pytest.mark.parametrize("sender", HEADS.values(), ids=HEADS)
async def test_a_hostile_head_stops_nothing_and_is_counted(
    shop: Shop, sender: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deliver(letter(sender=sender), letter(originator=phone(1)))
    async with shop.watching() as watch:
        await shop.is_marked(1)
        shop.deliver(letter(originator=phone(2)))
        await shop.is_marked(2)
        assert (watch.status.state, watch.status.left_alone) == (MailboxState.CONNECTED, 1)
    assert [originator for _, originator, _ in await shop.rows()] == [phone(1), phone(2)]
    assert [
        "mail left alone" in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING
    ] == [True]


async def test_a_mail_that_breaks_its_reader_is_left_for_a_person(shop: Shop) -> None:
    frail(shop, over_mail=b"poison")
    shop.deliver(letter("poison"), letter(originator=phone(1)), letter("poison"), letter(originator=phone(2)))
    async with shop.watching() as watch:
        await shop.is_marked(2)
        assert watch.status.left_alone == 2
    assert [originator for _, originator, _ in await shop.rows()] == [phone(1), phone(2)]


async def test_a_head_that_breaks_its_reader_is_left_for_a_person_after_some_tries(shop: Shop) -> None:
    frail(shop, over_head=b"poison")
    shop.patience = replace(shop.patience, first_look_s=0.1, look_s=0.1)
    shop.deliver(letter(originator=phone(1)), letter(sender="poison@x.example"), letter(originator=phone(2)))
    async with shop.watching() as watch:
        await shop.is_marked(2)
        await wait_until(lambda: watch.status.left_alone == 1, 20, "the mail that is left alone")
        await is_connected(watch)
    assert [originator for _, originator, _ in await shop.rows()] == [phone(1), phone(2)]


async def test_heads_are_not_judged_where_all_else_waits(shop: Shop) -> None:
    main: list[bool] = []

    @dataclass(frozen=True, kw_only=True, slots=True)
    class Looking(AgileMailReader):
        def refusal(self, head: bytes) -> str | None:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                main.append(False)
            else:
                main.append(True)
            return AgileMailReader.refusal(self, head)

    shop.reader = Looking(gateway=shop.reader.gateway, secret=shop.reader.secret)
    shop.deliver(letter())
    async with shop.watching():
        await shop.is_marked(1)
    assert main == [False]


class Choosy:
    """An inbox that takes no message with a word in it."""

    def __init__(self, shop: Shop, word: str) -> None:
        self._store = shop.store
        self._word = word

    async def add(self, inbound: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        if any(self._word in message.text for message in inbound):
            raise StorageError("DataError: no such character", is_in_the_data=True)
        await self._store.inbox.add(inbound, answer_ms)


async def test_a_mail_that_the_database_will_never_take_is_left_for_a_person(shop: Shop) -> None:
    shop.inbox = Choosy(shop, "poison")  # type: ignore[assignment]  # it has what the intake calls
    shop.deliver(letter("poison"), letter(originator=phone(1)), letter(originator=phone(2)))
    async with shop.watching() as watch:
        await shop.is_marked(2)
        await wait_until(lambda: watch.status.left_alone == 1, what="the mail that is left alone")
        assert watch.status.state is MailboxState.CONNECTED
    assert {originator for _, originator, _ in await shop.rows()} == {phone(1), phone(2)}


class Death(BaseException):
    """The end of a process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadly(AgileMailReader):
    """A reader that ends the process over some heads or mails, like a fault of the interpreter."""

    deaths: list[str]

    def refusal(self, head: bytes) -> str | None:
        self._die(head, b"killer-head")
        return AgileMailReader.refusal(self, head)

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        self._die(raw, b"killer-mail")
        return AgileMailReader.read(self, raw, received_at)

    def _die(self, raw: bytes, word: bytes) -> None:
        if word in raw:
            self.deaths.append(word.decode())
            raise Death


async def killed_watch(shop: Shop) -> None:
    """A process that takes mails in until one of them ends it, leaving no word."""
    watch = shop.watch()
    watch.tries.forget = never  # type: ignore[method-assign]  # a process that is killed comes to no end
    taking, running = asyncio.create_task(watch.intake.run()), asyncio.create_task(watch.run())
    with pytest.raises(Death):
        await asyncio.wait_for(running, 60)
    watch.intake.close()
    await asyncio.wait_for(taking, 15)


async def never() -> None:
    """Do nothing."""


@pytest.mark.parametrize("word", ["killer-head", "killer-mail"])
async def test_a_mail_that_kills_the_process_again_and_again_is_left_and_stops_no_other(shop: Shop, word: str) -> None:
    deaths: list[str] = []
    shop.reader = Deadly(gateway=shop.reader.gateway, secret=shop.reader.secret, deaths=deaths)
    poison = letter(sender=f"{word}@x.example") if word == "killer-head" else letter(word)
    shop.deliver(letter(originator=phone(1)), poison, letter(originator=phone(2)))
    for _ in range(4):
        await killed_watch(shop)
    async with shop.watching() as watch:
        await shop.is_marked(2)
        await wait_until(lambda: watch.status.left_alone == 1, what="the mail that is left alone")
    assert deaths == [word] * 4
    assert [originator for _, originator, _ in await shop.rows()] == [phone(1), phone(2)]
    await killed_watch(shop)  # a person has started the intake anew, which tries it anew
    assert len(deaths) == 5


async def test_a_database_that_is_away_makes_no_mail_a_poison(shop: Shop) -> None:
    tries = Tries(shop.store.database, "mailbox")
    await tries.opened(7)
    broken = Tries(Database("sqlite+aiosqlite:////nowhere/responder.db"), "mailbox")
    for _ in range(5):
        with pytest.raises(StorageError):
            await broken.begin([1])
    await tries.begin([1, 2])
    assert (broken.of_heads, tries.of_heads) == ({}, {1: 1, 2: 1})

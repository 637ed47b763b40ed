"""Erasing a number: nothing of it is left, and it is not texted before its own START."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.appointments.booking import Booking
from responder.core.contact.effects import StepKind
from responder.core.sms.message import MessageStatus
from responder.store.appointments.bookings import put_bookings
from responder.store.base.database import Database
from responder.store.base.locking import FIRST
from responder.store.base.tables import metadata
from responder.store.consent.erasure import erase, finish_erasures
from responder.store.consent.reading import verify
from responder.store.consent.stopping import was_erased
from tests.builders import ANNA, BRUNO, SHOP, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture
LATER = NOON + minutes(60)


async def erase_anna(work: Work) -> int:
    return await erase(work.store.database, work.store.secret, ANNA, "operator", NOON + minutes(30))


async def everything(work: Work) -> str:
    """All rows of all tables as one text."""
    rows: list[Any] = []
    async with work.store.database.read() as connection:
        for table in metadata.sorted_tables:
            chosen: Table = table
            rows += [tuple(map(repr, row)) for row in (await connection.execute(select(chosen))).all()]
    return json.dumps(rows)


class Killed(Exception):
    """A process that ended."""


class Mortal(Database):
    """A database whose process ends before one of the transactions that change something."""

    changes_left = 1_000

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        self.changes_left -= 1
        if self.changes_left < 0:
            raise Killed
        async with super().write(is_small=is_small) as connection:
            yield connection


async def crowded(work: Work) -> None:
    """More of Anna's than is changed in one transaction: texts that wait, and texts that were answered."""
    await anna_everywhere(work)
    many = [inbound("News ON", received=NOON + minutes(10), key=f"{n:032d}") for n in range(2 * FIRST)]
    await work.store.inbox.add(many[:FIRST], {})
    await work.handler().handle()
    await work.store.inbox.add(many[FIRST:], {})
    await work.store.inbox.add(
        [inbound("Secret", received=NOON + minutes(11), key=f"{n:032x}f"[-32:]) for n in range(FIRST)], {}
    )


async def anna_everywhere(work: Work) -> None:
    booking = Booking(id="a1", originator=ANNA, starts_at=NOON + minutes(24 * 60), name="Anna Secret", asked_at=NOON)
    await put_bookings(work.store.database, [booking], NOON)
    texts = ["News ON", "yes", "my name is Secret", "what about Secret things", "STOP"]
    await work.handle(
        *(inbound(text, received=NOON + minutes(n + 1), raw=text.encode()) for n, text in enumerate(texts))
    )
    await work.receive(inbound("a Secret that waits", received=NOON + minutes(9), raw=b"Secret"))


async def test_neither_number_nor_text_stands_in_any_table(work: Work) -> None:
    await anna_everywhere(work)
    assert ANNA in await everything(work)
    assert await erase_anna(work) > 10
    left = await everything(work)
    assert [word for word in (ANNA, ANNA[1:], "Secret", "News ON", "Weekly news") if word in left] == []


async def test_the_file_itself_holds_nothing_of_it(work: Work) -> None:
    if not work.store.database.is_sqlite:
        return
    await anna_everywhere(work)
    await erase_anna(work)
    async with work.store.database.read() as connection:
        path = (await connection.exec_driver_sql("SELECT file FROM pragma_database_list")).scalar_one()
    with open(path, "rb") as file:  # noqa: ASYNC230, PTH123  (a test may wait for it)
        data = file.read()
    assert (ANNA.encode() in data, b"Secret" in data) == (False, False)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"originator=%2B393301234567&text=News", id="form"),
        pytest.param(b"From: x@y.example\r\n\r\nSender +39 330 123 4567 wrote", id="number set apart"),
        pytest.param(b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"from +393301234567"), id="base64"),
    ],
)
async def test_a_message_that_was_not_understood_tells_the_number_no_more(work: Work, raw: bytes) -> None:
    unread: dict[str, Any] = {"status": MessageStatus.MALFORMED, "text": "Secret"}
    await work.receive(inbound(originator="", raw=raw, **unread), inbound(originator="", raw=b"another's", **unread))
    assert await erase_anna(work) == 1
    assert [row.raw for row in await work.rows("messages", "seq")] == [b"", b"another's"]


async def test_why_a_message_failed_tells_nothing_of_it_any_more(work: Work) -> None:
    await work.receive(inbound("Secret", key="c" * 32))
    await work.store.inbox.fail("c" * 32, f"ValueError: no number: 'Secret' of {ANNA}", NOON)
    await erase_anna(work)
    assert [(row.status, row.error) for row in await work.rows("messages")] == [("failed", "the number was erased")]


async def test_whoever_sent_much_is_erased_a_share_at_a_time(work: Work, migrated_url: str) -> None:
    await crowded(work)
    database = Mortal(migrated_url)
    assert await erase(database, work.store.secret, ANNA, "operator", NOON + minutes(30)) > 3 * FIRST
    await database.close()
    assert (ANNA in await everything(work), "Secret" in await everything(work)) == (False, False)
    assert database.changes_left < 1_000 - 4


async def test_an_erasure_that_was_cut_short_anywhere_sends_nothing_and_can_be_repeated(
    work: Work, migrated_url: str
) -> None:
    await crowded(work)
    for cut in range(1_000):
        database = Mortal(migrated_url)
        database.changes_left = cut
        with suppress(Killed):
            await erase(database, work.store.secret, ANNA, "operator", NOON + minutes(30))
        await database.close()
        assert (await verify(work.store.database, work.store.secret)).faults == ()
        if await was_erased(work.store.database, work.store.secret, ANNA):
            await work.handler().handle()
            assert await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10) == []
            assert await work.lists_of(ANNA) == {}
        if database.changes_left > 0:
            break
    assert cut > 3
    assert (ANNA in await everything(work), "Secret" in await everything(work)) == (False, False)


async def cut_short(work: Work, migrated_url: str, changes: int | None) -> None:
    """Begin to erase Anna, and end after so many changes, or else right after she was marked."""

    class Marked(Mortal):
        @asynccontextmanager
        async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
            if await was_erased(work.store.database, work.store.secret, ANNA):
                raise Killed
            async with super().write(is_small=is_small) as connection:
                yield connection

    await crowded(work)
    database = Marked(migrated_url)
    database.changes_left = 1_000 if changes is None else changes
    with pytest.raises(Killed):
        await erase(database, work.store.secret, ANNA, "operator", NOON + minutes(30))
    await database.close()


@pytest.mark.parametrize("changes", [1, 2, 3, None])
async def test_an_erasure_that_was_cut_short_is_finished_by_a_worker(
    work: Work, migrated_url: str, changes: int | None
) -> None:
    await cut_short(work, migrated_url, changes)
    own, secret = work.store.database, work.store.secret
    assert await finish_erasures(own, secret, NOON + minutes(35)) == 0  # it may be under way
    assert ANNA in await everything(work)
    assert await finish_erasures(own, secret, NOON + minutes(41)) == 1
    assert (ANNA in await everything(work), "Secret" in await everything(work)) == (False, False)
    assert await was_erased(own, secret, ANNA)
    assert (await verify(own, secret)).faults == ()
    assert await finish_erasures(own, secret, NOON + minutes(60)) == 0


async def test_what_somebody_wrote_after_they_were_erased_stays_when_that_is_finished(
    work: Work, migrated_url: str
) -> None:
    await cut_short(work, migrated_url, None)
    await work.handle(inbound("START", received=NOON + minutes(31), key="e" * 32))
    await finish_erasures(work.store.database, work.store.secret, NOON + minutes(41))
    assert [row.text for row in await work.rows("messages", "seq") if row.originator] == ["START"]
    assert "Secret" not in await everything(work)


async def test_what_somebody_writes_while_they_are_erased_is_theirs_again(work: Work, migrated_url: str) -> None:
    class Interrupted(Mortal):
        """A database in which a START comes, and is answered, right after the number has been marked."""

        @asynccontextmanager
        async def read(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
            if not said and await was_erased(work.store.database, work.store.secret, ANNA):
                said.append("START")
                await work.handle(inbound("START", received=NOON + minutes(31)))
            async with super().read(is_small=is_small) as connection:
                yield connection

    said: list[str] = []
    await anna_everywhere(work)
    database = Interrupted(migrated_url)
    await erase(database, work.store.secret, ANNA, "operator", NOON + minutes(30))
    await database.close()
    assert [row.text for row in await work.rows("messages", "seq") if row.originator] == said == ["START"]
    assert "Secret" not in await everything(work)
    assert [row.content != "" for row in await work.rows("steps", "seq") if row.originator] == [True]


async def test_what_others_have_stays(work: Work) -> None:
    await anna_everywhere(work)
    await work.handle(inbound("News ON", BRUNO))
    await erase_anna(work)
    assert await work.lists_of(BRUNO) == {"news": "subscribed"}


async def test_the_chain_is_whole_after_an_erasure(work: Work) -> None:
    await anna_everywhere(work)
    await erase_anna(work)
    assert (await verify(work.store.database, work.store.secret)).faults == ()


async def test_the_same_message_again_is_still_known(work: Work) -> None:
    message = inbound("News ON")
    await work.handle(message)
    await erase_anna(work)
    await work.handle(message)
    assert await work.lists_of(ANNA) == {}


async def test_a_later_text_is_from_somebody_new_who_gets_no_answer(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await erase_anna(work)
    work.clock.now = LATER
    await work.handle(inbound("News ON", received=LATER))
    assert await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10) == []
    assert [row.status for row in await work.rows("steps", "seq") if row.kind == "reply"] == [
        "suppressed",
        "suppressed",
    ]


async def test_start_ends_the_silence(work: Work) -> None:
    await erase_anna(work)
    await work.handle(inbound("START", received=LATER), inbound("News ON", received=LATER + minutes(1)))
    claimed = await work.store.steps.claim(StepKind.REPLY, "w", LATER + minutes(2), 10)
    assert [one.step.content for one in claimed][-1] == "Welcome to Weekly news."


async def test_a_reply_that_waits_is_not_sent(work: Work) -> None:
    await work.handle(inbound("News ON"))
    await erase_anna(work)
    assert await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10) == []


async def test_a_text_that_another_system_wants_sent_is_held_back_by_the_keyed_hash(work: Work) -> None:
    await erase_anna(work)
    assert await work.lists_of(ANNA) == {}
    await work.handle(inbound("my name is A", received=LATER))
    assert await work.store.steps.claim(StepKind.REPLY, "w", LATER, 10) == []


async def test_erasing_twice_is_no_fault(work: Work) -> None:
    await work.handle(inbound("News ON", destination=SHOP))
    await erase_anna(work)
    assert await erase_anna(work) == 0
    assert (await verify(work.store.database, work.store.secret)).faults == ()

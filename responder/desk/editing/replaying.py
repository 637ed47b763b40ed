"""Stored messages through other rules: what these would do otherwise."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from datetime import datetime

from responder.core.rehearsal.replay import Replay
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message
from responder.desk.desk import Desk
from responder.desk.rule_versions import rules_in_force
from responder.store.base.listing import read_all
from responder.store.reading.contacts_then import Beginning, count_and_begin, decided_messages, read_past

TOGETHER = 1000  # messages at a time, whose originators are looked up together
Follow = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Follows work of so many messages, and is told how many are done."""


async def replay_messages(
    desk: Desk, candidate: Rules, *, since: datetime | None, follow: Follow
) -> tuple[Replay, datetime | None]:
    """The messages since a moment, or all, through a candidate; gives what differs, and since when they are."""
    replayed = Replay(await rules_in_force(desk), candidate)
    count, begin = await count_and_begin(desk.database, since)
    if begin is None:
        return replayed, since
    with follow(count) as advance:
        await _run(desk, replayed, since, begin, advance)
    return replayed, begin.at if since is None else since


async def _run(
    desk: Desk, replayed: Replay, since: datetime | None, begin: Beginning, advance: Callable[[int], None]
) -> None:
    async for page in _pages(read_all(desk.database, decided_messages(since))):
        replayed.begin(await read_past(desk.database, replayed.strangers(page), begin))
        for message in page:
            replayed.take(message)
        advance(len(page))


async def _pages(messages: AsyncIterator[Message]) -> AsyncIterator[list[Message]]:
    page: list[Message] = []
    async for message in messages:
        page.append(message)
        if len(page) == TOGETHER:
            yield page
            page = []
    if page:
        yield page

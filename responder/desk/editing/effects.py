"""What other rules do with the same texts: a newer version with the last ones, a candidate with all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from responder.core.operations.records import MessageRecord
from responder.core.rehearsal.conversation import imagined
from responder.core.rehearsal.replay import Divergence, Replay, without_numbers
from responder.core.rehearsal.trials import known_of, messages_of
from responder.core.rules.rules import Rules
from responder.core.sms.message import Message, MessageStatus
from responder.desk.desk import Desk
from responder.desk.messages import list_messages
from responder.desk.rule_versions import find_version, rules_in_force, rules_of_version
from responder.store.base.records import read_all
from responder.store.reading.contacts_then import Beginning, count_and_begin, decided_messages, read_past

LAST_TEXTS = 500
STRANGER = "+390000{:06}"  # each text comes from a number of its own, of which nothing is known
TOGETHER = 1000  # messages at a time, whose originators are looked up together
Follow = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Follows work of so many messages, and is told how many are done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleText:
    """A text that is answered otherwise, without telephone numbers, and what only one of the versions replies."""

    text: str
    replies_before: Sequence[str]
    replies_after: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectGroup:
    """Texts that are answered otherwise in the same way."""

    before: str
    after: str
    changes: Sequence[str]
    count: int
    samples: Sequence[SampleText]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effects:
    """How many texts went through both versions, and which of them are answered otherwise."""

    texts: int
    groups: Sequence[EffectGroup]

    @property
    def changed(self) -> int:
        """How many texts are answered otherwise."""
        return sum(group.count for group in self.groups)


async def compare_versions(desk: Desk, old: str, new: str) -> Effects:
    """What a newer version does otherwise with its texts and the last that came. Raises Missing and Refused."""
    hashes = [(await find_version(desk, beginning)).hash for beginning in (old, new)]
    before, after = [await rules_of_version(desk, version_hash) for version_hash in hashes]
    page = await list_messages(desk).page(limit=LAST_TEXTS, newest_first=True)
    return await asyncio.to_thread(effects_of, before, after, page.items, desk.clock())


def effects_of(before: Rules, after: Rules, last: Sequence[MessageRecord], now: datetime) -> Effects:
    """What a newer version does otherwise, each text from a stranger, or from whom its test gives."""
    replay = Replay(before, after)
    for rules in (before, after):
        _take_tests(replay, rules, now)
    for message in _imagined(before, after, last, now):
        replay.take(message)
    return Effects(
        texts=replay.messages,
        groups=[
            EffectGroup(
                before=group.before,
                after=group.after,
                changes=group.changes,
                count=group.count,
                samples=[_sample(one) for one in group.samples],
            )
            for group in replay.groups()
        ],
    )


def _take_tests(replay: Replay, rules: Rules, now: datetime) -> None:
    """The conversations of the tests, each from its own state; what both versions test counts once."""
    known_before = {case.name for case in replay.in_force.tests} if rules is replay.candidate else set()
    for case in rules.tests:
        if case.name in known_before:
            continue
        messages = list(messages_of(case, rules, now))
        begins_at = min(message.received_at for message in messages)
        replay.begin([known_of(case.given, case.originator, begins_at)])
        for message in messages:
            replay.take(message)


def _imagined(before: Rules, after: Rules, last: Sequence[MessageRecord], now: datetime) -> Iterator[Message]:
    examples = {
        text for rules in (before, after) for rule in rules.rules for text in (*rule.examples, *rule.counterexamples)
    }
    texts = [(text, after.our_number, now) for text in sorted(examples)]
    texts += [(one.text, one.destination, one.received_at) for one in last if one.status is not MessageStatus.MALFORMED]
    for number, (text, destination, at) in enumerate(texts):
        yield imagined(text, STRANGER.format(number), destination or after.our_number, at, number + 1)


def _sample(one: Divergence) -> SampleText:
    return SampleText(
        text=without_numbers(one.message.text),
        replies_before=[without_numbers(text) for text in one.before.replies],
        replies_after=[without_numbers(text) for text in one.after.replies],
    )


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

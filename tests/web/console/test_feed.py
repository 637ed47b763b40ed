"""The stream: rows once, of those that were asked for, from one reader for all."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from responder.core.operations.messages import FeedLine
from responder.web.console.frame.feed import BEHIND, LISTENERS, Feed, Listener, TooManyListeners
from responder.web.console.frame.outlook import Lookout
from tests.builders import BRUNO, inbound
from tests.web.console.conftest import Installation


@pytest.fixture
async def feed(installation: Installation) -> AsyncIterator[Feed]:
    lookout = Lookout(desk=installation.desk, health=installation.health())
    feed = Feed(desk=installation.desk, lookout=lookout, look_every_s=0.02, beat_every_s=0.1)
    yield feed
    await feed.end()


def listener(**other: Any) -> Listener:
    fields: dict[str, Any] = {"language": "en", "write": write, "matches": everything}
    return Listener(**(fields | other))


def write(lines: Sequence[FeedLine]) -> Iterator[str]:
    return (line.message.text for line in lines)


def everything(_line: FeedLine) -> bool:
    return True


async def put(installation: Installation, *texts: str, **other: Any) -> None:
    await installation.store.inbox.add([inbound(text, **other) for text in texts], {})


async def heard(stream: AsyncIterator[bytes], event: str) -> Any:
    """What the next event of a kind says."""
    async for told in stream:
        if f"event: {event}\n" in told.decode():
            return json.loads(told.decode().partition("data: ")[2])
    return None


async def test_a_new_listener_hears_the_newest_rows_and_the_counts(feed: Feed, installation: Installation) -> None:
    await put(installation, "one", "two")
    async with aclosing(await feed.listen(listener())) as stream:
        rows = await heard(stream, "rows")
        frame = await heard(stream, "frame")
    assert [row["html"] for row in rows] == ["two", "one"]
    assert frame["counts"]["handoffs"] == 0


async def test_a_text_that_comes_in_later_is_told_alone(feed: Feed, installation: Installation) -> None:
    await put(installation, "one")
    async with aclosing(await feed.listen(listener())) as stream:
        await heard(stream, "rows")
        await put(installation, "two")
        assert [row["html"] for row in await heard(stream, "rows")] == ["two"]


async def test_a_listener_hears_only_the_rows_that_it_asked_for(feed: Feed, installation: Installation) -> None:
    await put(installation, "mine", originator=BRUNO)
    await put(installation, "other")
    wanted = listener(matches=lambda line: line.message.originator == BRUNO, wanted="bruno")
    async with aclosing(await feed.listen(wanted)) as stream:
        assert [row["html"] for row in await heard(stream, "rows")] == ["mine"]


async def test_whoever_missed_more_than_is_kept_at_hand_hears_of_the_gap(
    feed: Feed, installation: Installation
) -> None:
    await put(installation, *(f"text {number}" for number in range(60)))
    async with aclosing(await feed.listen(listener(after=1))) as stream:
        assert await heard(stream, "gap") == 1


async def test_one_page_too_many_is_refused(feed: Feed) -> None:
    for _ in range(LISTENERS):
        await feed.listen(listener())
    with pytest.raises(TooManyListeners):
        await feed.listen(listener())
    feed.close()


async def test_a_process_that_stops_ends_its_streams(feed: Feed) -> None:
    stream = await feed.listen(listener())
    await heard(stream, "frame")
    await feed.end()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [told async for told in stream if b"event: rows" in told] == []


async def test_a_page_can_ask_whether_its_visit_still_counts(installation: Installation) -> None:
    async with installation.browser() as browser:
        assert (await browser.get("/events?probe=1")).status_code == 204


async def test_the_stream_of_a_visit_ends_when_it_signs_out(feed: Feed) -> None:
    hers, mine = await feed.listen(listener(visit="hers")), await feed.listen(listener(visit="mine"))
    await heard(hers, "frame")
    await heard(mine, "frame")
    feed.end_visit("hers")
    assert [told async for told in hers] == []
    assert await heard(mine, "beat") == 1


async def test_the_stream_of_a_visit_that_was_ended_elsewhere_ends_with_the_next_beat(
    feed: Feed, installation: Installation
) -> None:
    stream = await feed.listen(listener(counts_in=lambda epoch: epoch == ""))
    await heard(stream, "beat")
    await installation.store.installation.begin_epoch()
    assert await heard(stream, "nothing like that") is None


async def test_a_reader_that_takes_nothing_is_cut_off_and_holds_nobody_up(
    feed: Feed, installation: Installation
) -> None:
    slow, quick = listener(), await feed.listen(listener())
    stream = await feed.listen(slow)
    await heard(quick, "frame")
    for number in range(BEHIND + 2):
        await put(installation, f"text {number}")
        assert [row["html"] for row in await heard(quick, "rows")] == [f"text {number}"]
    assert slow.queue.qsize() == 1
    assert b"event" not in b"".join([told async for told in stream])


async def test_what_a_filter_leaves_out_moves_the_place_in_the_stream_all_the_same(
    feed: Feed, installation: Installation
) -> None:
    await put(installation, *(f"text {number}" for number in range(3)))
    stream = await feed.listen(listener(matches=lambda line: line.message.text == "text 0"))
    async for told in stream:
        if b"event: rows" in told:
            assert told.startswith(b"id: 3\n")
            break


async def test_the_reader_goes_on_after_a_fault(feed: Feed, installation: Installation) -> None:
    def fail(lines: Sequence[FeedLine]) -> Iterator[str]:
        if lines[0].message.text == "one":
            raise ValueError("a fault of ours")
        return write(lines)

    stream = await feed.listen(listener(write=fail))
    await heard(stream, "frame")
    await put(installation, "one")
    await put(installation, "two")
    assert await heard(stream, "beat") == 1


async def test_while_the_database_is_away_the_frame_says_so(installation: Installation) -> None:
    @dataclass
    class Away:
        rules = staticmethod(installation.status)

        async def state(self) -> None:
            return None

    lookout = Lookout(desk=installation.desk, health=Away())
    feed = Feed(desk=installation.desk, lookout=lookout, look_every_s=0.02)
    frame = await heard(await feed.listen(listener()), "frame")
    await feed.end()
    assert "database cannot be reached" in frame["notices"][0][0]


async def test_what_many_want_is_written_once_for_all_of_them(feed: Feed, installation: Installation) -> None:
    written: list[str] = []

    def counted(lines: Sequence[FeedLine]) -> Iterator[str]:
        written.extend(line.message.text for line in lines)
        return write(lines)

    await put(installation, "one")
    streams = [await feed.listen(listener(write=counted)) for _ in range(20)]
    for stream in streams:
        assert [row["html"] for row in await heard(stream, "rows")] == ["one"]
    await put(installation, "two")
    for stream in streams:
        assert [row["html"] for row in await heard(stream, "rows")] == ["two"]
    assert written == ["one", "two"]


async def test_between_two_rows_others_have_their_turn(feed: Feed, installation: Installation) -> None:
    turns: list[str] = []

    async def acknowledge() -> None:
        while True:
            turns.append("acknowledged")
            await asyncio.sleep(0)

    def noted(lines: Sequence[FeedLine]) -> Iterator[str]:
        for line in lines:
            turns.append("row")
            yield line.message.text

    await put(installation, *(f"text {number}" for number in range(10)))
    other = asyncio.create_task(acknowledge())
    await heard(await feed.listen(listener(write=noted)), "rows")
    other.cancel()
    rows = [number for number, turn in enumerate(turns) if turn == "row"]
    assert len(rows) == 10
    assert all(later - earlier > 1 for earlier, later in itertools.pairwise(rows))


async def test_listeners_are_told_the_same_one_after_another(installation: Installation) -> None:
    lookout = Lookout(desk=installation.desk, health=installation.health())
    feed = Feed(desk=installation.desk, lookout=lookout, look_every_s=0.02, apart_s=0.1)
    loop = asyncio.get_running_loop()

    async def hears_at() -> float:
        async with aclosing(await feed.listen(listener())) as stream:
            await heard(stream, "frame")
            return loop.time()

    at = sorted(await asyncio.gather(*(hears_at() for _ in range(4))))
    await feed.end()
    assert at[-1] - at[0] >= 0.2

"""Checks that run at once: one that hangs holds up no other, and all is told in its order."""

import asyncio
from collections.abc import AsyncIterator

from responder.cli.doctor.command import Check, side_by_side
from responder.cli.doctor.findings import Finding, Level, ok


async def at_once(name: str) -> AsyncIterator[Finding]:
    yield ok(name, "fine")


async def after(event: asyncio.Event, name: str) -> AsyncIterator[Finding]:
    await event.wait()
    yield ok(name, "fine")


async def setting(event: asyncio.Event) -> AsyncIterator[Finding]:
    event.set()
    yield ok("second", "fine")


async def for_ever() -> AsyncIterator[Finding]:
    yield ok("slow", "it began")
    await asyncio.Event().wait()


async def test_they_run_at_once_and_are_told_in_their_order() -> None:
    event = asyncio.Event()
    checks = [Check(name="first", find=after(event, "first")), Check(name="second", find=setting(event))]
    assert [finding.check async for finding in side_by_side(checks)] == ["first", "second"]


async def test_one_that_hangs_is_ended_and_the_others_are_told() -> None:
    checks = [Check(name="slow", find=for_ever(), longest_s=0.01), Check(name="quick", find=at_once("quick"))]
    told = [finding async for finding in side_by_side(checks)]
    assert [(finding.check, finding.level) for finding in told] == [
        ("slow", Level.OK),
        ("slow", Level.ERROR),
        ("quick", Level.OK),
    ]
    assert "did not end within" in told[1].text

"""Checks that run at once, each for a limited time; what they find is told in their order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from responder.cli.doctor.findings import Finding, fault

LONGEST_S = 8.0
NO_END = "it did not end within {longest_s:.0f} s: what it looks at does not answer, or this machine is overloaded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One part of an installation that is looked at; what it finds comes one by one."""

    name: str
    find: AsyncIterator[Finding]
    longest_s: float = LONGEST_S


async def side_by_side(checks: Sequence[Check]) -> AsyncIterator[Finding]:
    """What the checks find, in their order; the next is told as soon as those before it have ended."""
    tasks = [asyncio.create_task(_found(check)) for check in checks]
    try:
        for task in tasks:
            for finding in await task:
                yield finding
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _found(check: Check) -> list[Finding]:
    """All that a check finds, and that it did not end in time, if so."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(check.longest_s):
            async for finding in check.find:
                found.append(finding)  # noqa: PERF401  (what was found before the time is up is told)
    except TimeoutError:
        found.append(fault(check.name, NO_END.format(longest_s=check.longest_s)))
    return found

"""Random kills of everything under load: whatever was acknowledged is handled once in effect.

The nightly mode (``pytest -m faults``) takes long runs on both ways to run; the default one a short run.
"""

import asyncio
import random
from pathlib import Path

import pytest

from tests.end_to_end.service import Service, send_steadily, serving
from tests.receiver import Receiver

TARGETS = ("web", "worker", "redis", "run", "flush")


async def kill_at_random(service: Service, chance: random.Random, kills: int, *, pause_s: float) -> list[str]:
    """Kill something again and again, restart the whole if need be, and tell what was killed."""
    killed = []
    for _ in range(kills):
        await asyncio.sleep(pause_s * (0.5 + chance.random()))
        target = chance.choice(TARGETS)
        killed.append(target)
        if target == "run":
            service.kill_all()
            await service.start()
        elif target == "flush":
            try:
                service.redis("FLUSHALL")
            except OSError:
                killed[-1] = "flush (no redis)"
        else:
            service.kill(target)
    return killed


async def trial(folder: Path, receiver: Receiver, seed: int, *, messages: int, kills: int, pause_s: float) -> None:
    chance = random.Random(seed)
    async with serving(folder, receiver) as service:
        sending = asyncio.create_task(send_steadily(service, messages, pause_s=kills * pause_s / messages))
        killed = await kill_at_random(service, chance, kills, pause_s=pause_s)
        await sending
        await service.start()
        await service.settled(120)
        print(f"seed {seed}: {len(service.acknowledged)} acknowledged, killed {' '.join(killed)}")  # noqa: T201  (shown when it fails)
        service.check_once(receiver)
        assert len(set(service.acknowledged)) == messages


async def test_a_few_random_kills_lose_and_double_nothing(tmp_path: Path, receiver: Receiver) -> None:
    await trial(tmp_path, receiver, seed=1, messages=150, kills=3, pause_s=1.5)


@pytest.mark.faults
@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_many_random_kills_lose_and_double_nothing(tmp_path: Path, receiver: Receiver, seed: int) -> None:
    await trial(tmp_path, receiver, seed=seed, messages=3000, kills=24, pause_s=2.0)

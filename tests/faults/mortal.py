"""A worker's delivery in its own process, which kills itself at one point of the work."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.clients.http import HttpClient
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.gateway import Call, Response
from responder.rulefile import read_rules
from responder.store.base.database import Database
from responder.store.base.tables import steps
from responder.worker.delivery import Deliverer
from tests.conftest import StandingClock, store_on
from tests.receiver import Receiver
from tests.worker.conftest import RULES, Work
from tests.worker.going_out import Out


class Point(StrEnum):
    """Where a delivery can be cut off."""

    CLAIMING = "before the claim is committed"
    CLAIMED = "after the claim, before the call"
    ANSWERED = "after the answer, before anything is recorded"
    RECORDING = "before the record is committed"
    RECORDED = "after the record"


@dataclass(frozen=True)
class Life:
    """What a mortal worker does, and when it ends."""

    url: str
    port: int
    kind: StepKind
    point: Point


def live(life: Life) -> None:
    """Deliver, and end at the point."""
    asyncio.run(_deliver(life))


async def _deliver(life: Life) -> None:
    database = MortalDatabase(life)
    work = Work(store=await store_on(database), clock=StandingClock(), rules=read_rules(RULES, "rules.yaml", {}))
    async with MortalClient(life.point) as client:
        deliverer: Deliverer = Out(work, Receiver(port=life.port), client).deliverer()
        await deliverer.deliver(life.kind)


class MortalDatabase(Database):
    """A database whose process ends in the transaction that claims or records the one step, or after it."""

    def __init__(self, life: Life) -> None:
        super().__init__(life.url)
        self._point = life.point
        self._kind = life.kind

    @asynccontextmanager
    async def write(self, *, is_small: bool = False) -> AsyncIterator[AsyncConnection]:
        async with super().write(is_small=is_small) as connection:
            yield connection
            status = (await connection.execute(select(steps.c.status).where(steps.c.kind == self._kind))).scalar_one()
            self._end_if(status, claimed=Point.CLAIMING, recorded=Point.RECORDING)
        self._end_if(status, claimed=Point.CLAIMED, recorded=Point.RECORDED)

    def _end_if(self, status: str, *, claimed: Point, recorded: Point) -> None:
        if {StepStatus.QUEUED: None, StepStatus.SENDING: claimed}.get(StepStatus(status), recorded) is self._point:
            end()


class MortalClient(HttpClient):
    """A client whose process ends once it has the answer."""

    def __init__(self, point: Point) -> None:
        super().__init__(allow_private=True)
        self._point = point

    async def post(self, call: Call) -> Response:
        response = await super().post(call)
        if self._point is Point.ANSWERED:
            end()
        return response


def end() -> NoReturn:
    """End as a killed process does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody outlives a SIGKILL")

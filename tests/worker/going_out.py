"""A deliverer whose gateway and webhooks are real servers."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from responder.clients.http import HttpClient
from responder.core.contact.effects import Step, StepKind
from responder.core.outbound.gateway import Pace
from responder.core.rules.rules import Webhook
from responder.gateways.agile import AgileTelecom
from responder.store.base.tables import awaited, steps
from responder.store.outbound.webhook_replies import awaited_rows
from responder.store.queue.entering import step_rows
from responder.worker.delivery import Deliverer, Ways
from responder.worker.waiting import Awaiting
from responder.worker.webhooks import Webhooks
from tests.builders import reply_step
from tests.receiver import Receiver, receiving
from tests.worker.conftest import Work

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Unhurried:
    """Lets every text go at once."""

    async def take(self, wanted: int) -> int:
        return wanted


class Out:
    """A deliverer whose gateway and webhook are one receiver."""

    def __init__(self, work: Work, receiver: Receiver, client: HttpClient) -> None:
        self.work = work
        self.receiver = receiver
        self.client = client
        crm = Webhook(name="crm", url=f"{receiver.url}/crm", secrets=(SECRET,))
        self.rules = replace(work.rules, webhooks={"crm": crm})
        self.pace: Pace = Unhurried()
        self.is_shadow = False
        self.awaiting = Awaiting(
            database=work.store.database, rules=lambda: self.rules, bell=work.bell, clock=work.clock
        )

    def deliverer(self, *, key: str | None = "key", **options: Any) -> Deliverer:
        gateway = AgileTelecom(secret=b"s", zone=ZoneInfo("Europe/Rome"), api_key=key, url=f"{self.receiver.url}/send")
        ways = Ways(gateway=gateway, client=self.client, pace=self.pace, rules=lambda: self.rules)
        deliverer = Deliverer(
            steps=self.work.store.steps,
            ways=ways,
            webhooks=self.webhooks(),
            bell=self.work.bell,
            clock=self.work.clock,
            is_simulating=key is None,
            is_shadow=self.is_shadow,
        )
        return replace(deliverer, **options)

    def webhooks(self) -> Webhooks:
        database, clock = self.work.store.database, self.work.clock
        return Webhooks(
            database=database, client=self.client, rules=lambda: self.rules, clock=clock, awaiting=self.awaiting
        )

    async def queue(self, *queued: Step) -> None:
        now = self.work.clock()
        async with self.work.store.database.write() as connection:
            await connection.execute(insert(steps), step_rows(queued, now))
            if waiting := awaited_rows(queued, now):
                await connection.execute(insert(awaited), waiting)

    async def deliver(self, kind: StepKind = StepKind.REPLY, **options: Any) -> None:
        await self.deliverer(**options).deliver(kind)

    async def statuses(self) -> list[str]:
        return [row.status for row in await self.work.rows("steps", "seq")]

    async def row(self) -> Any:
        [row] = await self.work.rows("steps")
        return row


def call_step(key: str = "k-2") -> Step:
    return replace(
        reply_step(key), kind=StepKind.WEBHOOK, to="crm", content='{"type": "rule.matched", "data": {"text": "perché"}}'
    )


@asynccontextmanager
async def going_out(work: Work) -> AsyncIterator[Out]:
    """A deliverer with its receiver."""
    async with receiving() as receiver, HttpClient(allow_private=True) as client:
        yield Out(work, receiver, client)

"""A clinic: appointments, a phone that texts, a worker that answers and reminds, and a clock that is moved by hand."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from responder.core.appointments.booking import Booking
from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.effects import StepKind
from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from responder.store.appointments.bookings import put_bookings
from responder.store.base.tables import appointments
from responder.wiring import Store
from responder.worker.waiting import Reminders
from tests.builders import ANNA, SHOP, inbound
from tests.conftest import StandingClock
from tests.worker.conftest import RememberingBell, Work

RULES = """
version: 1
languages: [en, it]
appointments:
  late: "Too late, please call."
  unclear: "A person will read this."
  quiet_hours: 21:00-08:00
  reminders:
    - before: 1d
      text:
        en: "See you on {{ appointment.starts_at | date }} at {{ appointment.starts_at | time }}. YES or NO?"
        it: "A domani alle {{ appointment.starts_at | time }}. SI o NO?"
    - {before: 2h, only: scheduled, valid_for: 30m, text: "Today at {{ appointment.starts_at | time }}. YES or NO?"}
webhooks: {crm: {url: "https://crm.example.com/in"}}
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: "See you, {{ appointment.name }}.", webhook: crm]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel, reply: "Cancelled, {{ appointment.name }}.", webhook: crm]}
fallback: {then: [reply: "Sorry?"]}
"""


@dataclass
class Clinic:
    """All of it on one store."""

    store: Store
    clock: StandingClock
    rules: Rules = field(default_factory=lambda: read_rules(RULES, "rules.yaml", {}))
    sender: str | None = SHOP

    @property
    def work(self) -> Work:
        return Work(store=self.store, clock=self.clock, rules=self.rules)

    async def book(self, identifier: str, starts_at: datetime, originator: str = ANNA, **other: Any) -> None:
        booking = Booking(id=identifier, originator=originator, starts_at=starts_at, **other)
        times = ReminderPlan(policy=self.rules.appointments, zone=self.rules.zone)
        await put_bookings(self.store.database, [booking], self.clock(), times=times)

    def reminders(self) -> Reminders:
        return Reminders(
            database=self.store.database,
            rules=lambda: self.rules,
            bell=RememberingBell(),
            clock=self.clock,
            sender=self.sender,
            secret=self.store.secret,
        )

    async def at(self, moment: datetime) -> list[str]:
        """What the clinic texts when that time has come."""
        self.clock.now = moment
        before = len(await self.texts())
        await self.reminders().queue()
        return (await self.texts())[before:]

    async def hears(self, text: str, originator: str = ANNA) -> list[str]:
        """What the clinic answers to a text."""
        before = len(await self.texts())
        await self.work.handle(inbound(text, originator, received=self.clock()))
        return (await self.texts())[before:]

    async def texts(self) -> list[str]:
        return [row.content for row in await self.work.rows("steps", "seq") if row.kind == StepKind.REPLY]

    async def statuses(self) -> dict[str, str]:
        async with self.store.database.read() as connection:
            return {
                row.id: row.status
                for row in (await connection.execute(select(appointments).order_by(appointments.c.id))).all()
            }

    async def why(self) -> list[str]:
        """Why persons have been asked."""
        return [row.reason for row in await self.work.rows("handoffs", "opened_at")]

    async def reasons(self) -> dict[str, str | None]:
        """What became of the reminders that did not go out."""
        return {row.name: row.reason for row in await self.work.rows("reminders", "due_at") if row.status == "dropped"}

    def with_rules(self, source: str) -> "Clinic":
        """The same clinic with another file of rules."""
        return replace(self, rules=read_rules(source, "rules.yaml", {}))

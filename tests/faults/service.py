"""An installation that anything may happen to.

It has two phones, two workers, an operator, a gateway, a clock, and a database that can fail.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import Row

from responder.core.appointments.reminders import ReminderPlan
from responder.core.contact.effects import Purpose, StepKind, StepStatus
from responder.core.contact.known import Known
from responder.core.outbound.fates import LEASE
from responder.core.sms.message import Inbound
from responder.errors import StorageError
from responder.rulefile import read_rules
from responder.store.base.tables import contacts, messages, metadata
from responder.store.consent.reading import verify
from responder.store.consent.retention import end_subscriptions
from responder.store.inbox.commit import Commits, Committed
from responder.store.inbox.contacts import read_known
from responder.store.inbox.planned import Planned
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.outbound.claims import Claimed, Fate
from responder.wiring import Store
from responder.worker.handling import Handler
from responder.worker.waiting import Reminders
from tests.builders import ANNA, BRUNO, SHOP
from tests.conftest import StandingClock
from tests.worker.conftest import RememberingBell

RULES = read_rules(
    """
version: 1
languages: [en, it]
lists:
  news: {title: Weekly news}
  offers: {title: Offers, double_opt_in: true}
limits: {replies: off, equal: off, per_day: off, all_per_day: off}
appointments:
  late: "Too late."
  unclear: "A person will read this."
  reminders:
    - {before: 1d, text: "Tomorrow at {{ appointment.starts_at | time }}. YES or NO?"}
    - {before: 2h, only: scheduled, text: "Today at {{ appointment.starts_at | time }}. YES or NO?"}
rules:
  - {name: news-on, when: {text: News ON}, then: [subscribe: news, reply: Welcome.]}
  - {name: news-off, when: {text: News OFF}, then: [unsubscribe: news, reply: You left.]}
  - {name: only, when: {text: Only news}, then: [unsubscribe: all, subscribe: news, reply: Only the news.]}
  - {name: offers-on, when: {text: Offers ON}, then: [subscribe: offers, reply: Offers it is.]}
  - {name: name, when: {starts_with: my name is}, then: [set: {name: "{{ rest }}"}, reply: "Hello {{ contact.name }}."]}
  - {name: italian, when: {text: italiano}, then: [language: it, reply: Va bene.]}
  - {name: english, when: {text: english}, then: [language: en, reply: All right.]}
  - {name: later, when: {text: later}, then: [reply: {text: Now it is later., delay: 2h}]}
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: See you.]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel, reply: Cancelled.]}
  - {name: move, when: {answer: reschedule}, then: [appointment: reschedule, reply: We will call.]}
fallback: {then: [reply: "Sorry?"]}
""",
    "rules.yaml",
    {},
)
PHONES = (ANNA, BRUNO)
TO_SOMEBODY_OPTED_OUT = frozenset({Purpose.CONFIRMATION, Purpose.HELP, Purpose.WELCOME})
GONE = "CREATE TRIGGER broken BEFORE UPDATE OF status ON messages WHEN NEW.status = 'handled' BEGIN INSERT INTO gone VALUES (1); END"
DISK_FULL = (
    "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF NEW.status = 'handled' THEN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$"
)
BREAKING = {
    "sqlite": [GONE],
    "postgresql": [DISK_FULL, "CREATE TRIGGER broken BEFORE UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION broken()"],
}
"""How each database is made to fail when a message is marked as handled."""
MENDING = {"sqlite": ["DROP TRIGGER IF EXISTS broken"], "postgresql": ["DROP TRIGGER IF EXISTS broken ON messages"]}


class WatchedCommits(Commits):
    """Commits that do something first, if asked, and then hold what SQL says against what the plans left."""

    def __init__(self, service: "FaultyService") -> None:
        super().__init__(service.store.database, service.store.secret)
        self._service = service

    async def commit(self, batch: Sequence[Planned], owner: str, now: datetime) -> Committed:
        between, self._service.between = self._service.between, None
        if between:
            await between()
        committed = await super().commit(batch, owner, now)
        if not committed.must_replan:
            await self._service.check_state(batch)
        return committed


@dataclass
class FaultyService:
    """All of it, on one store."""

    store: Store
    clock: StandingClock
    between: Callable[[], Awaitable[object]] | None = None
    sending: dict[str, Claimed] = field(default_factory=dict)
    """What a worker has claimed and not yet recorded."""
    bodies: list[str] = field(default_factory=list)
    """The keys of the texts whose bodies went out, or may have."""
    disagreements: list[str] = field(default_factory=list)
    """Where SQL holds something else than a plan left."""

    @property
    def times(self) -> ReminderPlan:
        return ReminderPlan(policy=RULES.appointments, zone=RULES.zone)

    def worker(self) -> Handler:
        store = self.store
        commits = WatchedCommits(self)
        return Handler(
            database=store.database, inbox=store.inbox, commits=commits, secret=store.secret,
            bell=RememberingBell(), rules=lambda: RULES, clock=self.clock,
        )  # fmt: skip

    async def receive(self, inbound: Inbound) -> None:
        await self.store.inbox.add([inbound], {})

    async def handle(self) -> None:
        with suppress(StorageError):
            await self.worker().handle()

    async def vanish(self) -> int:
        """A worker claims what waits and is killed; how many it had."""
        return len(await self.store.inbox.claim(f"dead-{self.clock():%H%M%S}", self.clock(), 500))

    async def break_database(self, *, broken: bool) -> None:
        kind = "sqlite" if self.store.database.is_sqlite else "postgresql"
        async with self.store.database.write() as connection:
            for statement in (BREAKING if broken else MENDING)[kind]:
                await connection.execute(text(statement))

    async def remind(self) -> None:
        sweep = Reminders(
            database=self.store.database, rules=lambda: RULES, bell=RememberingBell(), clock=self.clock, sender=SHOP
        )
        await sweep.queue()

    async def sweep(self) -> None:
        """What the sweep sees to once a lease is over."""
        now = self.clock()
        await settle_abandoned(self.store.database, now)
        self.sending = {}
        await end_subscriptions(self.store.database, self.store.secret, now)

    async def send(self, fate: StepStatus | None) -> None:
        """Send what is due, each with this fate; None for a worker killed in the middle."""
        now, owner = self.clock(), f"sender-{len(self.bodies)}"
        claimed = await self.store.steps.claim(StepKind.REPLY, owner, now, 20)
        for one in claimed:
            await self._check_claimed(one)
            if fate is not StepStatus.QUEUED:
                assert one.step.key not in self.bodies, f"{one.step.key} is sent twice"
                self.bodies.append(one.step.key)
        if fate is None:
            return
        again = now + timedelta(seconds=30) if fate is StepStatus.QUEUED else None
        fates = [Fate(key=one.step.key, status=fate, next_attempt_at=again) for one in claimed]
        await self.store.steps.record(fates, owner, now)

    async def _check_claimed(self, claimed: Claimed) -> None:
        """Whoever said STOP gets the confirmation, and what a newer HELP or START asked for."""
        step = claimed.step
        async with self.store.database.read() as connection:
            contact = (
                await connection.execute(select(contacts).where(contacts.c.originator == step.originator))
            ).first()
            message = (await connection.execute(select(messages).where(messages.c.key == step.message_key))).first()
        if contact is None or not contact.opted_out:
            return
        assert step.purpose in TO_SOMEBODY_OPTED_OUT, f"a text of purpose {step.purpose} goes to somebody who said STOP"
        assert message is not None
        if step.purpose is Purpose.CONFIRMATION:
            assert self.clock() <= message.received_at + timedelta(minutes=5), "a confirmation is late"
        else:
            assert _is_newer(message, contact), f"the answer to a {step.purpose} that is older than the STOP goes out"

    async def check_state(self, batch: Sequence[Planned]) -> None:
        """SQL holds what the plans left, where they stood and nobody has changed anything since."""
        found = await self.known({planned.before.originator for planned in batch})
        for planned in batch:
            stored = found[planned.before.originator]
            if stored.revision == planned.before.revision + (planned.after is not planned.before) and not self.between:
                read = {one.id for one in planned.before.appointments}  # the plans reach back less far than we do
                as_far = replace(stored, appointments=tuple(one for one in stored.appointments if one.id in read))
                kept, left = _told(as_far), _told(planned.after.at(self.clock()))
                self.disagreements += [
                    f"SQL has {name} {kept[name]}, the plan left {left[name]}"
                    for name in kept
                    if kept[name] != left[name]
                ]

    async def known(self, originators: Sequence[str] | set[str]) -> Mapping[str, Known]:
        found = await read_known(
            self.store.database, self.store.secret, list(originators), self.clock() - timedelta(days=1)
        )
        return {originator: one.at(self.clock()) for originator, one in found.items()}

    async def rows(self, table: str) -> Sequence[Any]:
        async with self.store.database.read() as connection:
            return (await connection.execute(select(metadata.tables[table]))).all()

    async def settle(self) -> None:
        """Let workers finish whatever waits, once leases are over."""
        await self.break_database(broken=False)
        for _ in range(12):
            self.clock.now += LEASE + timedelta(seconds=11)
            await self.handle()
            if not [row for row in await self.rows("messages") if row.status == "received"]:
                return

    async def check_ledger(self) -> None:
        assert (await verify(self.store.database, self.store.secret)).faults == ()


def _is_newer(message: Row[Any], contact: Row[Any]) -> bool:
    """Whether a text is newer than the opt-out: than the word it was, or than what was done by hand."""
    if contact.stop_order_at is None:
        return bool(message.received_at >= contact.stopped_at)
    return bool((message.order_at, message.seq) > (contact.stop_order_at, contact.stop_order_seq))


def _told(known: Known) -> Mapping[str, object]:
    """What is compared of what is known: what SQL keeps, and not what it remembers of texts."""
    kept = replace(known, sent=(), revision=0)
    return {
        "contact": (
            kept.language,
            dict(kept.fields),
            kept.opted_out,
            kept.consent_order,
            kept.confirmed_at,
            kept.muted_until,
        ),
        "lists": {name: (one.status, one.order, one.taken_by_stop) for name, one in kept.subscriptions.items()},
        "appointments": {one.id: (one.status, one.order, one.version) for one in kept.appointments},
        "questions": {one.key: one.status for one in kept.questions},
        "uses": dict(kept.uses),
    }

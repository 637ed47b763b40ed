"""A worker's periodic work: housekeeping, gateway credit, alerts, and a look at our own clock."""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from responder.core.appointments.reminders import ReminderPlan
from responder.core.outbound.gateway import Bell, Client, Clock, Gateway
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Event
from responder.errors import AccessError, PermanentError, StorageError, TransientError, UncertainError
from responder.settings.model import Settings
from responder.settings.urls import place_of
from responder.store.appointments.bookings import Means
from responder.store.appointments.by_hand import BookingImports
from responder.store.base.database import Database
from responder.store.consent.by_hand import SubscriberImports
from responder.store.consent.erasure import finish_erasures
from responder.store.consent.retention import end_subscriptions, kept_since, remove_strays, remove_texts
from responder.store.operations.alerts import forget_mails
from responder.store.operations.backups import bring_back
from responder.store.operations.sources import claim_question, forget_credits, note_credit, note_no_credit
from responder.store.outbound.gates import drop_late
from responder.store.reading.events import forget_events
from responder.wiring import Store, mail_server, make_gateway
from responder.worker.alerts import AlertWatch, Mailer

TIDY_EVERY_S = 60.0
LOOK_EVERY_S = 10.0
MAIL_EVERY_S = 5.0
LOOK_AT_CLOCK_EVERY_S = 1.0
SMALLEST_STEP = timedelta(seconds=2)  # of the clock; what is less is over as soon as anybody notices
CREDIT_EVERY_S = 20.0  # whether it is time to ask
STRAYS_STAY = timedelta(days=30)  # delivery reports on what we did not send
EVENTS_STAY = timedelta(days=30)  # for whoever missed a call (contract, section 6)
MAILS_STAY = timedelta(days=30)  # e-mails about alerts, once sent or given up

logger = logging.getLogger(__name__)


async def periodically(name: str, every_s: float, once: Callable[[], Awaitable[None]]) -> None:
    """Do something every few seconds until cancelled; only the first of several failures is logged."""
    is_failing = False
    while True:
        try:
            await once()
            is_failing = False
        except Exception as error:
            if not is_failing and isinstance(error, StorageError):
                logger.warning("%s failed, it is tried again every %.0f s reason=%s", name, every_s, error)
            elif not is_failing:
                logger.exception("%s failed, it is tried again every %.0f s", name, every_s)
            is_failing = True
        await asyncio.sleep(every_s)


@dataclass(kw_only=True)
class Housekeeping:
    """Tidies what is stored. Every worker does, and skips what another has done."""

    store: Store
    retention_days: int
    clock: Clock
    rules: Callable[[], Rules]
    _emptied: Mapping[str, int] = field(init=False, default_factory=dict)
    """Up to which row each table is without texts."""

    async def once(self) -> None:
        now, notified = self.clock(), self.rules().webhooks_for(Event.CONSENT_CHANGED)
        if ended := await end_subscriptions(self.store.database, self.store.secret, now, notified):
            logger.info("subscriptions ended count=%d", ended)
        if dropped := await drop_late(self.store.database, now):
            logger.warning("replies dropped, they came too late to be of use count=%d", dropped)
        if before := kept_since(self.retention_days, now):
            self._emptied = await remove_texts(self.store.database, before, self._emptied)
        if removed := await remove_strays(self.store.database, now - STRAYS_STAY):
            logger.info("delivery reports on nothing of ours removed count=%d", removed)
        await forget_mails(self.store.database, now - MAILS_STAY)
        while await forget_events(self.store.database, now - EVENTS_STAY):
            pass
        await self._finish_what_was_cut_short()

    async def _finish_what_was_cut_short(self) -> None:
        """Finish erasures, and imports that were accepted, whose command was killed."""
        if finished := await finish_erasures(self.store.database, self.store.secret, self.clock()):
            logger.info("erasures that were cut short finished count=%d", finished)
        rules, database, clock = self.rules(), self.store.database, self.clock
        times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
        means = Means(times=times, notify=rules.webhooks_for(Event.APPOINTMENT_CHANGED))
        bookings = BookingImports(database=database, means=means, clock=clock)
        notified = rules.webhooks_for(Event.CONSENT_CHANGED)
        subscribers = SubscriberImports(database=database, secret=self.store.secret, clock=clock, notify=notified)
        if done := await bookings.tidy() + await subscribers.tidy():
            logger.info("imports that were cut short finished lines=%d", done)


@dataclass(kw_only=True)
class CreditQuestion:
    """Asks for the credit; a failure is stored for ``doctor``, and logged if it is new."""

    database: Database
    gateway: Gateway
    client: Client
    clock: Clock
    _failure: str | None = field(init=False, default=None)

    async def once(self) -> None:
        """Ask, if it is time."""
        call, name = self.gateway.build_credit(), self.gateway.name
        if call is None:
            await forget_credits(self.database)
            return
        if not await claim_question(self.database, name, self.clock()):
            return
        try:
            amount = self.gateway.read_credit(await self.client.get(call))
        except (TransientError, PermanentError, AccessError, UncertainError) as error:
            await self._fail(str(error))
            return
        except Exception as error:  # noqa: BLE001  (whatever another system answers)
            await self._fail(f"its answer cannot be read ({type(error).__name__})")
            return
        await note_credit(self.database, name, amount, self.clock())
        self._failure = None

    async def _fail(self, failure: str) -> None:
        if failure != self._failure:
            logger.warning("the gateway does not tell the credit gateway=%s reason=%s", self.gateway.name, failure)
        self._failure = failure
        await note_no_credit(self.database, self.gateway.name, failure, self.clock())


@dataclass(kw_only=True)
class ClockSteps:
    """Watches the clock, and brings back what a clock ahead has put off: at the start, and when it was set back.

    ``forget`` lets whatever holds times in memory or in Redis begin anew.
    """

    database: Database
    clock: Clock
    forget: Sequence[Callable[[], Awaitable[None]]] = ()
    monotonic: Callable[[], float] = time.monotonic
    _began_at: datetime | None = field(init=False, default=None)
    """When the monotonic clock began, by our clock at the last look."""
    _is_owed: bool = field(init=False, default=True)

    async def once(self) -> None:
        """Bring back what was put off if the clock was set back since the last look. Raises StorageError."""
        began_at = self.clock() - timedelta(seconds=self.monotonic())
        step = self._began_at - began_at if self._began_at else timedelta()
        self._began_at = began_at
        if step > SMALLEST_STEP:
            logger.warning("the clock was set back seconds=%d", step.total_seconds())
            self._is_owed = True
            for forget in self.forget:
                await forget()
        if self._is_owed:
            if found := await bring_back(self.database, self.clock()):
                logger.warning("steps of a clock that was ahead are due again count=%d", found)
            self._is_owed = False


def periodic_work(
    settings: Settings,
    store: Store,
    client: Client,
    bell: Bell,
    rules: Callable[[], Rules],
    clock: Clock,
    forget: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Sequence[Coroutine[Any, Any, None]]:
    """The periodic work, each kind in a coroutine of its own that runs until cancelled."""
    housekeeping = Housekeeping(store=store, retention_days=settings.retention_days, clock=clock, rules=rules)
    credit = CreditQuestion(
        database=store.database, gateway=make_gateway(settings, store.secret), client=client, clock=clock
    )
    server = None if settings.shadow else mail_server(settings)
    alerts = AlertWatch(
        store=store,
        rules=rules,
        bell=bell,
        clock=clock,
        host=socket.gethostname(),
        is_mailing=server is not None,
        mailbox=place_of(settings.imap_url),
        zone=settings.gateway_timezone,
    )
    steps = ClockSteps(database=store.database, clock=clock, forget=forget)
    works = [
        periodically("clock", LOOK_AT_CLOCK_EVERY_S, steps.once),
        periodically("housekeeping", TIDY_EVERY_S, housekeeping.once),
        periodically("credit", CREDIT_EVERY_S, credit.once),
        periodically("alerts", LOOK_EVERY_S, alerts.once),
    ]
    if server:
        mailer = Mailer(database=store.database, post=server, clock=clock)
        works.append(periodically("alert mails", MAIL_EVERY_S, mailer.once))
    return works

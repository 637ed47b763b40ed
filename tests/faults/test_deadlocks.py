"""PostgreSQL: whatever locks rows does so at once for a while, and nothing deadlocks."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from responder.core.appointments.booking import Booking
from responder.core.appointments.reminders import ReminderPlan
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.rules.limits import Limits
from responder.errors import StorageError
from responder.rulefile import read_rules
from responder.store.appointments.bookings import delete_appointment, put_bookings
from responder.store.appointments.planning import plan_some_anew
from responder.store.base.database import Database
from responder.store.consent.erasure import erase
from responder.store.consent.retention import end_subscriptions
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.outbound.abandoned import settle_abandoned
from responder.store.outbound.claims import Fate
from responder.store.outbound.gates import drop_late
from responder.store.outbound.webhook_replies import settle_unanswered
from responder.wiring import Store, utc_now
from responder.worker.waiting import Reminders
from tests.appointments.clinic import RULES as CLINIC
from tests.builders import inbound
from tests.conftest import store_on
from tests.worker.conftest import RULES, RememberingBell, Work

SECONDS = float(os.environ.get("RESPONDER_STRESS_SECONDS", "20"))
PHONES = 300
TEXTS = ("News ON", "News OFF", "STOP", "START", "my name is X", "yes", "no", "hm")
Act = Callable[[Store], Awaitable[object]]


def phone(number: int | None = None) -> str:
    return f"+39330{random.randrange(PHONES) if number is None else number:07d}"


def some_phones() -> list[str]:
    return [phone(number) for number in random.sample(range(PHONES), 50)]


def clinic_times() -> ReminderPlan:
    rules = read_rules(CLINIC, "rules.yaml", {})
    return ReminderPlan(policy=rules.appointments, zone=rules.zone)


async def take(store: Store) -> None:
    """Take in a batch of texts, and note the times of their answers."""
    keys = [f"{random.getrandbits(128):032x}" for _ in range(random.randint(20, 200))]
    now = utc_now()
    await store.inbox.add([inbound(random.choice(TEXTS), phone(), key=key, sent=now, received=now) for key in keys], {})
    await store.inbox.add([], dict.fromkeys(keys, 3))


async def send(store: Store) -> None:
    """Send replies, of which some are refused as blocked."""
    owner = f"{random.getrandbits(32):x}"
    for one in await store.steps.claim(
        StepKind.REPLY, owner, utc_now(), 20, quiet_until=utc_now() + timedelta(seconds=1)
    ):
        is_blocked = random.random() < 0.1
        status = StepStatus.DEAD if is_blocked else StepStatus.SENT
        await store.steps.record([Fate(key=one.step.key, status=status, is_blocked=is_blocked)], owner, utc_now())


async def book(store: Store) -> None:
    """Bring in appointments, some of them with other phones or times than before."""
    bookings = {
        number: Booking(id=f"a{number}", originator=phone(), starts_at=utc_now() + timedelta(days=number % 5 + 1))
        for number in range(40)
    }
    await put_bookings(store.database, random.sample(list(bookings.values()), 20), utc_now(), times=clinic_times())
    await delete_appointment(store.database, f"a{random.randrange(40)}", utc_now(), by="api")


async def import_some(store: Store) -> None:
    wanted = [SubscriberChange(originator=one, list="news") for one in some_phones()]
    await put_subscribers(store.database, store.secret, wanted, operator="op", now=utc_now())


async def sweep(store: Store) -> None:
    """What a sweep does, and what is done once in a while."""
    rules = read_rules(CLINIC, "rules.yaml", {})
    await Reminders(
        database=store.database,
        rules=lambda: rules,
        bell=RememberingBell(),
        clock=utc_now,
        sender=None,
        secret=store.secret,
    ).queue()
    await plan_some_anew(store.database, clinic_times(), utc_now())
    await settle_unanswered(store.database, Limits(), utc_now())
    await settle_abandoned(store.database, utc_now())
    await drop_late(store.database, utc_now() + timedelta(hours=random.choice([-1, 1])))
    await end_subscriptions(store.database, store.secret, utc_now())


ACTS: dict[str, Act] = {
    "intake": take,
    "intake too": take,
    "sending": send,
    "sending too": send,
    "erasing": lambda store: erase(store.database, store.secret, phone(), "op", utc_now()),
    "opting out": lambda store: opt_out(store.database, store.secret, phone(), reason="", operator="op", now=utc_now()),
    "import": import_some,
    "booking": book,
    "sweep": sweep,
    "sweep too": sweep,
}


@pytest.mark.faults
async def test_nobody_waits_for_who_waits_for_them(migrated_url: str) -> None:
    if migrated_url.startswith("sqlite"):
        pytest.skip("SQLite has one lock for all")
    database = Database(migrated_url)
    rules = read_rules(RULES, "rules.yaml", {})
    ends_at = asyncio.get_running_loop().time() + SECONDS
    errors: Counter[str] = Counter()
    done: Counter[str] = Counter()

    async def again_and_again(name: str, act: Act) -> None:
        own = await store_on(Database(migrated_url))
        while asyncio.get_running_loop().time() < ends_at:
            try:
                await act(own)
                done[name] += 1
            except StorageError as error:
                errors[f"{name}: {error}"[:120]] += 1
            await asyncio.sleep(0.01)
        await own.database.close()

    def handle(store: Store) -> Awaitable[object]:
        return Work(store=store, clock=utc_now, rules=rules).handler().handle_batch()  # type: ignore[arg-type]  # a clock that runs

    await store_on(database)  # which makes the secret, before all the others ask for it
    acts = ACTS | {"handling": handle, "handling too": handle}
    await asyncio.gather(*(again_and_again(name, act) for name, act in acts.items()))
    await database.close()
    print(dict(done))  # noqa: T201  (shown with -rP)
    assert not errors
    assert set(done) == set(acts)

"""SQL holds what was planned, whatever texts and changes by hand came, early or late."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import Known, Subscription, SubscriptionStatus
from responder.core.rules.rules import Rules
from responder.rulefile import read_rules
from responder.store.appointments.bookings import delete_appointment, put_bookings
from responder.store.base.tables import consent_events
from responder.store.consent.erasure import erase
from responder.store.consent.retention import end_subscriptions
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.inbox.commit import Commits
from responder.store.inbox.contacts import read_known
from responder.wiring import Store
from responder.worker.handling import plan_all
from tests.builders import inbound
from tests.conftest import NOON, StandingClock

HEAD = """
version: 1
languages: [en, it]
lists: {news: , offers: , club: {double_opt_in: true}}
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel]}
"""
COLOURS = ("red", "green", "blue")
LISTS = ("news", "offers", "club")
ACTIONS = (
    *(f"subscribe: {name}" for name in LISTS),
    *(f"unsubscribe: {name}" for name in (*LISTS, "all", "all")),
    "subscribe: {list: news, for: 30m}",
    *(f"appointment: {change}" for change in ("confirm", "cancel", "reschedule")),
    *(f'set: {{{field}: "{{{{ message.text }}}}"}}' for field in ("name", "town")),
    "language: en", "language: it", "hand_off: {reason: seen, pause: 10m}", "reply: {text: Fine., once_per: 1h}",
)  # fmt: skip
TEXTS = ("STOP", "START", "STOP news", "STOP", "START", "yes", "no", "1", "ciao", "CANCEL")
EVENTS = {"opt_in": "subscribed", "opt_in_asked": "pending", "opt_out": "unsubscribed"}
_numbers = itertools.count(1)


@st.composite
def rules(draw: Callable[..., Any]) -> str:
    """Rules that say several things about one list or appointment, by themselves or one after the other."""
    written = []
    for number in range(draw(st.integers(2, 5))):
        words, goes_on = draw(st.sets(st.sampled_from(COLOURS), min_size=1)), draw(st.booleans())
        actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=4))
        then = "".join(f"      - {action}\n" for action in actions)
        written.append(
            f"  - name: r{number}\n    when: {{contains: [{', '.join(sorted(words))}]}}\n    continue: {str(goes_on).lower()}\n    then:\n{then}"
        )
    return HEAD + "".join(written)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A text, how long ago it came in, and how far its SIM time is off."""

    text: str
    ago: timedelta
    sim: timedelta


@dataclass(frozen=True, kw_only=True)
class Done:
    """Something that is done by hand or by time."""

    what: str
    list: str
    status: SubscriptionStatus


texts = st.sampled_from(TEXTS) | st.lists(st.sampled_from(COLOURS), min_size=1, max_size=3).map(" ".join)
said = st.builds(
    Said,
    text=texts,
    ago=st.integers(0, 40).map(lambda number: timedelta(minutes=number)),
    sim=st.sampled_from([timedelta(), timedelta(), timedelta(minutes=-15), timedelta(hours=-1), timedelta(hours=1)]),
)
done = st.builds(
    Done,
    what=st.sampled_from(["import", "import", "remove", "book", "book", "delete", "end", "erase"]),
    list=st.sampled_from(LISTS),
    status=st.sampled_from(SubscriptionStatus),
)
stories = st.lists(st.lists(said, min_size=1, max_size=4) | done, min_size=1, max_size=6)


async def do(store: Store, done: Done, originator: str, clock: StandingClock) -> None:
    database, secret, now = store.database, store.secret, clock()
    match done.what:
        case "import":
            wanted = SubscriberChange(originator=originator, list=done.list, status=done.status)
            await put_subscribers(database, secret, [wanted], operator="mia", now=now)
        case "remove":
            await opt_out(database, secret, originator, reason="", operator="mia", now=now)
        case "book":
            starts_at = now + timedelta(hours=2 + now.minute % 3)
            await put_bookings(
                database, [Booking(id=f"{originator}-{done.list}", originator=originator, starts_at=starts_at)], now
            )
        case "delete":
            await delete_appointment(database, f"{originator}-{done.list}", now, by="api")
        case "erase":
            await erase(database, secret, originator, "mia", now)
        case _:
            await end_subscriptions(database, secret, now)


def told(known: Known, now: datetime) -> Known:
    """What must agree: everything but the revision, the texts sent, and when exactly a list's time was over."""
    on_lists = {name: one.at(now) for name, one in known.subscriptions.items()}
    on_lists = {
        name: replace(one, since=now, ends_at=None) if is_over(one, now) else one for name, one in on_lists.items()
    }
    return replace(
        known,
        revision=0,
        sent=(),
        subscriptions=on_lists,
        questions=tuple(sorted(known.questions, key=lambda question: question.key)),
    )


def is_over(subscription: Subscription, now: datetime) -> bool:
    return subscription.ends_at is not None and subscription.ends_at <= now


async def handle(store: Store, messages: Sequence[Said], originator: str, rules: Rules, clock: StandingClock) -> None:
    """Handle what was said in one batch, and hold what was planned against what there is."""
    arrived = sorted(messages, key=lambda message: -message.ago)
    for message in arrived:
        received = clock() - message.ago
        await store.inbox.add([inbound(message.text, originator, sent=received + message.sim, received=received)], {})
    claimed = [message for message, _ in await store.inbox.claim("w", clock(), 100) if message.originator == originator]
    before = (await read_known(store.database, store.secret, [originator], clock()))[originator]
    failures: dict[str, Exception] = {}
    planned = plan_all(before, claimed, rules, failures)
    committed = await Commits(store.database, store.secret).commit([planned], "w", clock())
    assert (failures, committed.handled) == ({}, len(messages))
    after = (await read_known(store.database, store.secret, [originator], clock()))[originator]
    assert told(after, clock()) == told(planned.after, clock())
    await check_ledger(store, before, after, clock())


async def check_ledger(store: Store, before: Known, after: Known, now: datetime) -> None:
    """The ledger's last word on each changed list is how it stands, unless its time is over."""
    theirs = select(consent_events).where(
        consent_events.c.originator == after.originator, consent_events.c.event.in_(EVENTS)
    )
    async with store.database.read() as connection:
        rows = (await connection.execute(theirs.order_by(consent_events.c.seq))).all()
    last = {row.list: EVENTS[row.event] for row in rows}
    changed = {name: one for name, one in after.subscriptions.items() if one != before.subscriptions.get(name)}
    standing = {name: str(one.status) for name, one in changed.items() if one.ends_at is None or one.ends_at > now}
    assert {name: last.get(name) for name in standing} == standing


async def check(store: Store, source: str, story: Sequence[Sequence[Said] | Done]) -> None:
    of_file = read_rules(source, "rules.yaml", {})
    originator = f"+39333{next(_numbers):07}"
    clock = StandingClock(NOON)
    for one in story:
        clock.advance(minutes=7, microseconds=1)
        if isinstance(one, Done):
            await do(store, one, originator, clock)
        else:
            await handle(store, one, originator, of_file, clock)


FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


BLUE = (
    HEAD
    + """
  - {name: join, when: {contains: [blue]}, then: [subscribe: club]}
"""
)


def texted(*texts: str) -> Sequence[Said]:
    """Texts of one batch, five minutes apart."""
    return [
        Said(text=text, ago=timedelta(minutes=5 * (len(texts) - place)), sim=timedelta())
        for place, text in enumerate(texts, start=1)
    ]


ASKED_TWICE = [texted("blue", "blue", "STOP")]
ASKED_AGAIN_AFTER_A_STOP = [texted("blue", "STOP", "START", "blue")]
ASKED_AGAIN_AFTER_A_STOP_OF_A_LATER_BATCH = [texted("blue"), texted("STOP", "START", "blue")]


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=FIXTURE, database=None)
@example(source=BLUE, story=ASKED_TWICE)
@example(source=BLUE, story=ASKED_AGAIN_AFTER_A_STOP)
@example(source=BLUE, story=ASKED_AGAIN_AFTER_A_STOP_OF_A_LATER_BATCH)
@given(source=rules(), story=stories)
async def test_what_sql_holds_after_the_commit_is_what_was_planned(
    store: Store, source: str, story: Sequence[Sequence[Said] | Done]
) -> None:
    await check(store, source, story)


@pytest.mark.faults
@settings(max_examples=300, deadline=None, suppress_health_check=FIXTURE)
@given(source=rules(), story=stories)
async def test_what_sql_holds_is_what_was_planned_in_many_more_stories(
    store: Store, source: str, story: Sequence[Sequence[Said] | Done]
) -> None:
    await check(store, source, story)

"""However the texts that wait are shared out among batches, the same follows from them."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Row

from responder.core.contact.effects import StepKind
from responder.rulefile import read_rules
from responder.store.base.history import read_history
from responder.wiring import Store
from tests.appointments.clinic import Clinic
from tests.builders import inbound
from tests.conftest import NOON, StandingClock

RULES = """
version: 1
languages: [en, it]
lists: {news: , club: {double_opt_in: true}, cups: {double_opt_in: true}}
appointments:
  window: 1h
  reminders: [{before: 1d, text: "See you at {{ appointment.starts_at | time }}. YES or NO?"}]
rules:
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: "See you."]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel, reply: "Cancelled."]}
  - {name: club, when: {text: blue}, then: [subscribe: club, reply: "Asked."]}
  - {name: cups, when: {text: red}, then: [subscribe: cups]}
  - {name: news, when: {text: green}, cooldown: 1h, then: [subscribe: news, reply: {text: "Welcome.", once_per: 1h}]}
  - {name: off, when: {text: grey}, then: [unsubscribe: news, reply: "Left."]}
  - {name: later, when: {text: later}, then: [reply: {text: "By and by.", delay: 10m}]}
fallback: {then: [reply: {text: "Sorry?", once_per: 1h}, hand_off: unrecognised]}
"""
OF_RULES = read_rules(RULES, "rules.yaml", {})
TEXTS = (
    "STOP", "STOP", "START", "START", "yes", "no", "1", "2", "blue", "red", "green", "grey", "later", "hello",
    "HELP", "stop news", "Liked “See you.”", "👍", "stop it maybe?", "ciao",
)  # fmt: skip
FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SECOND = timedelta(seconds=1)
texts = st.sampled_from(TEXTS)
_numbers = itertools.count(1)


async def story(store: Store, earlier: Sequence[str], batches: Sequence[Sequence[str]], booked: int) -> dict[str, Any]:
    """What has become of a phone that was reminded of its appointments and then texted, all before any text left."""
    clinic, originator = Clinic(store=store, clock=StandingClock(), rules=OF_RULES), f"+39333{next(_numbers):07}"
    for number in range(booked):
        await clinic.book(f"{originator}-{number}", NOON + timedelta(days=1, minutes=number), originator)
    for text in earlier:
        clinic.clock.advance(seconds=1)
        await clinic.work.handle(inbound(text, originator, received=clinic.clock()))
    await clinic.at(NOON + timedelta(minutes=1))
    arrivals = (clinic.clock() + number * SECOND for number in itertools.count(1))
    received = [[inbound(text, originator, received=next(arrivals)) for text in batch] for batch in batches]
    clinic.clock.advance(minutes=1)
    for batch in received:
        await clinic.work.handle(*batch)
    clinic.clock.advance(seconds=1)
    await store.steps.claim(StepKind.REPLY, "w", clinic.clock(), 100)
    for number in range(booked):
        numbers = [event.number for event in await read_history(store.database, f"{originator}-{number}")]
        assert numbers == list(range(1, len(numbers) + 1))
    return await told(clinic, originator)


async def told(clinic: Clinic, originator: str) -> dict[str, Any]:
    """All that matters of a phone, with the place of a message instead of its key."""

    async def rows(table: str, *order: str) -> list[Row[Any]]:
        return [row for row in await clinic.work.rows(table, *order) if row.originator == originator]

    messages = await rows("messages", "seq")
    places = {row.key: str(place) for place, row in enumerate(messages)} | {None: ""}
    return {
        "messages": [(row.text, row.rule, row.status, row.is_superseded) for row in messages],
        "texts": sorted(
            (places[row.message_key], row.content, row.status, str(row.last_error))
            for row in await rows("steps")
            if row.message_key in places
        ),
        "reminders": sorted(  # without the reason: a no and a STOP of one batch are both one
            (row.content, row.status) for row in await rows("steps") if row.message_key not in places
        ),
        "lists": [(row.list, row.status, row.taken_by_stop) for row in await rows("subscriptions", "list")],
        "appointments": [(row.status, row.asked_at, row.last_asked_at) for row in await rows("appointments", "id")],
        "contact": [(row.opted_out, row.language, row.confirmed_at, row.muted_until) for row in await rows("contacts")],
        "questions": sorted((places[row.key[:32]], row.kind, row.status) for row in await rows("questions")),
        "hand-offs": sorted(
            (places[row.message_key], row.reason, row.closed_at is None) for row in await rows("handoffs")
        ),
        "uses": [(row.of, row.used_at) for row in await rows("uses", "of")],
        "consent": [(places[row.message_key], row.list, row.event) for row in await rows("consent_events", "seq")],
    }


async def check(store: Store, earlier: Sequence[str], texts: Sequence[str], booked: int, split: int) -> None:
    at_once = await story(store, earlier, [texts], booked)
    assert await story(store, earlier, [[text] for text in texts], booked) == at_once
    assert await story(store, earlier, [texts[:split], texts[split:]], booked) == at_once


REMINDED: dict[str, Any] = {"earlier": [], "booked": 1, "split": 1}


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=FIXTURE, database=None)
@example(texts=["STOP", "START", "yes"], **REMINDED)
@example(texts=["STOP", "yes"], **REMINDED)
@example(texts=["no", "yes"], **REMINDED)
@example(texts=["yes", "STOP", "START", "no"], **REMINDED)
@example(texts=["no", "Liked “See you.”"], **REMINDED)
@example(texts=["STOP", "no", "no", "👍", "START", "yes"], earlier=[], booked=0, split=1)
@example(texts=["yes", "STOP"], earlier=["blue"], booked=0, split=1)
@example(texts=["stop news", "blue", "green", "STOP"], earlier=[], booked=0, split=1)
@given(
    earlier=st.lists(texts, max_size=2),
    texts=st.lists(texts, min_size=2, max_size=5),
    booked=st.integers(0, 2),
    split=st.integers(1, 4),
)
async def test_the_same_follows_from_one_batch_as_from_several(
    store: Store, earlier: Sequence[str], texts: Sequence[str], booked: int, split: int
) -> None:
    await check(store, earlier, texts, booked, split)


@pytest.mark.faults
@settings(max_examples=300, deadline=None, suppress_health_check=FIXTURE)
@given(
    earlier=st.lists(texts, max_size=3),
    texts=st.lists(texts, min_size=2, max_size=8),
    booked=st.integers(0, 2),
    split=st.integers(1, 7),
)
async def test_the_same_follows_in_many_more_stories(
    store: Store, earlier: Sequence[str], texts: Sequence[str], booked: int, split: int
) -> None:
    await check(store, earlier, texts, booked, split)

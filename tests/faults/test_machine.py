"""Anything in any order: each acknowledged message is handled once, and the contract decides the outcome.

The nightly mode (``pytest -m faults``) takes hundreds of long runs on both databases, the default one a few short ones.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from responder.core.appointments.booking import Booking
from responder.core.consent.standing import Outcome, SubscriberChange
from responder.core.contact.effects import StepStatus
from responder.core.contact.known import SubscriptionStatus
from responder.core.sms.message import Inbound
from responder.store.appointments.bookings import delete_appointment, put_bookings
from responder.store.base.database import Database
from responder.store.consent.erasure import erase, holding_numbers
from responder.store.consent.subscribers import put_subscribers
from tests.builders import ANNA, BRUNO, inbound
from tests.conftest import StandingClock, postgres_database, postgres_server, store_on
from tests.faults.model import WORDS, Booked, ByHand, Model, Said, Word
from tests.faults.service import PHONES, FaultyService

Opening = Callable[[], AbstractAsyncContextManager[str]]
"""Opens an empty database, and gives its address."""
TEXTS = ("Offers ON", "my name is Ada", "italiano", "english", "later", "HELP", "1", "2", "stop it maybe?", "hello")
phones = st.sampled_from(PHONES)
lateness = st.sampled_from([0, 0, 1, 15, 180])  # minutes that a text was on its way: the gateway sends again after 15
ids = st.sampled_from(["a1", "a2", "a3"])
soon = st.sampled_from([1, 3, 26, 50])  # hours before an appointment begins
OWNERS = {"a1": ANNA, "a2": ANNA, "a3": BRUNO}
ERASED = "the number was erased"


class Machine(RuleBasedStateMachine):
    """Two phones, workers, an operator, a gateway and a clock."""

    opening: Opening

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = StandingClock()
        self.model = Model()
        self.acknowledged: list[Inbound] = []
        self.deaths = 0
        self.places = itertools.count(1)
        self.gateway_off = timedelta()
        self.service: FaultyService = self.run(self._open())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    async def _open(self) -> FaultyService:
        url = await self.stack.enter_async_context(type(self).opening())
        database = Database(url)
        self.stack.push_async_callback(database.close)
        return FaultyService(store=await store_on(database), clock=self.clock)

    @initialize(hours=st.sampled_from([-1, 0, 0, 1]))
    def the_gateways_clock_is_off(self, hours: int) -> None:
        self.gateway_off = timedelta(hours=hours)

    # What phones do.

    @rule(originator=phones, text=st.sampled_from([*WORDS]), late=lateness, handled=st.booleans())
    def a_word(self, originator: str, text: str, late: int, handled: bool) -> None:
        self._text(originator, text, late)
        if handled:
            self.run(self.service.handle())

    @rule(originator=phones, text=st.sampled_from(TEXTS), late=lateness)
    def a_text(self, originator: str, text: str, late: int) -> None:
        self._text(originator, text, late)

    def _text(self, originator: str, text: str, late: int) -> None:
        self._tick()
        now = self.clock()
        message = inbound(text, originator, received=now, sent=now - timedelta(minutes=late) + self.gateway_off)
        self.run(self.service.receive(message))
        self.acknowledged.append(message)
        self._note(message)

    def _note(self, message: Inbound) -> None:
        phone = self.model.phones[message.originator]
        word = WORDS.get(message.text, Word.OTHER)
        said = Said(at=message.order_at, seq=next(self.places), key=message.key, word=word, arrived=message.received_at)
        phone.said.append(said)
        phone.is_gone = False

    @precondition(lambda self: self.acknowledged)
    @rule(number=st.integers(0, 1000))
    def a_text_comes_again(self, number: int) -> None:
        self._tick()
        again = self.acknowledged[number % len(self.acknowledged)]
        self.run(self.service.receive(replace(again, received_at=self.clock())))

    # What workers do.

    @rule()
    def a_worker_handles(self) -> None:
        self.run(self.service.handle())

    @rule()
    def two_workers_handle(self) -> None:
        self.run(self._together(self.service.handle(), self.service.handle()))

    async def _together(self, *work: Coroutine[Any, Any, None]) -> None:
        await asyncio.gather(*work)

    @rule(originator=phones, joins=st.booleans(), text=st.sampled_from([*WORDS]), late=lateness)
    def a_word_waits_while_the_list_is_changed_by_hand(
        self, originator: str, joins: bool, text: str, late: int
    ) -> None:
        self._text(originator, text, late)
        self._change_list(originator, joins)
        self.run(self.service.handle())

    @rule(id_=ids, hours=soon, text=st.sampled_from(["confermo", "no", "another day"]))
    def an_answer_waits_while_its_appointment_is_moved(self, id_: str, hours: int, text: str) -> None:
        self._text(OWNERS[id_], text, 0)
        self._book(id_, hours)
        self.run(self.service.handle())

    @rule()
    def a_worker_vanishes(self) -> None:
        self.deaths += 1
        self.run(self.service.vanish())

    @rule()
    def commits_fail(self) -> None:
        self.run(self.service.break_database(broken=True))
        self.run(self.service.handle())
        self.run(self.service.break_database(broken=False))

    @rule()
    def reminders_are_due(self) -> None:
        self.run(self.service.remind())

    @rule(
        fate=st.sampled_from(
            [StepStatus.SENT, StepStatus.SENT, StepStatus.UNCERTAIN, StepStatus.QUEUED, StepStatus.FAILED, None]
        )
    )
    def texts_are_sent(self, fate: StepStatus | None) -> None:
        self.run(self.service.send(fate))

    @rule()
    def the_sweep_comes(self) -> None:
        self._tick(minutes=2)
        self.run(self.service.sweep())

    @rule(minutes=st.sampled_from([0.2, 1, 10, 60, 60 * 20]))
    def time_passes(self, minutes: float) -> None:
        self._tick(minutes=minutes)

    # What operators do; some of it between a worker's plan and its commit.

    @rule(originator=phones, joins=st.booleans(), between=st.booleans(), years_ago=st.booleans())
    def a_list_is_changed_by_hand(self, originator: str, joins: bool, between: bool, years_ago: bool) -> None:
        self._change_list(originator, joins, between=between, years_ago=years_ago)

    def _change_list(self, originator: str, joins: bool, *, between: bool = False, years_ago: bool = False) -> None:
        status = SubscriptionStatus.SUBSCRIBED if joins else SubscriptionStatus.UNSUBSCRIBED
        since = self.clock() - timedelta(days=400) if years_ago else None
        wanted = SubscriberChange(originator=originator, list="news", status=status, since=since, evidence="a form")

        async def change() -> None:
            now = self.clock()
            store = self.service.store
            outcomes = await put_subscribers(store.database, store.secret, [wanted], operator="Ada", now=now)
            if not {Outcome.LEFT_OUT, Outcome.UNCHANGED} & outcomes.counts.keys():  # which are no words
                self.model.phones[originator].is_gone = False
                self.model.phones[originator].by_hand.append(ByHand(at=now, joins=joins, is_dated=years_ago))

        self._by_hand(change, between=between)

    @rule(id_=ids, hours=soon, between=st.booleans())
    def an_appointment_is_booked_or_moved(self, id_: str, hours: int, between: bool) -> None:
        self._book(id_, hours, between=between)

    def _book(self, id_: str, hours: int, *, between: bool = False) -> None:
        async def book() -> None:
            now = self.clock()
            starts_at = now + timedelta(hours=hours)
            await put_bookings(
                self.service.store.database,
                [Booking(id=id_, originator=OWNERS[id_], starts_at=starts_at)],
                now,
                times=self.service.times,
            )
            self._end_booking(id_)
            phone = self.model.phones[OWNERS[id_]]
            phone.bookings.append(Booked(id=id_, since=now, starts_at=starts_at))
            phone.is_gone = False

        self._by_hand(book, between=between)

    @rule(id_=ids, between=st.booleans())
    def an_appointment_is_deleted(self, id_: str, between: bool) -> None:
        async def forget() -> None:
            await delete_appointment(self.service.store.database, id_, self.clock(), by="Ada")
            self._end_booking(id_)

        self._by_hand(forget, between=between)

    def _end_booking(self, id_: str) -> None:
        phone, now = self.model.phones[OWNERS[id_]], self.clock()
        phone.bookings = [
            replace(one, until=now) if one.id == id_ and one.until is None else one for one in phone.bookings
        ]

    @rule(originator=phones, seldom=st.sampled_from([True, False, False]))
    def a_number_is_erased(self, originator: str, seldom: bool) -> None:
        self._tick()
        if not seldom:
            return
        self.run(erase(self.service.store.database, self.service.store.secret, originator, "Ada", self.clock()))
        self.model.erase(originator, self.clock())
        self._tick()

    def _by_hand(self, act: Callable[[], Coroutine[Any, Any, None]], *, between: bool) -> None:
        self._tick()
        if between:
            self.service.between = act
            self.run(self.service.handle())
        if not between or self.service.between:
            self.service.between = None
            self.run(act())
        self._tick()

    def _tick(self, *, minutes: float = 1 / 60) -> None:
        self.clock.now += timedelta(minutes=minutes)

    # What has to hold.

    @invariant()
    def sql_holds_what_the_plans_left(self) -> None:
        assert not self.service.disagreements

    def teardown(self) -> None:
        try:
            self.run(self._check_all())
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    async def _check_all(self) -> None:
        await self.service.settle()
        rows = {row.key: row for row in await self.service.rows("messages")}
        assert rows.keys() == {message.key for message in self.acknowledged}, "one row a key"
        for row in rows.values():
            is_erased = row.key in self.model.erased_keys
            assert row.status == "handled" or is_erased or (row.status == "failed" and self.deaths >= 8), (
                f"{row.status}: {row.error}"
            )
        await self.service.check_ledger()
        known = await self.service.known(PHONES)
        for originator, phone in self.model.phones.items():
            if phone.said or phone.erased_at:
                assert known[originator].opted_out is phone.opted_out, "the newest STOP or START counts"
            if (on_the_list := phone.on_the_list) is not None:
                found = known[originator].subscriptions.get("news")
                assert known[originator].subscribed("news") is on_the_list, (
                    f"not the newest word about the list counts: {found} {phone.said} {phone.by_hand}"
                )
            if phone.is_gone:
                await self._check_gone(originator)
        await self._check_answers(rows)

    async def _check_gone(self, originator: str) -> None:
        tables = [*holding_numbers(), *(table for table in ("messages", "steps", "consent_events"))]
        for table in tables:
            name = table if isinstance(table, str) else table.name
            found = [row for row in await self.service.rows(name) if row.originator == originator]
            assert not found, f"an erased number is in {name} again"

    async def _check_answers(self, rows: dict[str, Any]) -> None:
        """An answer to an open appointment changed it, asked which one, or went to a person."""
        went = {row.message_key for row in await self.service.rows("handoffs")}
        went |= {row.message_key for row in await self.service.rows("appointment_events") if row.message_key}
        questions = await self.service.rows("questions")
        went |= {row.closed_by for row in questions if row.closed_by} | {row.key[:32] for row in questions}
        for phone in self.model.phones.values():
            for said in phone.said:
                if (
                    said.word is not Word.ANSWER
                    or not list(phone.open_at(said.arrived))
                    or rows[said.key].status != "handled"
                ):
                    continue
                newer = [other for other in phone.said if other.word is Word.ANSWER and other > said]
                is_superseded = rows[said.key].is_superseded and newer
                assert said.key in went or is_superseded, "an answer is nowhere"


def check_machine(opening: Opening, *, runs: int, steps: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    machine = type("OpenedMachine", (Machine,), {"opening": staticmethod(opening)})
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
        print_blob=True,
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest) -> Opening:
    """Opens an empty database of each kind."""
    if request.param == "postgresql":
        server, template = postgres_server(), request.getfixturevalue("postgres_template")
        return lambda: postgres_database(server, template)
    template = request.getfixturevalue("sqlite_template")

    @asynccontextmanager
    async def copied() -> AsyncIterator[str]:
        folder = Path(tempfile.mkdtemp(prefix="machine-"))
        shutil.copy(template, folder / "responder.db")
        yield f"sqlite+aiosqlite:///{folder / 'responder.db'}"
        shutil.rmtree(folder)

    return copied


def test_a_few_short_histories_keep_every_promise(opening: Opening) -> None:
    check_machine(opening, runs=8, steps=20)


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_many_long_histories_keep_every_promise(opening: Opening) -> None:
    check_machine(opening, runs=int(os.environ.get("MACHINE_RUNS", "300")), steps=40)

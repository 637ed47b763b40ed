"""Handling: every message once in effect, the newest word wins, whatever workers do to each other."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from responder.core.contact.effects import StepKind
from responder.core.deciding.plan import make_plan
from responder.core.outbound.gateway import Job
from responder.store.base.sqlite.in_place import SMALL
from responder.store.base.tables import appointments, contacts
from responder.store.inbox.commit import Commits, Committed
from responder.store.inbox.contacts import read_known
from responder.store.inbox.inbox import AT_WORK, LEASE
from responder.store.inbox.planned import Planned
from responder.worker.handling import plan_all
from tests import planning
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work


async def appoint(work: Work, id_: str = "a1", originator: str = ANNA, **other: Any) -> None:
    row = {
        "id": id_,
        "originator": originator,
        "starts_at": NOON + timedelta(days=1),
        "status": "scheduled",
        "updated_at": NOON,
    }
    blank = {"name": "", "service": "", "location": "", "language": "", "asked_at": None}
    async with work.store.database.write() as connection:
        await connection.execute(insert(appointments).values(blank | row | other))


async def test_a_handled_message_has_its_effects_its_steps_and_its_explanation(work: Work) -> None:
    await work.handle(inbound("news on!"))
    [message] = await work.rows("messages")
    assert (message.status, message.rule, message.folded, message.rules_hash) == (
        "handled",
        "news-on",
        "news on",
        work.rules.hash,
    )
    assert await work.lists_of(ANNA) == {"news": "subscribed"}
    assert [(step.kind, step.status) for step in await work.rows("steps", "seq")] == [
        ("reply", "queued"),
        ("webhook", "queued"),
    ]
    told = json.loads(message.explanation)
    assert [step["action"] for step in told["steps"]] == ["subscribe", "reply", "webhook"]


async def test_a_message_that_nothing_matches_is_explained_too(work: Work) -> None:
    await work.handle(inbound("blah"))
    assert await work.decided() == [("blah", "handled", "fallback")]
    assert [row.reason for row in await work.rows("handoffs")] == ["unrecognised"]


async def test_handling_rings_for_what_must_go_out(work: Work) -> None:
    await work.handle(inbound())
    assert set(work.bell.rings) == {Job.REPLIES, Job.WEBHOOKS}


async def test_a_message_that_comes_while_another_is_handled_and_rings_for_nobody_is_handled_too(work: Work) -> None:
    class Meanwhile(Commits):
        async def commit(self, *arguments: Any) -> Committed:
            if len(await work.rows("messages")) < 3:
                await work.receive(inbound("news off", BRUNO))
            return await super().commit(*arguments)

    await work.receive(inbound())
    await work.handler(Meanwhile(work.store.database, work.store.secret)).handle()
    assert [status for _, status, _ in await work.decided()] == ["handled"] * 3


async def test_a_lone_message_is_claimed_once_where_nobody_else_can_write_meanwhile(work: Work) -> None:
    await work.receive(inbound())
    assert await work.handler().handle_batch() is not work.store.database.is_sqlite
    assert [status for _, status, _ in await work.decided()] == ["handled"]


async def test_a_message_is_handled_once_by_many_workers_at_once(work: Work) -> None:
    await work.receive(*(inbound(originator=f"+39330000{n:04}") for n in range(60)))
    await asyncio.gather(*(work.handler().handle() for _ in range(4)))
    assert {row.status for row in await work.rows("messages")} == {"handled"}
    assert len(await work.rows("steps")) == 120
    assert len(await work.rows("consent_events")) == 60


async def test_two_workers_that_planned_the_same_message_have_one_effect(work: Work) -> None:
    await work.receive(inbound())
    [(slow, _)] = await work.store.inbox.claim("slow", NOON, 10)
    known = (await read_known(work.store.database, work.store.secret, [ANNA], NOON))[ANNA]
    planned = plan_all(known, [slow], work.rules, {})
    work.clock.advance(seconds=LEASE.total_seconds() + 1)
    await work.handle()
    late = await Commits(work.store.database, work.store.secret).commit([planned], "slow", work.clock())
    assert (late.handled, late.must_replan) == (0, True)
    assert len(await work.rows("steps")) == 2


def test_messages_that_are_answered_and_change_nothing_leave_the_contact_as_it_was() -> None:
    about = planning.known()
    answering = planning.rules("fallback: {then: [{reply: What?}]}\n")
    planned = plan_all(about, [planning.message("?", seq=1), planning.message("??", seq=2)], answering, {})
    assert ([len(plan.steps) for plan in planned.plans], planned.after is about) == ([1, 1], True)


async def test_a_plan_that_rests_on_what_has_changed_is_made_anew(work: Work) -> None:
    await work.receive(inbound())
    [(message, _)] = await work.store.inbox.claim("w1", NOON, 10)
    known = (await read_known(work.store.database, work.store.secret, [ANNA], NOON))[ANNA]
    stale = Planned(before=known, after=known, plans=(make_plan(message, work.rules, known),))
    async with work.store.database.write() as connection:
        await connection.execute(insert(contacts).values(originator=ANNA, revision=1))
    committed = await Commits(work.store.database, work.store.secret).commit([stale], "w1", NOON)
    assert (committed.handled, committed.must_replan) == (0, True)


async def test_a_change_under_the_handlers_hands_is_planned_again_until_it_holds(work: Work) -> None:
    await work.handle(inbound("News ON"))
    async with work.store.database.write() as connection:
        await connection.execute(update(contacts).values(revision=contacts.c.revision + 5))
    await work.handle(inbound("News OFF", received=NOON + minutes(1)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}


async def test_a_message_whose_planning_raises_fails_and_the_others_go_through(work: Work) -> None:
    class Broken(dict[str, Any]):
        def __missing__(self, key: str) -> Any:
            raise RuntimeError("broken rules")

    object.__setattr__(work.rules, "reserved_texts", Broken())
    await work.handle(inbound("HELP", ANNA), inbound("News ON", BRUNO), inbound("News ON", ANNA))
    assert await work.decided() == [
        ("HELP", "failed", None),
        ("News ON", "handled", "news-on"),
        ("News ON", "handled", "news-on"),
    ]
    assert [row.error for row in await work.rows("messages", "seq")] == ["RuntimeError: broken rules", None, None]


async def test_messages_of_one_originator_are_planned_by_their_sim_time(work: Work) -> None:
    await work.handle(inbound("News OFF", sent=NOON - minutes(1)), inbound("News ON", sent=NOON - minutes(2)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert await work.replies() == ["Welcome to Weekly news.", "You left Weekly news."]


async def test_a_late_older_word_undoes_nothing_and_says_nothing(work: Work) -> None:
    await work.handle(inbound("News OFF", sent=NOON - minutes(1)))
    await work.handle(inbound("News ON", sent=NOON - minutes(16)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}
    assert await work.replies() == ["You left Weekly news."]


async def test_a_superseded_message_says_so_in_its_record_and_to_its_webhook(work: Work) -> None:
    await work.handle(inbound("News OFF", sent=NOON - minutes(1)))
    await work.handle(inbound("News ON", sent=NOON - minutes(16)))
    late = (await work.rows("messages", "seq"))[1]
    assert late.is_superseded
    payload = json.loads((await work.rows("steps", "seq"))[1].content)
    assert (payload["data"]["superseded"], payload["data"]["lists"]) == (True, {"news": "unsubscribed"})


async def test_a_sim_clock_ahead_of_ours_does_not_make_a_word_newer(work: Work) -> None:
    await work.handle(inbound("News ON", sent=NOON + timedelta(days=300)))
    await work.handle(inbound("News OFF", sent=NOON + minutes(1), received=NOON + minutes(1)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed"}


async def test_the_end_is_the_same_in_whatever_order_words_arrive(work: Work) -> None:
    words = [("News ON", 1), ("STOP", 2), ("Offers ON", 3), ("News OFF", 4), ("START", 5), ("News ON", 6), ("STOP", 7)]
    originators = [f"+3933000000{n:02}" for n in range(len(words))]
    for turn, originator in enumerate(originators):
        for text, at in words[turn:] + words[:turn]:
            await work.handle(inbound(text, originator, sent=NOON + minutes(at), received=NOON + minutes(60)))
    assert {row.originator: row.opted_out for row in await work.rows("contacts")} == dict.fromkeys(originators, True)
    assert {row.status for row in await work.rows("subscriptions")} == {"unsubscribed"}


async def test_stop_leaves_every_list_confirms_once_and_blocks_what_was_queued(work: Work) -> None:
    await work.handle(inbound("News ON"), inbound("Offers ON"), inbound("Stop!", received=NOON + minutes(1)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed", "offers": "unsubscribed"}
    claimed = await work.store.steps.claim(StepKind.REPLY, "w1", NOON + minutes(2), 10)
    assert [one.step.purpose for one in claimed] == ["confirmation"]
    assert [row.status for row in await work.rows("steps", "seq") if row.kind == "reply"] == ["suppressed", "sending"]


async def test_a_second_stop_is_not_confirmed_again(work: Work) -> None:
    await work.handle(inbound("STOP"), inbound("stop.", received=NOON + minutes(1)))
    assert len(await work.replies()) == 1


async def test_start_brings_back_only_what_stop_took(work: Work) -> None:
    await work.handle(inbound("News ON"), inbound("Offers ON"), inbound("News OFF", received=NOON + minutes(1)))
    await work.handle(inbound("STOP", received=NOON + minutes(2)), inbound("START", received=NOON + minutes(3)))
    assert await work.lists_of(ANNA) == {"news": "unsubscribed", "offers": "subscribed"}


async def test_every_change_of_consent_stands_in_the_ledger_as_one_chain(work: Work) -> None:
    await work.handle(inbound("News ON"), inbound("STOP", received=NOON + minutes(1)), inbound("News ON", BRUNO))
    events = await work.rows("consent_events", "seq")
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert sorted((event.event, event.list or "all") for event in events) == [
        ("opt_in", "news"),
        ("opt_in", "news"),
        ("opt_out", "all"),
        ("opt_out", "news"),
    ]
    assert [event.previous_hash for event in events[1:]] == [event.hash for event in events[:-1]]
    assert events[0].wording == "Welcome to Weekly news."


async def test_the_chain_stays_one_with_several_workers(work: Work) -> None:
    await work.receive(*(inbound(originator=f"+39330000{n:04}") for n in range(30)))
    await asyncio.gather(*(work.handler().handle() for _ in range(3)))
    events = await work.rows("consent_events", "seq")
    assert [event.seq for event in events] == list(range(1, 31))
    assert [event.previous_hash for event in events[1:]] == [event.hash for event in events[:-1]]


async def test_an_answer_confirms_the_open_appointment(work: Work) -> None:
    await appoint(work)
    await work.handle(inbound("Sì!"))
    assert [row.status for row in await work.rows("appointments")] == ["confirmed"]
    assert await work.replies() == ["See you at 13:00."]


async def test_without_an_open_appointment_a_yes_is_just_a_text(work: Work) -> None:
    await work.handle(inbound("yes"))
    assert await work.decided() == [("yes", "handled", "fallback")]


async def test_a_late_older_answer_does_not_undo_a_newer_one(work: Work) -> None:
    await appoint(work, asked_at=NOON - minutes(60))
    await work.handle(inbound("no", sent=NOON - minutes(1)))
    await work.handle(inbound("yes", sent=NOON - minutes(5)))
    assert [row.status for row in await work.rows("appointments")] == ["cancelled"]
    assert [row.is_superseded for row in await work.rows("messages", "seq")] == [False, True]
    assert await work.replies() == []


async def test_with_two_appointments_open_nothing_changes_and_the_phone_is_asked_which_one(work: Work) -> None:
    await appoint(work, "a1")
    await appoint(work, "a2")
    await work.handle(inbound("yes"))
    assert [row.status for row in await work.rows("appointments")] == ["scheduled", "scheduled"]
    assert [(row.kind, row.intention, row.status) for row in await work.rows("questions")] == [
        ("which", "confirm", "open")
    ]


async def test_what_an_originator_tells_is_remembered_within_a_batch_and_after(work: Work) -> None:
    await work.handle(inbound("My name is Anna Bianchi"))
    [contact] = await work.rows("contacts")
    assert json.loads(contact.fields) == {"name": "Anna Bianchi"}


async def test_originators_that_cannot_be_answered_get_no_reply(work: Work) -> None:
    await work.handle(inbound(originator="AcmeBank"), inbound(originator="48383"))
    assert await work.replies() == []
    assert await work.lists_of("AcmeBank") == {"news": "subscribed"}


@dataclass
class Callback:
    """A bell that does something."""

    act: Callable[[], None]

    def ring(self, _job: Job) -> None:
        self.act()


class AwayCommits(Commits):
    """Commits to a database that is away."""

    async def commit(self, *_: object) -> Committed:
        raise ConnectionError("the database is away")


async def test_a_batch_in_which_the_database_fails_is_given_back(work: Work) -> None:
    await work.receive(inbound())
    with pytest.raises(ConnectionError):
        await work.handler(AwayCommits(work.store.database, work.store.secret)).handle()
    await work.handle()
    assert await work.decided() == [("News ON", "handled", "news-on")]


async def test_the_number_of_queries_does_not_grow_with_the_batch(work: Work) -> None:
    from sqlalchemy import event

    async def queries(count: int) -> int:
        seen: list[str] = []
        await work.receive(*(inbound(originator=f"+3934{count:03}{n:05}") for n in range(count)))
        engines = {work.store.database._reader.sync_engine, work.store.database._writer.sync_engine}
        listeners = [(engine, lambda *a: seen.append(a[2])) for engine in engines]
        for engine, listener in listeners:
            event.listen(engine, "before_cursor_execute", listener)
        await work.handler().handle()
        for engine, listener in listeners:
            event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    assert await queries(10 * SMALL) == await queries(SMALL + 1)  # fewer are asked past SQLAlchemy on SQLite


async def test_a_text_is_handled_though_another_worker_stalled_with_one(work: Work) -> None:
    await work.receive(inbound("News ON", ANNA))
    await work.store.inbox.claim("stalled", NOON, 10)
    await work.receive(inbound("News ON", BRUNO))
    work.clock.now += AT_WORK
    await work.handler().handle()
    assert [row.originator for row in await work.rows("subscriptions")] == [BRUNO]


async def test_what_was_left_to_a_worker_that_was_killed_is_looked_for_again_without_a_ring(work: Work) -> None:
    if work.store.database.is_sqlite:
        pytest.skip("nothing is left to others where one writes at a time")
    await work.receive(inbound("News ON", ANNA))
    await work.store.inbox.claim("killed", NOON, 10)
    await work.receive(inbound("News ON", BRUNO))
    rung = asyncio.Event()
    handler = replace(work.handler(), bell=Callback(rung.set))
    await handler.handle()
    assert await work.rows("subscriptions") == []
    work.clock.now += AT_WORK
    async with asyncio.timeout(10):
        await rung.wait()
    await handler.handle()
    assert [row.originator for row in await work.rows("subscriptions")] == [BRUNO]

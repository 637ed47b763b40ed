"""The ledger's chain: whatever is done to it by hand is found, and its place is told."""

import json
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from responder.core.consent.ledger import Fault, Head
from responder.store.base.tables import consent_events, installation
from responder.store.consent.ledger import CHAINED, HEAD, append, written_head
from responder.store.consent.reading import verify
from responder.wiring import Store
from tests.builders import ANNA, BRUNO, inbound, minutes
from tests.conftest import NOON
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture


async def five_events(work: Work) -> None:
    texts = ["News ON", "STOP", "START", "News OFF"]
    await work.handle(
        *(inbound(text, received=NOON + minutes(n)) for n, text in enumerate(texts)), inbound("News ON", BRUNO)
    )


async def faults_of(store: Store) -> tuple[Fault, ...]:
    return (await verify(store.database, store.secret)).faults


async def change(store: Store, seq: int, **values: Any) -> None:
    async with store.database.write() as connection:
        await connection.execute(update(consent_events).where(consent_events.c.seq == seq).values(**values))


async def test_a_ledger_that_nobody_touched_is_whole(work: Work) -> None:
    await five_events(work)
    verdict = await verify(work.store.database, work.store.secret)
    assert (verdict.events > 5, verdict.faults) == (True, ())


async def test_an_empty_ledger_is_whole(store: Store) -> None:
    assert (await verify(store.database, store.secret)).faults == ()


FIELDS = [column.name for column in consent_events.c if column.name not in ("seq", "erases")]


@pytest.mark.parametrize("field", FIELDS)
async def test_a_change_in_any_field_is_found(work: Work, field: str) -> None:
    await five_events(work)
    changed = NOON + minutes(99) if field in ("at", "recorded_at") else "x"
    await change(work.store, 3, **{field: changed})
    assert 3 in {fault.seq for fault in await faults_of(work.store)}


async def head_behind(work: Work, seq: int) -> Head:
    """Where the ledger ended once."""
    return Head(count=seq, hash=(await work.rows("consent_events", "seq"))[seq - 1].hash)


async def test_from_a_head_on_only_what_came_since_is_read(work: Work) -> None:
    await five_events(work)
    head = await head_behind(work, 3)
    all_of_it = await verify(work.store.database, work.store.secret)
    verdict = await verify(work.store.database, work.store.secret, head)
    assert (verdict.events, verdict.faults, verdict.head) == (all_of_it.events - 2, (), all_of_it.head)


@pytest.mark.parametrize(("seq", "is_found"), [(2, False), (3, True), (4, True)])
async def test_from_a_head_on_a_change_of_it_or_behind_it_is_found(work: Work, seq: int, *, is_found: bool) -> None:
    await five_events(work)
    head = await head_behind(work, 3)
    await change(work.store, seq, text="x")
    found = (await verify(work.store.database, work.store.secret, head)).faults
    assert [fault.seq for fault in found] == [seq] * is_found
    assert [fault.seq for fault in await faults_of(work.store)] == [seq]


async def test_a_ledger_that_was_written_anew_has_not_the_head_that_somebody_noted(work: Work) -> None:
    await five_events(work)
    head = await head_behind(work, 3)
    events = [dict(row._mapping) for row in await work.rows("consent_events", "seq")]
    async with work.store.database.write() as connection:
        await connection.execute(delete(consent_events))
        await connection.execute(
            update(installation)
            .where(installation.c.name == HEAD)
            .values(value=written_head(Head(), work.store.secret))
        )
        await append(
            connection,
            [{name: value for name, value in row.items() if name not in CHAINED} for row in events if row["seq"] != 2],
            work.store.secret,
        )
    assert await faults_of(work.store) == ()
    assert [fault.seq for fault in (await verify(work.store.database, work.store.secret, head)).faults] == [3]


async def test_an_event_in_front_of_the_first_is_found(work: Work) -> None:
    await five_events(work)
    async with work.store.database.write() as connection:
        await connection.execute(update(consent_events).where(consent_events.c.seq == 1).values(seq=-1))
    assert (await faults_of(work.store))[0].seq == 1


async def test_an_event_that_was_taken_out_is_missed(work: Work) -> None:
    await five_events(work)
    async with work.store.database.write() as connection:
        await connection.execute(delete(consent_events).where(consent_events.c.seq == 3))
    assert (await faults_of(work.store))[0] == Fault(seq=3, what="event 3 is missing, the next there is 4")


async def test_a_tail_that_was_cut_off_is_missed(work: Work) -> None:
    await five_events(work)
    events = (await verify(work.store.database, work.store.secret)).events
    async with work.store.database.write() as connection:
        await connection.execute(delete(consent_events).where(consent_events.c.seq > events - 2))
    told = f"events {events - 1} to {events} are missing: the end was cut off"
    assert await faults_of(work.store) == (Fault(seq=events - 1, what=told),)


async def test_a_tail_cut_off_together_with_the_head_is_found_by_the_seal(work: Work) -> None:
    await five_events(work)
    async with work.store.database.write() as connection:
        await connection.execute(delete(consent_events).where(consent_events.c.seq > 2))
        last = (await connection.execute(select(consent_events.c.hash).where(consent_events.c.seq == 2))).scalar_one()
        stored = json.loads(
            (await connection.execute(select(installation.c.value).where(installation.c.name == HEAD))).scalar_one()
        )
        forged = json.dumps({**stored, "count": 2, "hash": last})
        await connection.execute(update(installation).where(installation.c.name == HEAD).values(value=forged))
    assert "does not fit its seal" in (await faults_of(work.store))[0].what


async def test_an_event_put_at_the_end_is_found(work: Work) -> None:
    await five_events(work)
    async with work.store.database.write() as connection:
        row = (
            (await connection.execute(select(consent_events).order_by(consent_events.c.seq.desc()).limit(1)))
            .mappings()
            .one()
        )
        await connection.execute(
            insert(consent_events), [dict(row) | {"seq": row["seq"] + 1, "previous_hash": row["hash"]}]
        )
    assert await faults_of(work.store)


async def test_two_events_that_changed_places_are_found(work: Work) -> None:
    await five_events(work)
    async with work.store.database.write() as connection:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            await connection.execute(update(consent_events).where(consent_events.c.seq == old).values(seq=new))
    assert {fault.seq for fault in await faults_of(work.store)} >= {2, 3}


async def test_a_number_taken_out_without_an_erasure_is_found(work: Work) -> None:
    await five_events(work)
    await change(work.store, 1, originator=None, salt=None, text=None)
    assert await faults_of(work.store) == (Fault(seq=1, what="its number and text are gone, and no erasure names it"),)


async def test_the_wording_that_was_shown_is_part_of_the_proof(work: Work) -> None:
    await work.handle(inbound("News ON"))
    (event,) = await work.rows("consent_events")
    assert (event.originator, event.wording, event.rules_hash) == (ANNA, "Welcome to Weekly news.", work.rules.hash)

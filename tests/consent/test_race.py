"""STOP against a reply that is being sent at the same moment: no send is claimed after the opt-out's commit."""

import asyncio

import pytest

from responder.core.contact.effects import StepKind
from responder.store.base.database import Database
from tests.builders import inbound, minutes
from tests.conftest import NOON, StandingClock, store_on
from tests.worker.conftest import Work, work

__all__ = ["work"]  # the fixture

SQLITE = [
    "CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, originator TEXT, what TEXT)",
    """CREATE TRIGGER stopped AFTER UPDATE OF opted_out ON contacts WHEN NEW.opted_out
       BEGIN INSERT INTO audit (originator, what) VALUES (NEW.originator, 'stopped'); END""",
    """CREATE TRIGGER stopped_anew AFTER INSERT ON contacts WHEN NEW.opted_out
       BEGIN INSERT INTO audit (originator, what) VALUES (NEW.originator, 'stopped'); END""",
    """CREATE TRIGGER claimed AFTER UPDATE OF status ON steps WHEN NEW.status = 'sending' AND NEW.purpose = 'answer'
       BEGIN INSERT INTO audit (originator, what) VALUES (NEW.originator, 'claimed'); END""",
]
POSTGRESQL = [
    "CREATE TABLE audit (seq BIGSERIAL PRIMARY KEY, originator TEXT, what TEXT)",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO audit (originator, what) VALUES (NEW.originator, TG_ARGV[0]); RETURN NEW; END $$""",
    """CREATE TRIGGER stopped AFTER INSERT OR UPDATE OF opted_out ON contacts
       FOR EACH ROW WHEN (NEW.opted_out) EXECUTE FUNCTION note('stopped')""",
    """CREATE TRIGGER claimed AFTER UPDATE OF status ON steps
       FOR EACH ROW WHEN (NEW.status = 'sending' AND NEW.purpose = 'answer') EXECUTE FUNCTION note('claimed')""",
]
"""Each round leaves its two happenings in the order in which their transactions had the contact to themselves."""
PEOPLE = 20  # in a round


async def audited(database: Database) -> None:
    async with database.write() as connection:
        for statement in SQLITE if database.is_sqlite else POSTGRESQL:
            await connection.exec_driver_sql(statement)


async def one_round(first: Work, second: Work, number: int) -> None:
    """Replies wait for some people; one worker takes their STOPs while another claims the replies."""
    people = [f"+3933{number:05}{n:03}" for n in range(PEOPLE)]
    now = NOON + minutes(number)
    await first.handle(*(inbound("my name is A", originator, received=now) for originator in people))
    await first.receive(*(inbound("STOP", originator, received=now + minutes(0.5)) for originator in people))
    first.clock.now = second.clock.now = now + minutes(0.6)

    async def claim() -> None:
        for _ in range(PEOPLE):
            await second.store.steps.claim(StepKind.REPLY, "w2", second.clock.now, 1)

    racing = [first.handler().handle(), claim()]
    await asyncio.gather(*(racing if number % 2 else reversed(racing)))  # small work does not let go of the loop
    await second.store.steps.claim(StepKind.REPLY, "w2", second.clock.now, 2 * PEOPLE)


async def check_rounds(work: Work, url: str, rounds: int) -> None:
    await audited(work.store.database)
    database = Database(url)
    other = Work(store=await store_on(database), clock=StandingClock(), rules=work.rules)
    for number in range(rounds):
        await one_round(work, other, number)
    async with database.read() as connection:
        stopped_first = """
            SELECT count(*) FROM audit AS stop JOIN audit AS claim ON claim.originator = stop.originator
            WHERE stop.what = 'stopped' AND claim.what = 'claimed' AND stop.seq < claim.seq"""
        counts = "SELECT what, count(DISTINCT originator) FROM audit GROUP BY what"
        told = dict(map(tuple, (await connection.exec_driver_sql(counts)).all()))
        violations = (await connection.exec_driver_sql(stopped_first)).scalar_one()
    await database.close()
    assert (told["stopped"], violations) == (rounds * PEOPLE, 0)
    assert told.get("claimed", 0) > 0, "the two never met: nothing was claimed before a STOP"


async def test_no_send_is_claimed_after_a_stop(work: Work, migrated_url: str) -> None:
    await check_rounds(work, migrated_url, 3)


@pytest.mark.faults
async def test_no_send_is_claimed_after_ten_thousand_stops(work: Work, migrated_url: str) -> None:
    await check_rounds(work, migrated_url, 500)

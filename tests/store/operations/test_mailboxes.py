"""What the intakes from mailboxes say of themselves."""

from dataclasses import replace

from responder.core.operations.troubles import MailboxState
from responder.store.operations.sources import forget_mailbox, live_mailboxes, report_mailbox
from responder.wiring import Store
from tests.builders import mailbox_report
from tests.conftest import NOON, StandingClock

REPORT = mailbox_report(last_mail_at=NOON, lag_s=0.25, taken=7, malformed=1)


async def test_the_last_report_counts(store: Store, clock: StandingClock) -> None:
    refused = replace(REPORT, state=MailboxState.REFUSED, reason="why", lag_s=None, last_mail_at=None)
    await report_mailbox(store.database, refused, clock.now)
    assert await live_mailboxes(store.database, clock.now) == [refused]
    await report_mailbox(store.database, REPORT, clock.advance(seconds=3))
    assert await live_mailboxes(store.database, clock.now) == [REPORT]


async def test_an_intake_that_has_not_been_seen_lately_is_not_told_of(store: Store, clock: StandingClock) -> None:
    await report_mailbox(store.database, REPORT, clock.now)
    assert await live_mailboxes(store.database, clock.advance(seconds=30)) == []


async def test_an_intake_that_has_ended_is_forgotten(store: Store, clock: StandingClock) -> None:
    await report_mailbox(store.database, REPORT, clock.now)
    await report_mailbox(store.database, replace(REPORT, name="m2"), clock.now)
    await forget_mailbox(store.database, "m1")
    assert [report.name for report in await live_mailboxes(store.database, clock.now)] == ["m2"]

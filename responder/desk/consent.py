"""What a number agreed to and when, with the proof, and its erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from responder.core.appointments.reminders import ReminderPlan
from responder.core.consent.standing import standing_after
from responder.core.operations.filters import EVERY_EVENT, ConsentFilter
from responder.core.operations.records import ConsentRecord
from responder.core.outbound.gateway import Job
from responder.core.rules.webhooks import Event
from responder.desk.desk import Desk, Invalid, Records, check_note, refusals
from responder.store.appointments.planning import plan_again_for
from responder.store.consent import correcting, erasure, reading


def list_consent(desk: Desk, only: ConsentFilter = EVERY_EVENT) -> Records[ConsentRecord]:
    """The events of the consent ledger, in their order."""
    return Records(desk=desk, listing=reading.list_consent(only))


async def show_consent(
    desk: Desk, originator: str, *, as_of: datetime | None = None
) -> tuple[Sequence[ConsentRecord], Sequence[dict[str, Any]]]:
    """A number's consent events, and how it stands by them, as they were recorded until a moment."""
    events = [event async for event in list_consent(desk, ConsentFilter(originator=originator, as_of=as_of)).every()]
    return events, standing_after(event.as_json() for event in events)


def list_opt_outs_by_phrase(desk: Desk) -> Records[ConsentRecord]:
    """The opt-outs that somebody made in a sentence, with their texts: a person may see that one was misread."""
    return list_consent(desk, ConsentFilter(by_phrase=True))


async def correct_opt_out(desk: Desk, originator: str, *, reason: str, operator: str) -> Sequence[str]:
    """Take back an opt-out that a phrase, a doubt, an import or a person of ours made, and give the lists it is on.

    Raises Invalid without a reason, and Refused where only the number itself may do so.
    """
    if not reason.strip():
        raise Invalid("reason: nothing stands here, say why the opt-out was none")
    check_note(reason, "reason")
    rules = await desk.rules()
    tell = await desk.hearers(Event.CONSENT_CHANGED)
    times = ReminderPlan(policy=rules.appointments, zone=rules.zone)
    with refusals():
        lists = await correcting.correct(
            desk.database, desk.secret, originator, reason=reason, operator=operator, now=desk.clock(), tell=tell
        )
    await plan_again_for(desk.database, originator, times, desk.clock())
    desk.ring(Job.WEBHOOKS)
    return lists


async def verify_ledger(desk: Desk) -> reading.Verdict:
    """Whether the ledger is as it was written."""
    return await reading.verify(desk.database, desk.secret)


async def erase_number(desk: Desk, originator: str, *, operator: str) -> int:
    """Erase a number for good, and tell how many rows held it."""
    return await erasure.erase(desk.database, desk.secret, originator, operator, desk.clock())

"""All that is known of one number, on one line of time, its handle in addresses, and a text to it by hand."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from responder.core.consent.standing import ContactRecord
from responder.core.contact.effects import StepKind
from responder.core.contact.question import Question, QuestionStatus, state
from responder.core.contact.reasons import because
from responder.core.operations.front_desk import HandOffRecord
from responder.core.operations.pages import (
    AppointmentFilter,
    ConsentFilter,
    DeliveryFilter,
    MessageFilter,
    Page,
    opened,
    sealed,
)
from responder.core.operations.records import (
    AppointmentEvent,
    AppointmentRecord,
    ConsentRecord,
    DeliveryRecord,
    MessageRecord,
    SubscriberRecord,
)
from responder.core.outbound.gateway import Job
from responder.core.sms.address import is_dialable
from responder.core.sms.text import clean
from responder.core.sms.times import iso
from responder.desk.appointments import appointment_history, list_appointments
from responder.desk.consent import list_consent
from responder.desk.deliveries import list_deliveries
from responder.desk.desk import LARGEST_PAGE, Desk, Invalid, Missing, Records, Refused, refusals
from responder.desk.handoffs import MAX_SEGMENTS, check_length, list_handoffs
from responder.desk.messages import list_messages
from responder.store.consent.stopping import was_erased
from responder.store.handoffs.closing import Answer, write_to
from responder.store.inbox.questions import read_questions
from responder.store.reading.records import PERSON

PERSON_PURPOSE = "person"  # what handles are sealed for


class EntryKind(StrEnum):
    """What stands at a moment of somebody's line of time."""

    MESSAGE = "message"
    REPLY = "reply"
    CONSENT = "consent"
    APPOINTMENT = "appointment"
    HANDED_OFF = "hand-off opened"
    DONE = "hand-off done"


ORDER = {kind: place for place, kind in enumerate(EntryKind)}  # of what happens at one moment
AT_ONE_MOMENT = 100  # at most so many of a kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A moment of somebody's line of time; ``subject`` is the id of an appointment, or the key of the record."""

    at: datetime
    kind: EntryKind
    subject: str
    record: MessageRecord | DeliveryRecord | ConsentRecord | AppointmentEvent | HandOffRecord

    def as_json(self) -> dict[str, Any]:
        """Its fields, with those of its record."""
        return {"at": iso(self.at), "kind": str(self.kind), "subject": self.subject, "record": self.record.as_json()}


def handle_of(desk: Desk, originator: str) -> str:
    """The handle of a number: letters that say nothing without the installation's secret."""
    return sealed(desk.secret, PERSON_PURPOSE, originator)


def number_of(desk: Desk, handle: str) -> str:
    """The number that a handle stands for, whether or not anything is known of it. Raises Missing."""
    number = opened(desk.secret, PERSON_PURPOSE, handle)
    if number is None:
        raise Missing(because("no_such_handle"))
    return number


def everything_about(desk: Desk, originator: str) -> Mapping[str, Records[Any]]:
    """What is known of a number beside its consent events, by kind."""
    return {kind: Records(desk=desk, listing=listing(originator)) for kind, listing in PERSON.items()}


async def read_timeline(desk: Desk, originator: str, *, limit: int = 100, after: str | None = None) -> Page[Entry]:
    """Somebody's line of time, the newest first: texts both ways, consent, appointments and hand-offs."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise Invalid(f"limit: expected a number from 1 to {LARGEST_PAGE}")
    before = _read_moment(after)
    entries = [entry async for entry in _entries(desk, originator, before, limit + AT_ONE_MOMENT)]
    entries.sort(key=lambda entry: (entry.at, ORDER[entry.kind]), reverse=True)
    end = limit
    while 0 < end < len(entries) and entries[end].at == entries[end - 1].at:
        end += 1  # a page ends between two moments, never within one
    shown = tuple(entries[:end])
    return Page(items=shown, next=shown[-1].at.isoformat() if len(entries) > end else None)


def _read_moment(after: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(after) if after else None
    except ValueError:
        moment = None
    if after and (moment is None or moment.tzinfo is None):
        raise Invalid("after: expected 'next' of the page before")
    return moment


async def _entries(desk: Desk, originator: str, before: datetime | None, most: int) -> AsyncIterator[Entry]:
    """The newest of each kind that stand before a moment, so many of those that may be many."""
    page = min(most, LARGEST_PAGE)
    texts = await list_messages(desk, MessageFilter(originator=originator, before=before)).page(
        limit=page, newest_first=True
    )
    for text in texts.items:
        yield Entry(at=text.received_at, kind=EntryKind.MESSAGE, subject=text.key, record=text)
    replies = DeliveryFilter(originator=originator, kind=StepKind.REPLY, before=before)
    for reply in (await list_deliveries(desk, replies).page(limit=page, newest_first=True)).items:
        if reply.created_at:
            yield Entry(at=reply.created_at, kind=EntryKind.REPLY, subject=reply.key, record=reply)
    consent = ConsentFilter(originator=originator, before=before)
    for event in (await list_consent(desk, consent).page(limit=page, newest_first=True)).items:
        yield Entry(
            at=event.event["recorded_at"], kind=EntryKind.CONSENT, subject=str(event.event["seq"]), record=event
        )
    async for entry in _by_persons(desk, originator):
        if before is None or entry.at < before:
            yield entry


async def _by_persons(desk: Desk, originator: str) -> AsyncIterator[Entry]:
    """What became of appointments and hand-offs, which are few."""
    async for one in list_appointments(desk, AppointmentFilter(originator=originator)).every():
        for event in await appointment_history(desk, one.appointment.id):
            yield Entry(at=event.at, kind=EntryKind.APPOINTMENT, subject=one.appointment.id, record=event)
    async for handoff in list_handoffs(desk, every=True, originator=originator).every():
        yield Entry(at=handoff.opened_at, kind=EntryKind.HANDED_OFF, subject=handoff.key, record=handoff)
        if handoff.done_at:
            yield Entry(at=handoff.done_at, kind=EntryKind.DONE, subject=handoff.key, record=handoff)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a number stands with us now."""

    contact: ContactRecord | None
    lists: Sequence[SubscriberRecord]
    appointments: Sequence[AppointmentRecord]
    open_handoffs: Sequence[HandOffRecord]
    questions: Sequence[Question]
    has_texted: bool
    was_erased: bool

    @property
    def opted_out_since(self) -> datetime | None:
        """Since when the number wants no texts; None if it may be texted."""
        return self.contact.opted_out_since if self.contact else None

    @property
    def paused_until(self) -> datetime | None:
        """Until when rules leave the conversation to a person."""
        return max((one.pauses_until for one in self.open_handoffs if one.pauses_until), default=None)


async def read_standing(desk: Desk, originator: str) -> Standing:
    about = everything_about(desk, originator)
    contacts = [one async for one in about["contact"].every()]
    newest = await about["messages"].page(limit=1, newest_first=True)
    return Standing(
        contact=contacts[0] if contacts else None,
        lists=[one async for one in about["lists"].every()],
        appointments=[one async for one in about["appointments"].every()],
        open_handoffs=[one async for one in list_handoffs(desk, originator=originator).every()],
        questions=(await open_questions(desk, [originator])).get(originator, ()),
        has_texted=bool(newest.items),
        was_erased=await was_erased(desk.database, desk.secret, originator),
    )


async def open_questions(desk: Desk, originators: Collection[str]) -> Mapping[str, Sequence[Question]]:
    """The questions of ours that each number may still answer, oldest first."""
    now = desk.clock()
    async with desk.database.read() as connection:
        asked = await read_questions(connection, originators, now)
    return {
        number: found for number, theirs in asked.items() if (found := [one for one in theirs if is_open(one, now)])
    }


def is_open(question: Question, now: datetime) -> bool:
    return state(question, now) is QuestionStatus.OPEN


async def write_to_person(desk: Desk, originator: str, text: str, *, operator: str) -> tuple[str, bool]:
    """Write to a number; gives the key of the text, and whether it is new. Raises Refused and Invalid."""
    written = clean(text).strip()
    check_length(written, MAX_SEGMENTS)
    if not is_dialable(originator) or originator in (await desk.rules()).own_numbers:
        raise Refused(because("no_number_for_texts"))
    answer = Answer(operator=operator, text=written)
    with refusals():
        key, is_new = await write_to(desk.database, desk.secret, originator, answer, desk.clock())
    desk.ring(Job.REPLIES)
    return key, is_new

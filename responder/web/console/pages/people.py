"""Person: all that was said and done, how the number stands, a reply; and to be printed, what the number agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from responder.core.appointments.booking import day_bounds
from responder.core.contact.reasons import because, reason_of
from responder.core.sms.address import is_dialable
from responder.desk.consent import list_consent, show_consent, verify_ledger
from responder.desk.desk import LONGEST_NOTE, DeskError, Invalid
from responder.desk.handoffs import MAX_SEGMENTS
from responder.desk.messages import silences
from responder.desk.people import EntryKind, Standing, number_of, read_standing, read_timeline, write_to_person
from responder.web.console.frame.visits import Visit, acts, pages

SHOWN = 100  # entries
VERDICTS = {0: True, 1: False}  # by the code of the command; any other says that nobody could tell
FEW = 1000  # events that take no longer than a page
GOOD_FOR_S = 60.0  # the whole ledger is read for it
VERIFIED_WITHIN_S = 0.2


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(visit: Visit, status: int = 200, *, text: str = "", wrong: str = "") -> Response:
    handle = visit.request.path_params["handle"]
    number = number_of(visit.desk, handle)
    standing = await read_standing(visit.desk, number)
    page = await read_timeline(visit.desk, number, limit=SHOWN, after=visit.request.query_params.get("after"))
    texts = [entry.subject for entry in page.items if entry.kind is EntryKind.MESSAGE]
    return await visit.page(
        "person.html",
        status,
        number=number,
        handle_here=handle,
        standing=standing,
        entries=page.items[::-1],
        earlier=page.next,
        silences=await silences(visit.desk, texts),
        taken=next((one for one in standing.open_handoffs if not one.is_free_for(visit.operator)), None),
        why_not=_why_no_reply(visit, number, standing),
        text_typed=text,
        wrong=wrong,
        most=MAX_SEGMENTS,
        longest=LONGEST_NOTE,
    )


def _why_no_reply(visit: Visit, number: str, standing: Standing) -> str | None:
    """Why nobody can write to a number; None if somebody can."""
    if standing.was_erased:
        return visit.say("This number was erased, and is not texted any more.")
    if standing.opted_out_since:
        return visit.say("This number said STOP, so no text may go there before it says START.")
    if not is_dialable(number):
        return visit.say("This is no number that can be answered by text.")
    if not standing.has_texted:
        return visit.say("This number has never texted us, so there is no number of ours to write from.")
    return None


async def reply(visit: Visit) -> Response:
    typed = (await visit.form()).get("text", "")
    number = number_of(visit.desk, visit.request.path_params["handle"])
    try:
        _, is_new = await write_to_person(visit.desk, number, typed, operator=visit.operator)
    except DeskError as error:
        return await _page(visit, 422, text=typed, wrong=reason_of(error))
    said = "It leaves within seconds." if is_new else "The same text was queued a moment ago: nothing more is sent."
    return visit.go(f"/people/{visit.request.path_params['handle']}#newest", visit.say(said))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the ledger is as it was written, None if nobody can tell yet or at all, and what there is to say."""

    is_whole: bool | None
    lines: tuple[str, ...] = ()
    is_verifying: bool = False


async def show_proof(visit: Visit) -> Response:
    """The page of proof; ``as_of`` in the address is the last day that counts."""
    handle = visit.request.path_params["handle"]
    number = number_of(visit.desk, handle)
    typed = visit.request.query_params.get("as_of", "")
    events, standing = await show_consent(visit.desk, number, as_of=_end_of(typed, visit) if typed else None)
    return await visit.page(
        "proof.html",
        number=number,
        handle_here=handle,
        as_of=typed,
        events=[event.event for event in events],
        standing=[one | {"since": datetime.fromisoformat(one["since"])} for one in standing],
        verdict=await _verified(visit),
    )


async def _verified(visit: Visit) -> Verdict:
    """Whether the ledger is as it was written; a long one is read by a command, beside."""
    if await list_consent(visit.desk).count() <= FEW:
        verdict = await verify_ledger(visit.desk)
        lines = tuple(f"event {fault.seq}: {fault.what}" for fault in verdict.faults)
        return Verdict(is_whole=not verdict.faults, lines=lines)
    kept = await visit.console.commands.kept("consent", "verify", good_for_s=GOOD_FOR_S, patience_s=VERIFIED_WITHIN_S)
    if kept.answer is None:
        return Verdict(is_whole=None, is_verifying=True)
    lines = (*kept.answer.lines, *kept.answer.errors)
    return Verdict(is_whole=VERDICTS.get(kept.answer.code), lines=lines)


def _end_of(typed: str, visit: Visit) -> datetime:
    try:
        return day_bounds(typed, visit.zone)[1] - timedelta.resolution
    except ValueError as error:
        raise Invalid(because("as_of_unreadable", said=str(error))) from None


routes: Sequence[Route] = (
    *pages("/people/{handle}", show),
    *acts("/people/{handle}/reply", reply),
    *pages("/people/{handle}/proof", show_proof),
)

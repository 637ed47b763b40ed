"""Person: one line of time of all that was said and done, how the number stands, and a reply."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.reasons import reason_of
from responder.core.sms.address import is_dialable
from responder.desk.desk import LONGEST_NOTE, DeskError
from responder.desk.handoffs import MAX_SEGMENTS
from responder.desk.messages import silences
from responder.desk.people import EntryKind, Standing, number_of, read_standing, read_timeline, write_to_person
from responder.web.console.frame.visits import Visit, acts, pages

SHOWN = 100  # entries


async def show(visit: Visit) -> Response:
    """The page of one person."""
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
    """Write to the person."""
    typed = (await visit.form()).get("text", "")
    number = number_of(visit.desk, visit.request.path_params["handle"])
    try:
        _, is_new = await write_to_person(visit.desk, number, typed, operator=visit.operator)
    except DeskError as error:
        return await _page(visit, 422, text=typed, wrong=reason_of(error))
    said = "It leaves within seconds." if is_new else "The same text was queued a moment ago: nothing more is sent."
    return visit.go(f"/people/{visit.request.path_params['handle']}#newest", visit.say(said))


routes: Sequence[Route] = (*pages("/people/{handle}", show), *acts("/people/{handle}/reply", reply))

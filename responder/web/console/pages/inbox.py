"""Hand-offs: what waits for a person, what may be a STOP before all, and what the person does about it."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.reasons import because, reason_of
from responder.core.operations.front_desk import HandOffRecord
from responder.desk.appointments import set_appointment_status
from responder.desk.desk import LONGEST_NOTE, DeskError, Missing, Overtaken
from responder.desk.handoffs import (
    MAX_SEGMENTS,
    answer_handoff,
    close_handoff,
    let_go_of_handoff,
    list_handoffs,
    read_conversation,
    show_handoff,
    take_handoff,
)
from responder.web.console.frame.files import as_csv, as_lines, with_query
from responder.web.console.frame.visits import Visit, acts, pages

SHOWN = 30
SORTED = 500  # open ones that are read, so that what may be a STOP stands before all
ALL = "all"


async def show(visit: Visit) -> Response:
    """The page of hand-offs, oldest first."""
    return await _page(visit)


async def _page(
    visit: Visit,
    status: int = 200,
    *,
    key: str = "",
    typed: str = "",
    note: str = "",
    wrong: str = "",
    is_taken: bool = False,
) -> Response:
    every, after = _is_every(visit), visit.request.query_params.get("after")
    limit = SHOWN if every else SORTED
    page = await list_handoffs(visit.desk, every=every).page(limit=limit, after=after, newest_first=every)
    records = page.items if every else sorted(page.items, key=lambda record: not record.holds_marketing)
    query = {"show": ALL if every else None}
    return await visit.page(
        "inbox.html",
        status,
        items=[(record, await read_conversation(visit.desk, record)) for record in records[:SHOWN]],
        every=every,
        later=max(0, len(records) - SHOWN),
        older=with_query("/inbox", {**query, "after": page.next}) if page.next else None,
        key=key,
        typed=typed,
        note_typed=note,
        wrong=wrong,
        is_taken=is_taken,
        acts_as=visit.operator,
        statuses=[str(one) for one in AppointmentStatus],
        most=MAX_SEGMENTS,
        longest=LONGEST_NOTE,
    )


def _is_every(visit: Visit) -> bool:
    return visit.request.query_params.get("show") == ALL


async def reply(visit: Visit) -> Response:
    """Write to the number of a hand-off, which stays open."""
    form, key = await visit.form(), visit.request.path_params["key"]
    typed, takes_over = form.get("text", ""), "take" in form

    def is_free(record: HandOffRecord | None) -> bool:
        return takes_over or record is None or record.is_free_for(visit.operator)

    try:
        _, _, is_new = await answer_handoff(visit.desk, key, typed, operator=visit.operator, expected=is_free)
    except Missing:
        raise
    except Overtaken:
        who = (await show_handoff(visit.desk, key)).in_hand_by
        wrong = because("in_hand", who=who or visit.say("Somebody"))
        return await _page(visit, 409, key=key, typed=typed, wrong=wrong, is_taken=True)
    except DeskError as error:
        return await _page(visit, 422, key=key, typed=typed, wrong=reason_of(error))
    said = "It leaves within seconds." if is_new else "The same text was queued a moment ago: nothing more is sent."
    return visit.go(f"/inbox#h-{key}", visit.say(said))


async def take(visit: Visit) -> Response:
    """Have a hand-off in hand, or let it go; whoever only begins to write takes none that somebody has."""
    act, key = (await visit.form()).get("act"), visit.request.path_params["key"]
    if act == "let go":
        await let_go_of_handoff(visit.desk, key, operator=visit.operator)
    else:
        await take_handoff(visit.desk, key, operator=visit.operator, takes_over=act != "write")
    return visit.go(f"/inbox#h-{key}")


async def done(visit: Visit) -> Response:
    return await _close(visit, opts_out=False)


async def was_stop(visit: Visit) -> Response:
    """Close a hand-off whose text was a STOP: the number is opted out, with the text as proof."""
    return await _close(visit, opts_out=True)


async def _close(visit: Visit, *, opts_out: bool) -> Response:
    key, note = visit.request.path_params["key"], (await visit.form()).get("note", "").strip()
    record = await show_handoff(visit.desk, key)
    if record.done_at:
        return visit.go("/inbox", _closed_before(visit, record))
    try:
        await _set_appointment(visit, record, note)
        await close_handoff(visit.desk, key, operator=visit.operator, note=note, opts_out=opts_out)
    except DeskError as error:
        record = await show_handoff(visit.desk, key)
        if record.done_at:  # somebody was quicker by a moment
            return visit.go("/inbox", _closed_before(visit, record))
        return await _page(visit, 422, key=key, note=note, wrong=reason_of(error))
    visit.console.lookout.forget()
    return visit.go("/inbox", visit.say("Opted out, and done." if opts_out else "Done."))


async def _set_appointment(visit: Visit, record: HandOffRecord, note: str) -> None:
    """Set the status of the appointment that a hand-off is about, if one was chosen: what the text said is settled."""
    chosen = (await visit.form()).get("status", "")
    if record.appointment is None or chosen not in set(AppointmentStatus):
        return
    identifier, status = record.appointment.id, AppointmentStatus(chosen)
    await set_appointment_status(visit.desk, identifier, status, operator=visit.operator, note=note)


def _closed_before(visit: Visit, record: HandOffRecord) -> str:
    return visit.say("%(who)s has closed this one already.", who=record.by or visit.say("Somebody"))


async def give_lines(visit: Visit) -> Response:
    """The hand-offs as the command prints them."""
    return as_lines(list_handoffs(visit.desk, every=_is_every(visit)).every())


async def give_csv(visit: Visit) -> Response:
    return as_csv(list_handoffs(visit.desk, every=_is_every(visit)).every(), "hand-offs")


routes: Sequence[Route] = (
    *pages("/inbox", show),
    *pages("/inbox.json", give_lines),
    *pages("/inbox.csv", give_csv),
    *acts("/inbox/{key}/reply", reply),
    *acts("/inbox/{key}/take", take),
    *acts("/inbox/{key}/done", done),
    *acts("/inbox/{key}/stop", was_stop),
)

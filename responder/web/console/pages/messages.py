"""Messages as they come in, live where a page is open; and one of them: what was decided, why, and how it fared."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from responder.core.appointments.booking import day_bounds
from responder.core.contact.effects import StepKind
from responder.core.contact.reasons import because
from responder.core.operations.messages import Explanation, FeedLine
from responder.core.operations.pages import DeliveryFilter, MessageFilter
from responder.core.operations.records import DeliveryRecord, MessageRecord
from responder.core.sms.address import number_from
from responder.core.sms.message import MessageStatus
from responder.desk.deliveries import list_deliveries
from responder.desk.desk import Invalid
from responder.desk.messages import lines_of, list_messages, message_as_test, read_raw, retry_message, show_message
from responder.desk.people import number_of
from responder.desk.rule_versions import place_of_rule
from responder.web.console.frame.feed import SHOWN, Listener, TooManyListeners
from responder.web.console.frame.files import as_csv, as_lines, with_query
from responder.web.console.frame.rendering import macro
from responder.web.console.frame.shared import Console
from responder.web.console.frame.visits import SIGNED_IN, Visit, acts, pages

OURS = ("reserved:stop", "reserved:start", "reserved:help", "reserved:review", "question", "fallback")
TODAY = "today"
NAMES = ("rule", "status", "list", "day", "unmatched", "person")
NEWER_LOOKED_AT = 50  # later texts of the number
SHOWN_OF_RAW = 4000  # characters
SENDING = {"reply": StepKind.REPLY, "webhook": StepKind.WEBHOOK}
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
NO_ROWS = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The filters of an address, as they stand there and as the desk takes them."""

    query: Mapping[str, str]
    filter: MessageFilter
    day: date | None = None

    @property
    def is_filtered(self) -> bool:
        return bool(self.query)

    def is_live(self, today: date) -> bool:
        return self.filter.list is None and self.day in (None, today)

    def takes(self, line: FeedLine) -> bool:
        wanted, message = self.filter, line.message
        is_unmatched = message.status is MessageStatus.HANDLED and message.rule in (None, "fallback")
        return (
            wanted.rule in (None, message.rule)
            and wanted.status in (None, message.status)
            and wanted.originator in (None, message.originator)
            and (not wanted.unmatched or is_unmatched)
        )


def read_filters(visit: Visit) -> Asked:
    """The filters in the address; raises Invalid for what cannot be one."""
    query = {name: value for name, value in visit.request.query_params.items() if name in NAMES and value}
    status, day, begin, end = query.get("status"), None, None, None
    if status is not None and status not in set(MessageStatus):
        raise Invalid(because("one_of", field="status", words=", ".join(MessageStatus)))
    if typed := query.get("day"):
        day, begin, end = read_day(typed, visit)
    return Asked(
        query=query,
        day=day,
        filter=MessageFilter(
            rule=query.get("rule"),
            status=MessageStatus(status) if status else None,
            list=query.get("list"),
            unmatched="unmatched" in query,
            since=begin,
            before=end,
            originator=number_of(visit.desk, query["person"]) if "person" in query else None,
        ),
    )


def read_day(typed: str, visit: Visit) -> tuple[date, datetime, datetime]:
    """A day of an address, and when it begins and ends by the clocks of the rules file; raises Invalid."""
    today = visit.now.astimezone(visit.zone).date()
    try:
        begin, end = day_bounds(today.isoformat() if typed == TODAY else typed, visit.zone)
    except ValueError as error:
        raise Invalid(because("day_unreadable", said=str(error))) from None
    return begin.astimezone(visit.zone).date(), begin, end


async def show(visit: Visit) -> Response:
    """The page of messages, newest first."""
    asked, after = read_filters(visit), visit.request.query_params.get("after")
    page = await list_messages(visit.desk, asked.filter).page(limit=SHOWN, after=after, newest_first=True)
    lines = await lines_of(visit.desk, page.items)
    rules = visit.console.rules()
    is_live = after is None and asked.is_live(visit.now.astimezone(visit.zone).date())
    return await visit.page(
        "messages.html",
        lines=lines,
        is_live=is_live,
        live_query=with_query("", asked.query),
        most=SHOWN,
        wanted=asked.filter,
        day_wanted=asked.day.isoformat() if asked.day else None,
        person=asked.query.get("person"),
        is_filtered=asked.is_filtered,
        rule_names=[*(rule.name for rule in rules.rules), *OURS],
        statuses=[str(status) for status in MessageStatus],
        list_names=list(rules.lists),
        older=with_query("/", {**asked.query, "after": page.next}) if page.next else None,
        newest=with_query("/", asked.query) if after else None,
        looked_back_to=page.looked_back_to,
        data_json=with_query("/messages.json", asked.query),
        data_csv=with_query("/messages.csv", asked.query),
    )


async def give_lines(visit: Visit) -> Response:
    return as_lines(list_messages(visit.desk, read_filters(visit).filter).every())


async def give_csv(visit: Visit) -> Response:
    return as_csv(list_messages(visit.desk, read_filters(visit).filter).every(), "messages")


async def find(visit: Visit) -> Response:
    """From a number to the person it belongs to, without a number in any address."""
    typed = (await visit.form()).get("number", "").strip()
    try:
        number = number_from(typed, visit.console.rules().country)
    except ValueError:
        raise Invalid(because("number_unreadable", typed=typed)) from None
    return visit.go(f"/people/{visit.console.handle(number)}")


async def show_message_page(visit: Visit) -> Response:
    explanation = await show_message(visit.desk, visit.request.path_params["key"])
    message = explanation.message
    left = [one async for one in list_deliveries(visit.desk, DeliveryFilter(message_key=message.key)).every()]
    raw = await read_raw(visit.desk, message.key)
    return await visit.page(
        "message.html",
        message=message,
        explanation=explanation,
        done=_done(explanation, left),
        place=await place_of_rule(visit.desk, message.rules_hash, message.rule),
        newer=await _newer(visit, message) if message.is_superseded else None,
        as_test=await message_as_test(visit.desk, message.key),
        raw=raw.decode("utf-8", "replace")[:SHOWN_OF_RAW],
        can_retry=message.status in (MessageStatus.FAILED, MessageStatus.MALFORMED) and bool(raw),
    )


def _done(explanation: Explanation, left: Sequence[DeliveryRecord]) -> list[dict[str, Any]]:
    """What was decided, each with what became of it; what left without having been decided stands at the end."""
    waiting = {kind: [one for one in left if one.kind is kind] for kind in StepKind}
    done = [_step(step, waiting) for step in explanation.steps]
    left_over = (one for kind in StepKind for one in waiting[kind])
    rest = [{"action": str(one.kind), "values": {}, "note": "", "delivery": one} for one in left_over]
    return done + rest


def _step(step: Mapping[str, Any], waiting: Mapping[StepKind, list[DeliveryRecord]]) -> dict[str, Any]:
    action = str(step["action"])
    note = step.get("note", "")
    values = {name: value for name, value in step.items() if name not in ("action", "note")}
    kind = SENDING.get(action)
    delivery = waiting[kind].pop(0) if kind and waiting[kind] and not str(note).startswith("not ") else None
    return {"action": action, "values": values, "note": note, "delivery": delivery}


async def _newer(visit: Visit, message: MessageRecord) -> MessageRecord | None:
    theirs = list_messages(visit.desk, MessageFilter(originator=message.originator))
    page = await theirs.page(limit=NEWER_LOOKED_AT, newest_first=True)
    return next((one for one in page.items if not one.is_superseded and one.key != message.key), None)


async def retry(visit: Visit) -> Response:
    """Receive a failed or incomplete message again."""
    form = await visit.form()
    originator, destination, text = (
        form.get(name, "").strip() or None for name in ("originator", "destination", "text")
    )
    beginning = visit.request.path_params["key"]
    retried = await retry_message(
        visit.desk, beginning, originator=originator, destination=destination, text=text, operator=visit.operator
    )
    key = retried.message.key
    visit.console.lookout.forget()
    return visit.go(f"/messages/{key}", visit.say("It waits again: a worker takes it up within seconds."))


async def listen(visit: Visit) -> Response:
    """The stream: rows of the feed that the filters take, counts, and what is wrong."""
    query = visit.request.query_params
    if "probe" in query:
        return Response(status_code=204)
    asked, has_rows = read_filters(visit), query.get("rows") != NO_ROWS
    door, headers, session = visit.console.door, visit.request.headers, dict(visit.request.session)
    listener = Listener(
        language=visit.words.language,
        write=partial(_rows, visit.console, visit.around()),
        matches=asked.takes if has_rows else lambda _line: False,
        wants_rows=has_rows,
        wanted=str(sorted(asked.query.items())) if has_rows else NO_ROWS,
        after=_number(visit.request.headers.get("last-event-id") or query.get("after", "")),
        visit=str(session.get("visit", "")),
        counts_in=lambda epoch: door.answer(headers, session, epoch, visit.desk.clock()) in SIGNED_IN,
    )
    try:
        stream = await visit.console.feed.listen(listener)
    except TooManyListeners:
        return PlainTextResponse("too many pages listen already\n", status_code=503, headers={"Retry-After": "30"})
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)


def _rows(console: Console, around: Mapping[str, Any], lines: Sequence[FeedLine]) -> Iterator[str]:
    row = macro("parts.html", "row", {**around, "now": console.desk.clock()})
    return map(row, lines)


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0


routes: Sequence[Route] = (
    *pages("/", show),
    *pages("/messages.json", give_lines),
    *pages("/messages.csv", give_csv),
    *acts("/find", find),
    *pages("/messages/{key}", show_message_page),
    *acts("/messages/{key}/retry", retry),
    *pages("/events", listen),
)

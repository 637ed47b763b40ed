"""The stream of what happens, for pages that are open."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from responder.core.operations.messages import FeedLine
from responder.web.console.frame.feed import Listener, TooManyListeners
from responder.web.console.frame.rendering import macro
from responder.web.console.frame.shared import Console
from responder.web.console.frame.visits import SIGNED_IN, Visit, pages
from responder.web.console.pages.messages import read_filters

HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
NO_ROWS = "none"


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
        matches=asked.takes if has_rows else _nothing,
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
    row = macro("feed.html", "row", {**around, "now": console.desk.clock()})
    return map(row, lines)


def _nothing(_line: FeedLine) -> bool:
    return False


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0


routes: Sequence[Route] = (*pages("/events", listen),)

"""Everything that the API offers: one line for each method and path, from which routes and description are made."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cached_property

from responder.web.api import consent, records
from responder.web.api.call import Answer, Call

Handle = Callable[[Call], Awaitable[Answer]]
Again = Callable[[Call, str], Awaitable[Answer]]
PAGES = ("after", "limit", "order")
SLASHES = "id"  # the part of a path that may hold slashes


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be done: ``answer`` and ``body`` name schemas, ``again`` answers a repeated request."""

    method: str
    path: str
    summary: str
    handle: Handle
    answer: str = ""
    page: str = ""
    body: str = ""
    filters: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)
    has_etag: bool = False
    again: Again | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of it look like."""
        parts = re.sub(
            r"\{(\w+)\}", lambda part: f"(?P<{part[1]}>{'.+' if part[1] == SLASHES else '[^/]+'})", self.path
        )
        return re.compile(parts, re.DOTALL)

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        return self.method in ("PUT", "POST", "DELETE") and not self.path.endswith("look-up")


async def _gone(_call: Call, _subject: str) -> Answer:
    return Answer(status=204)


def _get(
    path: str, summary: str, handle: Handle, answer: str, *, has_etag: bool = False, filters: tuple[str, ...] = ()
) -> Operation:
    operation = Operation(method="GET", path=path, summary=summary, handle=handle, answer=answer)
    return replace(operation, has_etag=has_etag, filters=filters)


def _list(path: str, summary: str, handle: Handle, page: tuple[str, str], *filters: str) -> Operation:
    name, answer = page
    return Operation(
        method="GET", path=path, summary=summary, handle=handle, answer=answer, page=name, filters=(*filters, *PAGES)
    )


OPERATIONS = (
    _list(
        "appointments", "The appointments, by their start.", records.many_appointments,
        ("appointments", "Appointment"), "day", "appointment_status", "number",
    ),
    _get("appointments/{id}", "One appointment.", records.one_appointment, "Appointment", has_etag=True),
    Operation(
        method="PUT", path="appointments/{id}", summary="Make an appointment, or change it: a new time asks anew.",
        handle=records.book, body="Booking", answer="Appointment", statuses=(200, 201), has_etag=True,
        again=records.same_appointment,
    ),
    Operation(
        method="DELETE", path="appointments/{id}", summary="Forget an appointment that will not be.",
        handle=records.forget, filters=("operator",), statuses=(204,), again=_gone,
    ),
    Operation(
        method="POST", path="appointments/{id}/status", summary="Set what a person was told, by telephone say.",
        handle=records.set_status, body="StatusChange", answer="Appointment", has_etag=True,
        again=records.same_appointment,
    ),
    _list(
        "messages", "What came in, by arrival.", records.many_messages, ("messages", "Message"),
        "from", "rule", "message_status", "since", "list", "unmatched", "day",
    ),
    _get(
        "messages/{key}", "One message, with its explanation.", records.one_message, "Explanation", has_etag=True
    ),
    Operation(
        method="POST", path="messages/{key}/retry", body="Refilled", answer="Explanation", has_etag=True,
        summary="Receive a failed message again, or a malformed one with what it lacks.",
        handle=records.again_message, again=records.same_message,
    ),
    _list(
        "deliveries", "Replies and webhook calls, as they were queued.", records.many_deliveries,
        ("deliveries", "Delivery"), "delivery_status", "kind", "to", "message", "since",
    ),
    _get("deliveries/{key}", "One delivery.", records.one_delivery, "Delivery", has_etag=True),
    Operation(
        method="POST", path="deliveries/{key}/retry", body="Acting", answer="Delivery", has_etag=True,
        summary="Queue again what was given up or is uncertain.",
        handle=records.again_delivery, again=records.same_delivery,
    ),
    _list(
        "handoffs", "What waits for a person, oldest first.", records.many_handoffs, ("handoffs", "HandOff"),
        "handoff_status", "all",
    ),
    _get("handoffs/{key}", "One hand-off.", records.one_handoff, "HandOff", has_etag=True),
    Operation(
        method="POST", path="handoffs/{key}/reply", body="Reply", answer="Delivery", statuses=(200, 201),
        has_etag=True,
        summary="Write to the number of a hand-off; it stays open.",
        handle=records.reply_to_handoff, again=records.same_reply,
    ),
    Operation(
        method="POST", path="handoffs/{key}/done", body="Closing", answer="HandOff", has_etag=True,
        summary="Close a hand-off, as a STOP if it was one.",
        handle=records.close_one_handoff, again=records.same_handoff,
    ),
    _list(
        "subscribers", "Who is on a list, or was, by the last change.", consent.many_subscribers,
        ("subscribers", "Subscriber"), "list", "subscriber_status", "number",
    ),
    Operation(
        method="POST", path="subscribers/change", body="ListChange", answer="Subscriber", statuses=(200, 204),
        summary="Put a number on a list or take it off; the number stands in no address.", has_etag=True,
        handle=consent.change, again=consent.changed_before,
    ),
    _get(
        "subscribers/{list}/{number}", "One number on one list.", consent.one_subscriber, "Subscriber", has_etag=True
    ),
    Operation(
        method="PUT", path="subscribers/{list}/{number}", body="Joining", answer="Subscriber", has_etag=True,
        summary="Put a number on a list; one that opted out is refused.", handle=consent.join,
        again=consent.changed_before,
    ),
    Operation(
        method="DELETE", path="subscribers/{list}/{number}", body="Leaving", answer="Subscriber", has_etag=True,
        summary="Take a number off a list, or off all of them, as its own STOP would.", statuses=(200, 204),
        handle=consent.leave, filters=("evidence", "operator"), again=consent.changed_before,
    ),
    _get("lists", "How many numbers have each status on each list.", consent.many_lists, "Lists"),
    _list(
        "consent", "The events of the consent ledger.", consent.many_changes, ("events", "ConsentEvent"),
        "list", "number", "as_of",
    ),
    Operation(
        method="POST", path="consent/look-up", summary="What a number agreed to; the number stands in no address.",
        handle=consent.look_up, body="LookUp", answer="Consent",
    ),
    _get("consent/{number}", "What a number agreed to.", consent.one_consent, "Consent", filters=("as_of",)),
    Operation(
        method="GET", path="events", summary="What happened, in order, for thirty days; texts that are gone are null.",
        handle=records.many_events, answer="Event", page="events", filters=("after", "limit"),
    ),
)  # fmt: skip

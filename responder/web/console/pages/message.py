"""Message: what came, what decided about it and why, what was done and how it fared."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.effects import StepKind
from responder.core.operations.messages import Explanation
from responder.core.operations.pages import DeliveryFilter, MessageFilter
from responder.core.operations.records import DeliveryRecord, MessageRecord
from responder.core.sms.message import MessageStatus
from responder.desk.deliveries import list_deliveries
from responder.desk.messages import list_messages, message_as_test, read_raw, retry_message, show_message
from responder.desk.rule_versions import place_of_rule
from responder.web.console.frame.visits import Visit, acts, pages

NEWER_LOOKED_AT = 50  # later texts of the number
SHOWN_OF_RAW = 4000  # characters
SENDING = {"reply": StepKind.REPLY, "webhook": StepKind.WEBHOOK}


async def show(visit: Visit) -> Response:
    """The page of one message."""
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
    """The word that stands in its place, as far as it was a text."""
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


routes: Sequence[Route] = (*pages("/messages/{key}", show), *acts("/messages/{key}/retry", retry))

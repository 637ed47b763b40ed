"""Subscribers and consent over HTTP."""

from collections.abc import Mapping
from typing import Any

from responder.core.contact.known import SubscriptionStatus
from responder.core.operations.pages import SubscriberFilter
from responder.core.operations.records import SubscriberRecord
from responder.desk.consent import (
    count_lists,
    list_consent,
    list_subscribers,
    opt_out_number,
    put_subscriber,
    show_consent,
)
from responder.desk.desk import Missing
from responder.desk.requests import (
    CONSENT_FILTERS,
    SUBSCRIBER_FILTERS,
    Typed,
    consent_filter,
    read_one_of,
    read_phone,
    read_since,
    read_text,
    subscriber_filter,
)
from responder.web.api.call import PAGING, Answer, Call, answer_page, answer_record, finish

LONGEST_EVIDENCE = 1000  # characters
EVERYTHING = "all"  # the name that stands for all lists


async def many_subscribers(call: Call) -> Answer:
    typed = Typed(call.query, (*SUBSCRIBER_FILTERS, *PAGING), blanks=False)
    only = subscriber_filter(typed, await call.local())
    return await answer_page(call, typed, "subscribers", lambda: list_subscribers(call.desk, only))


async def many_lists(call: Call) -> Answer:
    finish(Typed(call.query, (), blanks=False))
    counts, everything = await count_lists(call.desk)
    return Answer(content={"lists": [count.as_json() for count in counts], "everything": everything.as_json()})


async def one_subscriber(call: Call) -> Answer:
    typed = Typed({"number": call.path["number"]}, ("number",))
    number = typed.needed("number", read_phone(await call.local())) or ""
    finish(typed)
    return answer_record(await _subscriber(call, call.path["list"], number))


async def join(call: Call) -> Answer:
    return await _change(call, call.body(), call.path, SubscriptionStatus.SUBSCRIBED)


async def leave(call: Call) -> Answer:
    return await _change(call, {**call.query, **call.body()}, call.path, SubscriptionStatus.UNSUBSCRIBED)


async def change(call: Call) -> Answer:
    body = call.body()
    typed = Typed(body, ("number", "list", "status", "evidence", "language", "operator"))
    chosen = (SubscriptionStatus.SUBSCRIBED, SubscriptionStatus.UNSUBSCRIBED)
    status = typed.needed("status", read_one_of(chosen)) or SubscriptionStatus.UNSUBSCRIBED
    place = {name: body.get(name) for name in ("number", "list")}
    given = {name: value for name, value in body.items() if name not in ("number", "list", "status")}
    return await _change(call, given, place, status, typed.errors)


async def _change(
    call: Call,
    given: Mapping[str, Any],
    place: Mapping[str, Any],
    status: SubscriptionStatus,
    wrong: list[str] | None = None,
) -> Answer:
    typed = Typed({**given, **place}, ("number", "list", "evidence", "language", "operator"))
    number = typed.needed("number", read_phone(await call.local())) or ""
    name = typed.needed("list", read_text()) or ""
    evidence = typed.read("evidence", read_text(LONGEST_EVIDENCE)) or ""
    language = typed.read("language", read_text(16)) or ""
    operator = call.operator(typed)
    joins = status is SubscriptionStatus.SUBSCRIBED
    if joins and not evidence.strip():
        typed.errors.append("evidence: nothing stands here, say where the consent comes from")
    typed.errors[:0] = [error for error in wrong or () if error not in typed.errors]
    finish(typed)
    if name == EVERYTHING and not joins:
        await opt_out_number(call.desk, number, operator=operator, reason=evidence)
        return Answer(status=204)
    record, _ = await put_subscriber(
        call.desk,
        number,
        name,
        joins=joins,
        operator=operator,
        evidence=evidence,
        language=language,
        expected=call.expects,
    )
    return answer_record(record)


async def changed_before(call: Call, _subject: str) -> Answer:
    """How a number stands on a list that a repeated request is about."""
    place = {**call.body(), **call.path}
    typed = Typed({name: place.get(name) for name in ("number", "list")}, ("number", "list"))
    number = typed.needed("number", read_phone(await call.local())) or ""
    name = typed.needed("list", read_text()) or ""
    finish(typed)
    if name == EVERYTHING:
        return Answer(status=204)
    return answer_record(await _subscriber(call, name, number))


async def _subscriber(call: Call, name: str, number: str) -> SubscriberRecord:
    page = await list_subscribers(call.desk, SubscriberFilter(list=read_text()(name), originator=number)).page(limit=1)
    if not page.items:
        raise Missing("the number was never on this list")
    return page.items[0]


async def many_changes(call: Call) -> Answer:
    typed = Typed(call.query, (*CONSENT_FILTERS, *PAGING), blanks=False)
    only = consent_filter(typed, await call.local(), call.now())
    return await answer_page(call, typed, "events", lambda: list_consent(call.desk, only))


async def one_consent(call: Call) -> Answer:
    given = {**call.query, "number": call.path["number"]}
    return await _consent(call, given)


async def look_up(call: Call) -> Answer:
    return await _consent(call, call.body())


async def _consent(call: Call, given: Mapping[str, Any]) -> Answer:
    typed = Typed(given, ("number", "as_of"))
    number = typed.needed("number", read_phone(await call.local())) or ""
    as_of = typed.read("as_of", lambda value: read_since(value, call.now()))
    finish(typed)
    events, standing = await show_consent(call.desk, number, as_of=as_of)
    content = {"originator": number, "events": [event.as_json() for event in events], "standing": list(standing)}
    return Answer(content=content)

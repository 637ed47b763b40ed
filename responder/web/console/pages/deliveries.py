"""Deliveries, and how they fared in the last day beside what doctor says: the status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.contact.reasons import because
from responder.core.operations.pages import DeliveryFilter
from responder.desk.deliveries import (
    CallFilter,
    list_deliveries,
    retry_delivery,
    retry_webhook_calls,
)
from responder.desk.desk import Invalid
from responder.desk.messages import delivered_since, given_up_by_reason, webhook_states
from responder.errors import StorageError
from responder.web.console.frame.files import as_csv, as_lines, with_query
from responder.web.console.frame.visits import Visit, acts, pages, safe_path

SHOWN = 50
TABS = {
    "given-up": StepStatus.DEAD,
    "uncertain": StepStatus.UNCERTAIN,
    "failed": StepStatus.FAILED,
    "waiting": StepStatus.QUEUED,
    "all": None,
}
KEPT = frozenset({"to", "message", "status"})
CAN_RETRY = (StepStatus.DEAD, StepStatus.FAILED, StepStatus.UNCERTAIN)
GOOD_FOR_S = 10.0  # a doctor is not called for every reload
PATIENCE_S = 0.2  # the page is shown with what is known, and reads itself again
A_DAY = timedelta(days=1)
ORDER = ("error", "warning", "ok")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The tab and the filters of an address."""

    tab: str
    filter: DeliveryFilter
    query: dict[str, str]


def read_filters(visit: Visit) -> Asked:
    """The tab and the filters in the address; raises Invalid for what cannot be one."""
    query = {name: value for name, value in visit.request.query_params.items() if value}
    tab = query.get("tab", "all" if {"message", "status"} & query.keys() else "given-up")
    status = query.get("status")
    if tab not in TABS:
        raise Invalid(because("one_of", field="tab", words=", ".join(TABS)))
    if status is not None and status not in set(StepStatus):
        raise Invalid(because("one_of", field="status", words=", ".join(StepStatus)))
    wanted = DeliveryFilter(
        status=StepStatus(status) if status else TABS[tab], to=query.get("to"), message_key=query.get("message")
    )
    kept = {name: value for name, value in query.items() if name in KEPT}
    return Asked(tab=tab, filter=wanted, query={"tab": tab, **kept})


async def show(visit: Visit) -> Response:
    """The page of deliveries, newest first."""
    asked, after = read_filters(visit), visit.request.query_params.get("after")
    page = await list_deliveries(visit.desk, asked.filter).page(limit=SHOWN, after=after, newest_first=True)
    calls = DeliveryFilter(status=StepStatus.DEAD, kind=StepKind.WEBHOOK, to=asked.filter.to)
    is_given_up = asked.tab == "given-up"
    return await visit.page(
        "deliveries.html",
        items=page.items,
        asked=asked,
        tabs=TABS,
        can_retry=CAN_RETRY,
        retry_all=await list_deliveries(visit.desk, calls).count() if is_given_up else 0,
        reasons=await given_up_by_reason(visit.desk) if is_given_up else (),
        states=await webhook_states(visit.desk),
        names=sorted(visit.console.rules().webhooks),
        older=with_query("/deliveries", {**asked.query, "after": page.next}) if page.next else None,
        looked_back_to=page.looked_back_to,
        data_json=with_query("/deliveries.json", asked.query),
        data_csv=with_query("/deliveries.csv", asked.query),
    )


async def retry(visit: Visit) -> Response:
    form = await visit.form()
    await retry_delivery(visit.desk, visit.request.path_params["key"], operator=visit.operator)
    visit.console.lookout.forget()
    return visit.go(safe_path(form.get("back", "/deliveries")), visit.say("It is tried again within seconds."))


async def retry_all(visit: Visit) -> Response:
    """Try all webhook calls of the filter again that were given up."""
    name = (await visit.form()).get("to", "") or None
    count = await retry_webhook_calls(visit.desk, CallFilter(to=name), operator=visit.operator)
    visit.console.lookout.forget()
    said = visit.words.count("%(count)d call is tried again.", "%(count)d calls are tried again.", count)
    return visit.go(with_query("/deliveries", {"tab": "given-up", "to": name}), said % {"count": count})


async def give_lines(visit: Visit) -> Response:
    return as_lines(list_deliveries(visit.desk, _as_data(visit)).every())


async def give_csv(visit: Visit) -> Response:
    return as_csv(list_deliveries(visit.desk, _as_data(visit)).every(), "deliveries")


def _as_data(visit: Visit) -> DeliveryFilter:
    """The filters of a list that programs read: as with the command, all where neither tab nor status is named."""
    asked = read_filters(visit).filter
    is_named = {"tab", "status"} & visit.request.query_params.keys()
    return asked if is_named else replace(asked, status=None)


async def show_status(visit: Visit) -> Response:
    kept = await visit.console.commands.kept("doctor", "--json", good_for_s=GOOD_FOR_S, patience_s=PATIENCE_S)
    records = kept.answer.records if kept.answer else []
    findings = sorted(records, key=lambda finding: ORDER.index(finding["level"]))
    fares = await _fares(visit)
    return await visit.page(
        "status.html",
        503 if fares is None or visit.outlook.counts is None else 200,
        findings=findings,
        told_at=visit.now - timedelta(seconds=kept.age_s) if kept.answer else None,
        is_checking=kept.is_asked_anew,
        errors=kept.answer.errors if kept.answer and not findings else (),
        fares=fares,
    )


async def _fares(visit: Visit) -> Mapping[str, Any] | None:
    """How the replies of a day fared; None if the database is away, which the rest of the page tells all the same."""
    try:
        return await delivered_since(visit.desk, visit.now - A_DAY)
    except StorageError:
        return None


routes: Sequence[Route] = (
    *pages("/deliveries", show),
    *pages("/deliveries.json", give_lines),
    *pages("/deliveries.csv", give_csv),
    *acts("/deliveries/retry", retry_all),
    *acts("/deliveries/{key}/retry", retry),
    *pages("/status", show_status),
)

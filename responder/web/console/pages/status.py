"""Status: what doctor says, with its remedies, and how deliveries fared in the last day."""

from collections.abc import Sequence
from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from responder.desk.overview import delivered_since
from responder.web.console.frame.visits import Visit, pages

GOOD_FOR_S = 10.0  # a doctor is not called for every reload
A_DAY = timedelta(days=1)
ORDER = ("error", "warning", "ok")


async def show(visit: Visit) -> Response:
    """The page of the installation's health."""
    answer, age_s = await visit.console.commands.kept("doctor", "--json", good_for_s=GOOD_FOR_S)
    findings = sorted(answer.records, key=lambda finding: ORDER.index(finding["level"]))
    return await visit.page(
        "status.html",
        findings=findings,
        told_at=visit.now - timedelta(seconds=age_s),
        errors=() if findings else answer.errors,
        fares=await delivered_since(visit.desk, visit.now - A_DAY),
    )


routes: Sequence[Route] = (*pages("/status", show),)

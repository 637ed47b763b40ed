"""Status: what doctor says, with its remedies, and how deliveries fared in the last day."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from responder.desk.messages import delivered_since
from responder.errors import StorageError
from responder.web.console.frame.visits import Visit, pages

GOOD_FOR_S = 10.0  # a doctor is not called for every reload
PATIENCE_S = 0.2  # the page is shown with what is known, and reads itself again
A_DAY = timedelta(days=1)
ORDER = ("error", "warning", "ok")


async def show(visit: Visit) -> Response:
    """The page of the installation's health."""
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


routes: Sequence[Route] = (*pages("/status", show),)

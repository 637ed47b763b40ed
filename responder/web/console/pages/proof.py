"""Proof: what a number agreed to, with the wording, the ledger's hashes, and whether they verify; to be printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import Route

from responder.core.appointments.booking import day_bounds
from responder.core.contact.reasons import because
from responder.desk.consent import list_consent, show_consent, verify_ledger
from responder.desk.desk import Invalid
from responder.desk.people import number_of
from responder.web.console.frame.visits import Visit, pages

VERDICTS = {0: True, 1: False}  # by the code of the command; any other says that nobody could tell
FEW = 1000  # events that take no longer than a page
GOOD_FOR_S = 60.0  # the whole ledger is read for it
VERIFIED_WITHIN_S = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the ledger is as it was written, None if nobody can tell yet or at all, and what there is to say."""

    is_whole: bool | None
    lines: tuple[str, ...] = ()
    is_verifying: bool = False


async def show(visit: Visit) -> Response:
    """The page of proof; ``as_of`` in the address is the last day that counts."""
    handle = visit.request.path_params["handle"]
    number = number_of(visit.desk, handle)
    typed = visit.request.query_params.get("as_of", "")
    events, standing = await show_consent(visit.desk, number, as_of=_end_of(typed, visit) if typed else None)
    return await visit.page(
        "proof.html",
        number=number,
        handle_here=handle,
        as_of=typed,
        events=[event.event for event in events],
        standing=[one | {"since": datetime.fromisoformat(one["since"])} for one in standing],
        verdict=await _verified(visit),
    )


async def _verified(visit: Visit) -> Verdict:
    """Whether the ledger is as it was written; a long one is read by a command, beside."""
    if await list_consent(visit.desk).count() <= FEW:
        verdict = await verify_ledger(visit.desk)
        lines = tuple(f"event {fault.seq}: {fault.what}" for fault in verdict.faults)
        return Verdict(is_whole=not verdict.faults, lines=lines)
    kept = await visit.console.commands.kept("consent", "verify", good_for_s=GOOD_FOR_S, patience_s=VERIFIED_WITHIN_S)
    if kept.answer is None:
        return Verdict(is_whole=None, is_verifying=True)
    lines = (*kept.answer.lines, *kept.answer.errors)
    return Verdict(is_whole=VERDICTS.get(kept.answer.code), lines=lines)


def _end_of(typed: str, visit: Visit) -> datetime:
    try:
        return day_bounds(typed, visit.zone)[1] - timedelta.resolution
    except ValueError as error:
        raise Invalid(because("as_of_unreadable", said=str(error))) from None


routes: Sequence[Route] = (*pages("/people/{handle}/proof", show),)

"""History: who changed the rules, when and why, what differed, and the way back as a draft."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.reasons import reason_of
from responder.desk.desk import Refused
from responder.desk.editing.drafts import restore_version
from responder.desk.editing.effects import Effects, compare_versions
from responder.desk.rule_versions import diff_versions, list_rule_changes
from responder.web.console.frame.lists import with_query
from responder.web.console.frame.visits import Visit, acts, pages

SHOWN = 50


async def show(visit: Visit) -> Response:
    """The page of versions, the newest first; ``old`` and ``new`` in the address open what differs."""
    query = visit.request.query_params
    page = await list_rule_changes(visit.desk).page(limit=SHOWN, after=query.get("after"), newest_first=True)
    old, new = query.get("old", ""), query.get("new", "")
    effects, why_not = await _effects(visit, old, new) if old and new else (None, "")
    return await visit.page(
        "rules_history.html",
        changes=page.items,
        older=with_query("/rules/history", {"after": page.next}) if page.next else None,
        in_force=visit.console.rules().hash,
        differs=await diff_versions(visit.desk, old, new) if old and new else None,
        effects=effects,
        why_no_effects=why_not,
    )


async def _effects(visit: Visit, old: str, new: str) -> tuple[Effects | None, str]:
    """What a version does otherwise than another, or why that cannot be told."""
    try:
        return await compare_versions(visit.desk, old, new), ""
    except Refused as error:
        return None, reason_of(error)


async def restore(visit: Visit) -> Response:
    """Make a draft of a version; nothing is in force by that."""
    version_hash = (await visit.form()).get("version", "")
    await restore_version(visit.desk, visit.console.file, visit.operator, version_hash)
    said = visit.say("This is a draft of the rules as they were: look at its impact, and save it.")
    return visit.go("/rules/edit", said)


routes: Sequence[Route] = (
    *pages("/rules/history", show),
    *acts("/rules/history/restore", restore),
)

"""History: who changed the rules, when and why, what differed, the way back as a draft, and rules that pause."""

from collections.abc import Sequence
from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from responder.desk.desk import Invalid
from responder.desk.editing.drafts import restore_version
from responder.desk.rule_versions import diff_versions, list_rule_changes, pause_rule, read_rule_pauses, resume_rule
from responder.web.console.frame.lists import with_query
from responder.web.console.frame.visits import Visit, acts, pages

SHOWN = 50
PAUSES = {"1": timedelta(hours=1), "4": timedelta(hours=4), "24": timedelta(days=1), "168": timedelta(days=7)}


async def show(visit: Visit) -> Response:
    """The page of versions, the newest first; ``old`` and ``new`` in the address open what differs."""
    query = visit.request.query_params
    page = await list_rule_changes(visit.desk).page(limit=SHOWN, after=query.get("after"), newest_first=True)
    old, new = query.get("old", ""), query.get("new", "")
    return await visit.page(
        "rules_history.html",
        changes=page.items,
        older=with_query("/rules/history", {"after": page.next}) if page.next else None,
        in_force=visit.console.rules().hash,
        differs=await diff_versions(visit.desk, old, new) if old and new else None,
        pauses=(await read_rule_pauses(visit.desk)).values(),
        names=[rule.name for rule in visit.console.rules().rules],
        spans=PAUSES,
    )


async def restore(visit: Visit) -> Response:
    """Make a draft of a version; nothing is in force by that."""
    version_hash = (await visit.form()).get("version", "")
    await restore_version(visit.desk, visit.console.file, visit.operator, version_hash)
    said = visit.say("This is a draft of the rules as they were: look at its impact, and save it.")
    return visit.go("/rules/edit", said)


async def pause(visit: Visit) -> Response:
    """Let a rule not apply for a while."""
    form = await visit.form()
    if form.get("hours") not in PAUSES:
        raise Invalid("hours: choose how long")
    lasts = PAUSES[form["hours"]]
    await pause_rule(visit.desk, form.get("rule", ""), lasts, operator=visit.operator, why=form.get("why", ""))
    return visit.go("/rules/history", visit.say("The rule pauses: it applies again by itself."))


async def resume(visit: Visit) -> Response:
    """Let a rule apply again."""
    await resume_rule(visit.desk, (await visit.form()).get("rule", ""))
    return visit.go("/rules/history", visit.say("The rule applies again."))


routes: Sequence[Route] = (
    *pages("/rules/history", show),
    *acts("/rules/history/restore", restore),
    *acts("/rules/history/pause", pause),
    *acts("/rules/history/resume", resume),
)

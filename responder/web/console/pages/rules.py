"""Rules: each in plain words with its use and its pauses, in force or under a hash; and the history of the file."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.records import Version
from responder.desk.desk import Invalid, Refused
from responder.desk.editing.drafts import restore_version
from responder.desk.editing.effects import Effects, compare_versions
from responder.desk.editing.rules_file import show_rules
from responder.desk.rule_versions import (
    diff_versions,
    list_rule_changes,
    pause_rule,
    read_rule_pauses,
    read_version,
    resume_rule,
    version_in_force,
)
from responder.web.console.frame.files import with_query
from responder.web.console.frame.visits import Visit, acts, pages

CHECK_PATIENCE_S = 0.2  # the page is shown with what is known, and reads itself again
PAUSES = {"1": timedelta(hours=1), "4": timedelta(hours=4), "24": timedelta(days=1), "168": timedelta(days=7)}
Records = Sequence[Mapping[str, Any]]
SHOWN = 50


async def show(visit: Visit) -> Response:
    """The page of the rules; ``version`` in the address names an older one, ``pause`` a rule to pause."""
    query = visit.request.query_params
    wanted = query.get("version")
    version = await read_version(visit.desk, wanted) if wanted else await version_in_force(visit.desk)
    is_in_force = version is not None and version.hash == visit.console.rules().hash
    problems, trials = await _checked(visit, version) if version and is_in_force else ([], [])
    return await visit.page(
        "rules.html",
        version=version,
        is_in_force=is_in_force,
        is_coming=version is not None and not wanted and not is_in_force,
        shown=await show_rules(visit.desk, visit.console.rules()) if is_in_force else None,
        files=[(source.file, source.text.splitlines()) for source in version.sources] if version else [],
        is_checking=problems is None or trials is None,
        warnings=_by_line(problems or []),
        coverage={one["rule"]: one for one in trials or [] if one.get("record") == "coverage"},
        pauses=(await read_rule_pauses(visit.desk)).values(),
        pausing=query.get("pause", ""),
        spans=PAUSES,
    )


async def _checked(visit: Visit, version: Version) -> tuple[Records | None, Records | None]:
    """What check and test say of the file in force; None where they are still at it."""
    path, text = visit.console.file.path, version.sources[0].text
    problems = await visit.console.checks.problems(path, text, CHECK_PATIENCE_S)
    return problems, await visit.console.checks.trials(path, text, CHECK_PATIENCE_S)


def _by_line(problems: Records) -> Mapping[tuple[str, int], Sequence[str]]:
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for one in problems:
        found[one["file"], one["line"]].append(one["text"])
    return dict(found)


async def pause(visit: Visit) -> Response:
    form = await visit.form()
    if form.get("hours") not in PAUSES:
        raise Invalid(because("no_span_chosen"))
    lasts = PAUSES[form["hours"]]
    await pause_rule(visit.desk, form.get("rule", ""), lasts, operator=visit.operator, why=form.get("why", ""))
    return visit.go("/rules", visit.say("The rule pauses: it applies again by itself."))


async def resume(visit: Visit) -> Response:
    await resume_rule(visit.desk, (await visit.form()).get("rule", ""), operator=visit.operator)
    return visit.go("/rules", visit.say("The rule applies again."))


async def show_history(visit: Visit) -> Response:
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
    *pages("/rules", show),
    *acts("/rules/pause", pause),
    *acts("/rules/resume", resume),
    *pages("/rules/history", show_history),
    *acts("/rules/history/restore", restore),
)

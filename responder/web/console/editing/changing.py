"""Editing the rules as text: Check, Test, Impact and Save, with what each of them says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.drafts import Draft, diff_of, shown_text
from responder.desk.desk import DeskError, Missing, Refused
from responder.desk.editing.drafts import (
    Begun,
    Desktop,
    DraftChanged,
    drop_draft,
    keep_typed,
    open_desktop,
    read_beginning,
    save_draft,
    take_theirs,
)
from responder.desk.editing.rules_file import LONGEST_WHY, FileChanged
from responder.desk.editing.workspace import completions, keep_campaign
from responder.web.console.editing.snippets import campaign_for, snippets_for
from responder.web.console.frame.shared import Impact
from responder.web.console.frame.visits import Visit, acts, pages

PATIENCE_S = 1.5  # for what check says, when a page is opened
PATIENCE_OF_CHECK_S = 20.0  # when Check was pressed; the page says that it is at it, and the script asks again


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Patches of what somebody changed in the file and what the draft changed, and what saving it would do to theirs.

    The first two are None where the text that both began from was not kept.
    """

    theirs: Sequence[str] | None
    mine: Sequence[str] | None
    over_theirs: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What stands beside the text: what was pressed, what was typed with it, and what came of it.

    ``conflict`` is there where somebody changed the file, ``other_window`` is a patch where another window did.
    """

    doing: str = "check"
    wrong: str = ""
    why: str = ""
    seen: str = ""
    conflict: Conflict | None = None
    other_window: Sequence[str] | None = None


async def show(visit: Visit) -> Response:
    """The page with the draft, or with the file where there is none."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    return await _page(visit, desktop)


async def step(visit: Visit) -> Response:
    """Keep what was typed, and do what was pressed."""
    form = await visit.form()
    doing, file = form.get("step", "check"), visit.console.file
    if doing == "discard":
        await drop_draft(visit.desk, file, visit.operator)
        return visit.go("/rules/edit", visit.say("The draft is gone: this is the file."))
    if doing == "theirs":
        await take_theirs(visit.desk, file, visit.operator)
        return visit.go("/rules/edit")
    try:
        desktop = await _kept(visit, form)
    except DraftChanged as error:
        return await _other_window(visit, error)
    if doing == "save":
        return await _save(visit, desktop, form)
    if doing == "campaign":
        return await _campaign(visit, desktop)
    if doing == "impact":
        return await _begin_impact(visit, desktop)
    if doing == "cancel":
        await visit.console.impact.cancel(visit.operator)
        return visit.go("/rules/edit?step=impact#impact")
    return await _page(visit, desktop, Beside(doing=doing))


async def _campaign(visit: Visit, desktop: Desktop) -> Response:
    """Put a campaign into the draft, for its texts and days to be changed."""
    pattern = campaign_for(visit.console.rules(), desktop.text, visit.words.language, visit.now)
    line = await keep_campaign(
        visit.desk, visit.console.file, desktop, visit.operator, pattern.list_entry, pattern.rules
    )
    said = visit.say("The campaign stands in your draft: change its words, its last day and its texts.")
    return visit.go(f"/rules/edit?line={line}", said)


async def _begin_impact(visit: Visit, desktop: Desktop) -> Response:
    """Begin to run the texts of the last month through the draft, unless it has mistakes."""
    path = visit.console.file.path
    problems = await visit.console.checks.problems(path, desktop.text) or []
    if any(one["level"] == "error" for one in problems):
        await visit.console.impact.cancel(visit.operator)
        return await _page(visit, desktop, Beside(wrong=because("mistakes_before_impact")), 422)
    await visit.console.impact.start(visit.operator, path, desktop.text)
    return visit.go("/rules/edit?step=impact#impact")


async def _kept(visit: Visit, form: Mapping[str, str]) -> Desktop:
    """The draft with what a window sent. Raises DraftChanged if that window showed an older one."""
    file = visit.console.file
    if "rules" not in form:
        return await open_desktop(visit.desk, file, visit.operator)
    begun = Begun(seen=form["seen"], based_on=form["based_on"]) if form.keys() >= {"seen", "based_on"} else None
    return await keep_typed(visit.desk, file, visit.operator, form["rules"], begun)


async def _other_window(visit: Visit, error: DraftChanged) -> Response:
    """What was typed, with what another window made of the draft; whatever is pressed next goes by what was typed."""
    newer = error.newer
    draft = Draft(operator=visit.operator, text=error.mine, based_on=newer.based_on, changed_at=visit.now)
    mine = replace(newer, draft=draft)
    other = diff_of(mine.shown, newer.shown, visit.console.file.name)
    return await _page(visit, mine, Beside(seen=newer.seen, other_window=other), 409)


async def _save(visit: Visit, desktop: Desktop, form: Mapping[str, str]) -> Response:
    file, why = visit.console.file, form.get("why", "")
    told = await visit.console.checks.problems(file.path, desktop.text) or []
    if any(one["level"] == "warning" for one in told) and not form.get("despite"):
        return await _page(visit, desktop, Beside(wrong=because("warnings_unread"), why=why), 422)
    try:
        await save_draft(visit.desk, file, visit.operator, why)
    except DraftChanged as error:
        return await _other_window(visit, error)
    except FileChanged as error:
        conflict = _conflict(desktop, await read_beginning(visit.desk, desktop), error.theirs, file.name)
        return await _page(visit, desktop, Beside(why=why, conflict=conflict), 409)
    except DeskError as error:
        return await _page(visit, desktop, Beside(wrong=reason_of(error), why=why), 422)
    visit.console.lookout.forget()
    return visit.go("/rules", visit.say("Saved: the rules are in force within seconds."))


def _conflict(desktop: Desktop, beginning: str | None, theirs: str, name: str) -> Conflict:
    """What both changed, where that can be told, and what the draft would change of theirs."""
    began, now = None if beginning is None else shown_text(beginning), shown_text(theirs)
    return Conflict(
        theirs=None if began is None else diff_of(began, now, name),
        mine=None if began is None else diff_of(began, desktop.shown, name),
        over_theirs=diff_of(now, desktop.shown, name),
    )


async def _trials(visit: Visit, text: str) -> dict[str, Any]:
    """What ``test`` says of a text."""
    records = await visit.console.checks.trials(visit.console.file.path, text) or []
    tried = [one for one in records if one.get("record") not in (None, "coverage")]
    return {
        "failed": [one for one in tried if not one["passed"]],
        "count": len(tried),
        "uncovered": [one for one in records if one.get("record") == "coverage" and not one["exercised"]],
        "errors": [one["text"] for one in records if one.get("level") == "error"],
    }


async def _page(visit: Visit, desktop: Desktop, beside: Beside | None = None, status: int = 200) -> Response:
    query, file = visit.request.query_params, visit.console.file
    beside = beside or Beside(doing=query.get("step", "check"))
    patience_s = PATIENCE_S if visit.request.method == "GET" else PATIENCE_OF_CHECK_S
    problems = await visit.console.checks.problems(file.path, desktop.text, patience_s)
    levels = {one["level"] for one in problems or ()}
    return await visit.page(
        "rules_edit.html",
        status,
        desktop=desktop,
        beside=beside,
        seen=beside.seen or desktop.seen,
        problems=problems,
        has_errors="error" in levels,
        has_warnings="warning" in levels,
        trials=await _trials(visit, desktop.text) if beside.doing == "test" and "error" not in levels else None,
        impact=visit.console.impact.of(visit.operator) if beside.doing == "impact" else None,
        patch=desktop.patch(file.name),
        why_not=file.why_not_saved(),
        longest_why=LONGEST_WHY,
        line=query.get("line", ""),
        snippets=snippets_for(visit.console.rules(), visit.words.language),
        completions=completions(visit.console.rules()),
    )


async def keep_while_typing(visit: Visit) -> Response:
    """Keep what is being typed; 409 if another window changed the draft meanwhile."""
    try:
        desktop = await _kept(visit, await visit.form())
    except DraftChanged:
        sentence = visit.say(
            "Your draft was changed in another window: what you type here is not kept. Press Check to see both."
        )
        return JSONResponse({"sentence": sentence}, status_code=409)
    return JSONResponse({"seen": desktop.seen, "based_on": desktop.based_on})


async def problems_so_far(visit: Visit) -> Response:
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    return JSONResponse({"problems": await visit.console.checks.problems(visit.console.file.path, desktop.text)})


async def impact_so_far(visit: Visit) -> Response:
    """How far the impact is, as the page asks again and again."""
    found: Impact | None = visit.console.impact.of(visit.operator)
    if found is None:
        raise Missing(because("no_impact_asked"))
    return JSONResponse({"is_running": found.is_running, "done": found.done, "total": found.total})


async def give_patch(visit: Visit) -> Response:
    """The draft as a patch for those who change the file elsewhere."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    if not desktop.is_changed:
        raise Refused(because("draft_is_file"))
    name = visit.console.file.name
    headers = {"Content-Disposition": f'attachment; filename="{name}.patch"'}
    return PlainTextResponse("\n".join(desktop.patch(name)) + "\n", headers=headers)


routes: Sequence[Route] = (
    *pages("/rules/edit", show, step),
    *acts("/rules/edit/draft", keep_while_typing),
    *pages("/rules/edit/problems", problems_so_far),
    *pages("/rules/edit/impact", impact_so_far),
    *pages("/rules/edit/patch", give_patch),
)

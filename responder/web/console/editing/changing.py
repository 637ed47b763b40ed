"""Editing the rules as text: Check, Test, Impact and Save, with what each of them says."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from responder.core.operations.drafts import diff_of, shown_text
from responder.desk.desk import DeskError, Missing, Refused
from responder.desk.editing.drafts import Desktop, drop_draft, keep_typed, open_desktop, save_draft, take_theirs
from responder.desk.editing.rules_file import LONGEST_WHY, FileChanged
from responder.desk.editing.workspace import completions
from responder.web.console.editing.snippets import SNIPPETS
from responder.web.console.frame.visits import Visit, acts, pages
from responder.web.console.running.impact import Impact

PATIENCE_S = 1.5  # for what check says, when a page is opened


async def show(visit: Visit) -> Response:
    """The page with the draft, or with the file where there is none."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    return await _page(visit, desktop)


async def step(visit: Visit) -> Response:
    """Keep what was typed, and do what was pressed."""
    form = await visit.form()
    doing, file = form.get("step", "check"), visit.console.file
    if doing == "discard":
        await drop_draft(visit.desk, visit.operator)
        return visit.go("/rules/edit", visit.say("The draft is gone: this is the file."))
    if doing == "theirs":
        await take_theirs(visit.desk, file, visit.operator)
        return visit.go("/rules/edit")
    desktop = await keep_typed(visit.desk, file, visit.operator, form["rules"]) if "rules" in form else None
    desktop = desktop or await open_desktop(visit.desk, file, visit.operator)
    if doing == "save":
        return await _save(visit, desktop, form)
    if doing == "impact":
        visit.console.impact.start(visit.operator, file.path, desktop.text)
        return visit.go("/rules/edit?step=impact#impact")
    if doing == "cancel":
        await visit.console.impact.cancel(visit.operator)
        return visit.go("/rules/edit?step=impact#impact")
    return await _page(visit, desktop, doing=doing)


async def _save(visit: Visit, desktop: Desktop, form: Mapping[str, str]) -> Response:
    file, why = visit.console.file, form.get("why", "")
    told = await visit.console.checks.problems(file.path, desktop.text) or []
    if any(one["level"] == "warning" for one in told) and not form.get("despite"):
        sentence = visit.say("There are warnings: read them, and tick that you save all the same.")
        return await _page(visit, desktop, status=422, wrong=sentence, why=why, doing="check")
    try:
        await save_draft(visit.desk, file, visit.operator, why)
    except FileChanged as error:
        return await _page(visit, desktop, status=409, theirs=error.theirs, why=why)
    except DeskError as error:
        return await _page(visit, desktop, status=422, wrong=str(error), why=why, doing="check")
    visit.console.lookout.forget()
    return visit.go("/rules", visit.say("Saved: the rules are in force within seconds."))


async def _trials(visit: Visit, text: str) -> dict[str, Any]:
    """What ``test`` says of a text."""
    records = await visit.console.checks.trials(visit.console.file.path, text)
    tried = [one for one in records if one.get("record") not in (None, "coverage")]
    return {
        "failed": [one for one in tried if not one["passed"]],
        "count": len(tried),
        "uncovered": [one for one in records if one.get("record") == "coverage" and not one["exercised"]],
        "errors": [one["text"] for one in records if one.get("level") == "error"],
    }


async def _page(
    visit: Visit,
    desktop: Desktop,
    *,
    status: int = 200,
    doing: str | None = None,
    theirs: str | None = None,
    wrong: str = "",
    why: str = "",
) -> Response:
    query, file = visit.request.query_params, visit.console.file
    doing = doing or query.get("step", "check")
    patience_s = PATIENCE_S if visit.request.method == "GET" else None
    problems = await visit.console.checks.problems(file.path, desktop.text, patience_s)
    known = problems or []
    has_errors = any(one["level"] == "error" for one in known)
    reason = file.why_not_saved()
    return await visit.page(
        "rules_edit.html",
        status,
        desktop=desktop,
        shown=desktop.shown,
        problems=problems,
        has_errors=has_errors,
        has_warnings=any(one["level"] == "warning" for one in known),
        trials=await _trials(visit, desktop.text) if doing == "test" and not has_errors else None,
        impact=visit.console.impact.of(visit.operator) if doing == "impact" else None,
        patch=desktop.patch(file.name),
        theirs=diff_of(shown_text(desktop.file), shown_text(theirs), file.name) if theirs is not None else None,
        mine=diff_of(shown_text(theirs), desktop.shown, file.name) if theirs is not None else None,
        why_not=reason,
        wrong=wrong,
        why=why,
        longest_why=LONGEST_WHY,
        line=query.get("line", ""),
        snippets=SNIPPETS,
        completions=completions(visit.console.rules()),
    )


async def problems_while_typing(visit: Visit) -> Response:
    """Keep what is being typed, and say what is wrong with it."""
    typed = (await visit.form()).get("rules", "")
    desktop = await keep_typed(visit.desk, visit.console.file, visit.operator, typed)
    problems = await visit.console.checks.problems(visit.console.file.path, desktop.text)
    return JSONResponse({"problems": problems, "is_changed": desktop.is_changed})


async def impact_so_far(visit: Visit) -> Response:
    """How far the impact is, as the page asks again and again."""
    found: Impact | None = visit.console.impact.of(visit.operator)
    if found is None:
        raise Missing(visit.say("No impact was asked for."))
    return JSONResponse({"is_running": found.is_running})


async def give_patch(visit: Visit) -> Response:
    """The draft as a patch for those who change the file elsewhere."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    if not desktop.is_changed:
        raise Refused(visit.say("The draft is the file as it stands."))
    name = visit.console.file.name
    headers = {"Content-Disposition": f'attachment; filename="{name}.patch"'}
    return PlainTextResponse("\n".join(desktop.patch(name)) + "\n", headers=headers)


routes: Sequence[Route] = (
    *pages("/rules/edit", show, step),
    *acts("/rules/edit/problems", problems_while_typing),
    *pages("/rules/edit/impact", impact_so_far),
    *pages("/rules/edit/patch", give_patch),
)

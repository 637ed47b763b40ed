"""Unmatched: what nobody's rule met, and a word for the rule that came nearest."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.drafts import shown_text
from responder.desk.desk import Invalid
from responder.desk.editing.drafts import open_desktop
from responder.desk.editing.rules_file import list_unmatched, rules_with_words
from responder.desk.editing.workspace import keep_alias
from responder.web.console.editing.choice import DRAFT, chosen_rules
from responder.web.console.frame.lists import as_csv, as_lines, each_of
from responder.web.console.frame.visits import Visit, acts, pages


async def show(visit: Visit) -> Response:
    """The page of texts that met no rule in 30 days, the most frequent first."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    rules = visit.console.rules()
    try:
        draft = await chosen_rules(visit, DRAFT) if desktop.draft else None
        wrong = ""
    except Invalid as error:
        draft, wrong = None, reason_of(error)
    return await visit.page(
        "unmatched.html",
        items=await list_unmatched(visit.desk, rules, draft),
        names=rules_with_words(rules),
        has_draft=desktop.draft is not None,
        wrong=wrong,
    )


async def give_lines(visit: Visit) -> Response:
    """The groups as JSON Lines."""
    return as_lines(each_of(await list_unmatched(visit.desk, visit.console.rules(), None)))


async def give_csv(visit: Visit) -> Response:
    """The groups as CSV."""
    return as_csv(each_of(await list_unmatched(visit.desk, visit.console.rules(), None)), "unmatched")


async def add_alias(visit: Visit) -> Response:
    """Put a text into the draft as one more word for a rule, and show its line."""
    form = await visit.form()
    word = shown_text(form.get("word", "")).strip()
    if not word or not form.get("rule"):
        raise Invalid(because("no_rule_chosen"))
    line = await keep_alias(visit.desk, visit.console.file, visit.operator, form["rule"], word)
    return visit.go(f"/rules/edit?line={line}", visit.say("It stands in line %(line)d of your draft.", line=line))


routes: Sequence[Route] = (
    *pages("/unmatched", show),
    *pages("/unmatched.json", give_lines),
    *pages("/unmatched.csv", give_csv),
    *acts("/unmatched/alias", add_alias),
)

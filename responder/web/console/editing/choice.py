"""Which rules a page goes by: those in force, a draft, or a version that once was."""

import asyncio

from responder.core.rules.rules import Rules
from responder.desk.desk import Invalid
from responder.desk.editing.drafts import open_desktop
from responder.desk.rule_versions import rules_of_version
from responder.errors import RulesError
from responder.web.console.frame.visits import Visit

IN_FORCE, DRAFT = "", "draft"


async def chosen_rules(visit: Visit, choice: str) -> Rules:
    """The rules of a choice. Raises Invalid with what is wrong with a draft, Missing for an unknown version."""
    in_force = visit.console.rules()
    if choice == IN_FORCE:
        return in_force
    if choice != DRAFT:
        return (await rules_of_version(visit.desk, choice)).with_pauses(in_force.pauses)
    file = visit.console.file
    desktop = await open_desktop(visit.desk, file, visit.operator)
    try:
        rules = await file.rules_of(desktop.text)
    except RulesError as error:
        raise Invalid(*map(str, error.mistakes)) from error
    await asyncio.to_thread(getattr, rules, "index")
    return rules.with_pauses(in_force.pauses)

"""What pages write into an operator's draft: a word for a rule, or a test."""

import asyncio

from responder.desk.desk import Desk, Invalid, Refused
from responder.desk.editing.drafts import Desktop, keep_draft, open_desktop
from responder.desk.editing.rules_file import RulesFile
from responder.errors import RulesError
from responder.rulefile.writing import with_alias, with_test


async def keep_test(desk: Desk, file: RulesFile, operator: str, test: str) -> Desktop:
    """Put a test at the end of an operator's draft."""
    desktop = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, desktop, operator, with_test(desktop.text, test))


async def keep_alias(desk: Desk, file: RulesFile, operator: str, rule: str, word: str) -> int:
    """Put one more word for a rule into an operator's draft, and give its line. Raises Invalid and Refused."""
    desktop = await open_desktop(desk, file, operator)
    try:
        rules = await file.rules_of(desktop.text)
    except RulesError as error:
        raise Invalid(*map(str, error.mistakes)) from error
    found = await asyncio.to_thread(with_alias, rules, rule, word)
    if found is None:
        raise Refused(f"no place for one more word of rule {rule!r} was found: write it into the file")
    await keep_draft(desk, file, desktop, operator, found[0])
    return found[1]

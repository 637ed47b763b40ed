"""What pages write into an operator's draft: a word for a rule, a test, or a campaign."""

import asyncio

from responder.desk.desk import Desk, Invalid, Refused
from responder.desk.editing.drafts import Desktop, keep_draft, open_desktop
from responder.desk.editing.rules_file import RulesFile
from responder.errors import RulesError
from responder.rulefile.writing import NoPlace, with_alias, with_list, with_rules, with_test

LONGEST_SHOWN = 40  # characters of a word that cannot be added


async def keep_test(desk: Desk, file: RulesFile, operator: str, test: str) -> Desktop:
    """Put a test at the end of an operator's draft."""
    desktop = await open_desktop(desk, file, operator)
    return await keep_draft(desk, file, desktop, operator, with_test(desktop.text, test))


async def keep_campaign(desk: Desk, file: RulesFile, before: Desktop, operator: str, entry: str, rules: str) -> int:
    """Put a list and the rules of a campaign into an operator's draft, and give their line. Raises Refused."""
    try:
        text, line = with_rules(with_list(before.text, entry), rules)
    except NoPlace as error:
        raise Refused(str(error)) from error
    await keep_draft(desk, file, before, operator, text)
    return line + 1  # an empty line comes first


async def keep_alias(desk: Desk, file: RulesFile, operator: str, rule: str, word: str) -> int:
    """Put one more word for a rule into an operator's draft, and give its line. Raises Invalid and Refused."""
    desktop = await open_desktop(desk, file, operator)
    try:
        rules = await file.rules_of(desktop.text)
    except RulesError as error:
        raise Invalid(*map(str, error.mistakes)) from error
    try:
        text, line = await asyncio.to_thread(with_alias, rules, rule, word)
        await file.rules_of(text)
    except NoPlace as error:
        raise Refused(str(error)) from error
    except RulesError as error:
        raise Refused(f"{shortened(word)} cannot be a word of rule {rule!r}: {error.mistakes[0].text}") from error
    await keep_draft(desk, file, desktop, operator, text)
    return line


def shortened(word: str) -> str:
    """A word in quotes, of which a long one is cut."""
    return repr(word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…")

"""Try in the console explains a text exactly as `responder explain --json` does: same rules, state and time."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from responder.core.rehearsal.trials import messages_of
from responder.core.rules.rules import Rules
from responder.core.sms.times import iso
from responder.desk.desk import Desk
from responder.desk.editing.trying import Said, Talk, try_talk
from responder.desk.rule_versions import pause_rule, read_rule_pauses
from responder.rulefile import load_rules
from responder.wiring import utc_now
from tests.builders import ANNA, BRUNO, SHOP, inbound
from tests.cli.conftest import Installation, run

SHIPPED = Path(__file__).parents[3] / "rules.yaml"
STRANGER = "+393319999999"
ODD = (
    "STOP",
    "stop it please",
    "basta",
    "START",
    "HELP",
    "yes",
    "No",
    "sì!",
    "2",
    "ok 👍",
    "",
    "😀",
    "xyzzy",
    "a\nb",
    "N" * 300,
)


def texts_of(rules: Rules) -> list[str]:
    """What the examples and tests of a file say."""
    examples = [text for rule in rules.rules for text in (*rule.examples, *rule.counterexamples)]
    tests = [message.text for case in rules.tests for message in messages_of(case, rules, utc_now())]
    return [*dict.fromkeys((*examples, *tests)), *(rule.name.replace("-", " ") for rule in rules.rules)]


def drawn(seed: int, rules: Rules) -> tuple[str, str, str]:
    """A text, who sends it, and when: known texts, some of them misspelt, from people of whom something is known."""
    chance = random.Random(seed)
    text = chance.choice([*texts_of(rules), *ODD])
    if len(text) > 3 and chance.random() < 0.4:
        place = chance.randrange(len(text) - 1)
        text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    at = utc_now() + timedelta(minutes=chance.randrange(60 * 24 * 9))
    return text, chance.choice([ANNA, BRUNO, STRANGER]), iso(at)


async def people(here: Installation) -> None:
    """Somebody on a list with an appointment that is open, and somebody who said STOP."""
    soon = utc_now() + timedelta(days=2)
    csv = f"id,originator,starts_at\na1,{ANNA},{iso(soon)}\n"
    await run("appointments", "import", here.write("visits.csv", csv))
    await here.handle(inbound("News ON", received=utc_now()), inbound("STOP", BRUNO, received=utc_now()))


async def differs(here: Installation, desk: Desk, file: Path, seed: int) -> list[str]:
    """What Try tells otherwise than the command."""
    rules = load_rules(file, {}).with_pauses(await read_rule_pauses(desk))
    text, originator, at = drawn(seed, rules)
    options = ("--from", originator, "--to", SHOP, "--at", at, "--rules", str(file), "--json")
    told = (await run("explain", *options, "--", text)).record
    moment = utc_now().fromisoformat(at)
    talk = Talk(originator=originator, destination=SHOP, as_known=True, said=(Said(text=text, at=moment),))
    (tried,) = await try_talk(desk, rules, talk)
    shown = tried.explanation.as_json()
    return [f"{seed} {text!r}: {name}" for name in told.keys() | shown.keys() if told.get(name) != shown.get(name)]


async def all_that_differs(here: Installation, seeds: range) -> list[str]:
    await people(here)
    shipped = Path(shutil.copy(SHIPPED, here.folder / "shipped.yaml"))

    async def in_force() -> Rules:
        return here.work.rules

    desk = Desk(database=here.store.database, secret=here.store.secret, rules=in_force, clock=utc_now)
    await pause_rule(desk, "news-off", timedelta(days=3), operator="Anna", why="sold out")
    files = (here.folder / "rules.yaml", shipped)
    return [found for seed in seeds for found in await differs(here, desk, files[seed % 2], seed)]


async def test_try_explains_as_the_command_does(here: Installation) -> None:
    assert await all_that_differs(here, range(6)) == []


@pytest.mark.big
async def test_try_explains_two_hundred_texts_as_the_command_does(here: Installation) -> None:
    assert await all_that_differs(here, range(200)) == []

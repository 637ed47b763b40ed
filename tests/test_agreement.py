"""``responder test`` and the service agree: every conversation gets the same texts from both."""

import ast
import asyncio
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from textwrap import indent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Known
from responder.core.rehearsal.conversation import imagined
from responder.core.rehearsal.trials import known_of, messages_of
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Case
from responder.errors import RulesError
from responder.rulefile import load_rules, read_rules
from responder.store.base.database import Database
from tests.agreement import Conversation, rehearsed, served
from tests.builders import ANNA, SHOP
from tests.conftest import NOON, store_on
from tests.planning import appointment
from tests.rulefile import test_cases

ROOT = Path(__file__).parent.parent
FENCED = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
WHEN = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # a working day, of tests that name no time


def conversation_of(case: Case, rules: Rules, file: str) -> Conversation:
    messages = tuple(messages_of(case, rules, WHEN))
    begins_at = min(message.received_at for message in messages)
    known = known_of(case.given, case.originator, begins_at)
    return Conversation(
        name=f"{file}: {case.name}", rules=rules, known=known, messages=messages, responses=case.given.responses
    )


def rules_in_files() -> Iterator[tuple[str, Rules]]:
    """The rules of all files of the project that hold tests, and of all texts in its tests and its documentation that do."""
    for path in (
        ROOT / "rules.yaml",
        *sorted((ROOT / "tests").rglob("*.yaml")),
        *sorted((ROOT / "examples").rglob("*.yaml")),
    ):
        if b"tests:" in path.read_bytes() and (found := readable(path)):
            yield path.name, found
    for path in sorted((ROOT / "docs").glob("*.md")):
        for block in FENCED.findall(path.read_text()):
            yield from ((path.name, found) for found in written(block))
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        source = path.read_text()
        for node in ast.walk(ast.parse(source)) if "tests:" in source else ():
            if isinstance(node, ast.Constant) and isinstance(text := node.value, str) and "tests:" in text:
                yield from ((path.name, found) for found in written(text))


def readable(path: Path) -> Rules | None:
    try:
        return load_rules(path, {})
    except RulesError:
        return None


def written(text: str) -> Iterator[Rules]:
    """The rules of a text, if they are right; where it has none, those of the project's own file."""
    for source in (
        text,
        f"version: 1\n{text}",
        (ROOT / "rules.yaml").read_text().partition("\ntests:")[0] + "\n" + text,
    ):
        try:
            yield read_rules(source, "rules.yaml", {})
        except RulesError:
            continue
        return


def rules_put_together() -> Iterator[tuple[str, Rules]]:
    """The rules of tests that are written piece by piece."""
    for case in (*test_cases.PASSING.values(), *test_cases.FAILING):
        listed = indent(f"name: {case.encode().hex()[-8:]}\n{case}", "    ")
        yield "test_cases.py", read_rules(f"{test_cases.FILE}  -\n{listed}\n", "rules.yaml", {})


@cache
def conversations() -> tuple[Conversation, ...]:
    files = (*rules_in_files(), *rules_put_together())
    return tuple(conversation_of(case, rules, file) for file, rules in files for case in rules.tests)


def test_there_are_conversations_to_compare() -> None:
    assert len(conversations()) >= 30


async def check(conversation: Conversation, migrated_url: str) -> None:
    database = Database(migrated_url)
    try:
        for got, said in zip(
            await served(conversation, await store_on(database)), rehearsed(conversation), strict=True
        ):
            assert got == said
    finally:
        await database.close()


@pytest.mark.parametrize("conversation", conversations(), ids=lambda conversation: conversation.name)
async def test_every_conversation_of_the_files_gets_the_same_texts_from_both(
    conversation: Conversation, migrated_url: str
) -> None:
    await check(conversation, migrated_url)


RULES = read_rules(
    """
version: 1
languages: [en, it]
lists:
  news: {title: Weekly news}
  offers: {title: Offers, double_opt_in: true}
  games: {title: Games, double_opt_in: true}
webhooks:
  crm: {url: "https://crm.example.com/in", events: [consent.changed, appointment.changed]}
  dumb: {url: "https://dumb.example.com/in"}
limits: {replies: 4/10m, equal: 2/h, per_day: 12}
appointments: {late: "Too late.", unclear: "A person will read this."}
rules:
  - {name: news-on, when: {text: {en: News ON, it: Notizie SI}}, then: [subscribe: {list: news, already: "You get them already."}, reply: Welcome.]}
  - {name: news-week, when: {text: News week}, then: [subscribe: {list: news, for: 7d}, reply: "For a week."]}
  - {name: news-off, when: {text: News OFF}, then: [unsubscribe: news, reply: You left.]}
  - {name: only, when: {text: Only news}, then: [unsubscribe: all, subscribe: news, reply: Only the news.]}
  - {name: offers-on, when: {text: Offers ON}, then: [subscribe: offers, reply: Offers it is., webhook: crm]}
  - {name: games-on, when: {text: Games ON, hours: "Mon-Sun 08:00-14:00"}, then: [subscribe: games, reply: Games it is.]}
  - {name: "yes", when: {answer: confirm}, then: [appointment: confirm, reply: "See you, {{ appointment.name }}."]}
  - {name: "no", when: {answer: cancel}, then: [appointment: cancel, hand_off: cancelled]}
  - {name: name, when: {starts_with: my name is}, then: [set: {name: "{{ rest }}"}, reply: "Hello {{ contact.name }}."]}
  - {name: track, when: {text: track}, then: [webhook: {to: crm, reply: "Parcel: {{ response.text }}", otherwise: We will call.}]}
  - {name: dumb, when: {text: dumb}, then: [webhook: {to: dumb, reply: "{{ response.text }}", otherwise: "No answer."}, reply: Asked.]}
  - {name: later, when: {text: later}, then: [reply: {text: "Now it is later.", delay: 2h}, reply: {text: Once., once_per: 2h}]}
  - {name: seldom, when: {text: seldom}, cooldown: 1h, then: [reply: Seldom.]}
  - {name: person, when: {text: person}, then: [hand_off: {reason: asked for, pause: 1h}, reply: One moment.]}
  - {name: goes-on, when: {contains: and}, continue: true, then: [set: {and: "yes"}]}
  - {name: italian, when: {contains: ciao, language: it}, then: [reply: Ciao a te.]}
fallback: {then: [reply: "Sorry?", hand_off: unrecognised]}
""",
    "rules.yaml",
    {},
)
TEXTS = [
    *(
        "News ON",
        "Notizie SI",
        "News week",
        "News OFF",
        "Only news",
        "Offers ON",
        "Games ON",
        "yes",
        "no",
        "1",
        "2",
        "all",
        "my name is Anna",
    ),
    *(
        "track",
        "dumb",
        "later",
        "seldom",
        "person",
        "this and that",
        "ciao",
        "STOP",
        "STOP NEWS",
        "START",
        "HELP",
        "hello?",
        "stop it maybe",
        "",
    ),
    *(
        "Welcome.",
        "Liked “Welcome.”",
        "Ha messo un cuore a “Sorry? Sorry?”",
        "Sorry?",
        "basta",
        "can we move it",
        "thanks",
    ),
]
GAPS = [
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(minutes=9),
    timedelta(minutes=50),
    timedelta(hours=3),
    timedelta(hours=23),
    timedelta(days=3),
]
BEGINNINGS = [
    Known(originator=ANNA),
    Known(originator=ANNA, appointments=(appointment(name="Ada"),)),
    Known(
        originator=ANNA,
        language="it",
        appointments=(appointment(), appointment("a2", AppointmentStatus.CONFIRMED, service="Teeth")),
    ),
    Known(originator=ANNA, fields={"name": "Bo"}, appointments=(appointment(starts_at=NOON - timedelta(hours=3)),)),
]
NUMBERS = itertools.count(1)
texted = st.tuples(st.sampled_from(TEXTS), st.sampled_from(GAPS))


@given(beginning=st.sampled_from(BEGINNINGS), texts=st.lists(texted, min_size=1, max_size=14))
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
def test_any_conversation_gets_the_same_texts_from_both(
    migrated_url: str, beginning: Known, texts: Sequence[tuple[str, timedelta]]
) -> None:
    someone = f"+39330{next(NUMBERS):07}"  # another one each time, so that one database serves
    dates = tuple(replace(one, id=f"{one.id}{someone}", originator=someone) for one in beginning.appointments)
    now, messages = NOON, []
    for text, gap in texts:
        now += gap
        messages.append(imagined(text, someone, SHOP, now, next(NUMBERS)))
    known = replace(beginning, originator=someone, appointments=dates)
    said = {"crm": b'{"text": "on its way"}'}
    asyncio.run(
        check(
            Conversation(name="any", rules=RULES, known=known, messages=tuple(messages), responses=said), migrated_url
        )
    )

"""responder webhooks: as an integrator types it."""

import json

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select

from responder.core.contact.effects import StepKind
from responder.core.rules.sections import Event
from responder.desk.deliveries import webhook_bodies
from responder.rulefile import read_rules
from responder.store.base.tables import steps
from tests.builders import inbound
from tests.cli.conftest import Installation, run
from tests.receiver import receiving
from tests.worker.conftest import RULES

ALL = ", ".join(event for event in Event if not event.startswith(("alert", "credit")))


async def test_webhooks_are_listed_without_their_secrets(here: Installation) -> None:
    record = (await run("webhooks", "list", "--json")).record
    assert record == {
        "name": "crm",
        "url": "https://crm.example.com/hook",
        "events": [],
        "signed": False,
        "status": "fine",
        "failing_since": None,
        "disabled_at": None,
        "reason": None,
    }


async def test_a_webhook_is_called_to_try_it(here: Installation) -> None:
    async with receiving() as receiver:
        here.write("rules.yaml", RULES.replace("https://crm.example.com/hook", f"{receiver.url}/hook"))
        here.set(ALLOW_PRIVATE_WEBHOOKS="true")
        outcome = await run("webhooks", "test", "crm")
        assert (outcome.code, outcome.out) == (0, "crm: took the call\n")
        assert receiver.requests[0].json()["type"] == "test"
        assert receiver.requests[0].headers["webhook-id"].startswith("test-")


async def test_a_webhook_that_takes_no_call_is_told(here: Installation) -> None:
    async with receiving() as receiver:
        receiver.status = 500
        here.write("rules.yaml", RULES.replace("https://crm.example.com/hook", f"{receiver.url}/hook"))
        here.set(ALLOW_PRIVATE_WEBHOOKS="true")
        outcome = await run("webhooks", "test", "crm")
        assert (outcome.code, "HTTP 500" in outcome.err) == (1, True)


async def test_an_unknown_webhook_is_told(here: Installation) -> None:
    outcome = await run("webhooks", "test", "crmm")
    assert (outcome.code, "did you mean 'crm'?" in outcome.err) == (1, True)


async def test_the_schema_is_one(here: Installation) -> None:
    schema = json.loads((await run("webhooks", "schema")).out)
    Draft202012Validator.check_schema(schema)
    assert {*map(str, Event), "rule.matched", "test"} == set(schema["properties"]["type"]["enum"])


@pytest.mark.parametrize("text", ["News ON", "STOP", "what?", "my name is Ada", "I want you to stop"])
async def test_what_webhooks_are_sent_is_what_the_schema_says(here: Installation, text: str) -> None:
    rules = RULES.replace('hook"}', f'hook", events: [{ALL}]}}')
    here.work.rules = read_rules(rules, "rules.yaml", {})
    await here.handle(inbound(text))
    async with here.store.database.read() as connection:
        query = select(steps.c.content).where(steps.c.kind == StepKind.WEBHOOK)
        bodies = [json.loads(content) for content in (await connection.execute(query)).scalars()]
    assert "message.handled" in [body["type"] for body in bodies]
    for body in bodies:
        Draft202012Validator(webhook_bodies()).validate(body)

"""What commands say when something beside them is wrong: the rules, the service, the settings, a key."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from tests.builders import ANNA, SHOP, inbound
from tests.cli.conftest import Installation, run
from tests.receiver import Receiver, receiving

BROKEN = "version: 1\nrules:\n  - name: on\n    when: {text: News ON}\n    then: [{subscibe: news}]\n"
TOLD = "rules.yaml:5:13: rule \"on\": unknown action 'subscibe', did you mean 'subscribe'?"


@pytest.mark.parametrize("command", ["run", "migrate"])
async def test_a_data_directory_that_cannot_be_made_is_told(here: Installation, command: str) -> None:
    here.set(DATA_DIR="/proc/nothing", DATABASE_URL="")
    outcome = await run(command)
    remedy = "set RESPONDER_DATA_DIR to a directory that this user may write"
    assert (outcome.code, outcome.err) == (1, f"/proc/nothing: cannot be used (No such file or directory), {remedy}\n")


@pytest.fixture
async def listening(here: Installation) -> AsyncIterator[Receiver]:
    """Something that listens where the service should."""
    async with receiving() as receiver:
        here.set(PORT=str(receiver.port))
        yield receiver


async def test_a_text_is_posted_as_the_gateway_does(here: Installation, listening: Receiver) -> None:
    listening.body = b"+OK"
    outcome = await run("text", "Sì & no", "--from", ANNA, "--to", SHOP, "--no-wait")
    (request,) = listening.requests
    form = parse_qs(request.body.decode(), strict_parsing=True)
    assert (outcome.code, outcome.out, request.path) == (0, "+OK\n", "/webhook/sms")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert re.fullmatch("[0-9]{14}", form.pop("date_time")[0])
    assert form == {"originator": [ANNA], "destination": [SHOP], "text": ["Sì & no"]}


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (200, b"hello", "that is not responder: check RESPONDER_HOST and RESPONDER_PORT"),
        (200, b"+OK\n", "that is not responder: check RESPONDER_HOST and RESPONDER_PORT"),
        (503, b"", "'responder doctor' says why"),
    ],
)
async def test_an_answer_that_is_not_ok_is_told_with_the_remedy(
    listening: Receiver, status: int, body: bytes, remedy: str
) -> None:
    listening.status, listening.body = status, body
    outcome = await run("text", "News ON")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"{listening.url}: the answer was HTTP {status} instead of +OK, ")
    assert remedy in outcome.err


async def test_a_service_on_another_database_is_told(listening: Receiver) -> None:
    listening.body = b"+OK"
    outcome = await run("text", "News ON")
    assert outcome.code == 1
    assert "give this command the same settings as 'responder run'" in outcome.err


async def test_doctor_crosses_out_rules_with_a_mistake_and_tells_its_place(here: Installation) -> None:
    here.write("rules.yaml", BROKEN)
    outcome = await run("doctor")
    assert outcome.code == 1
    assert f"✗ rules      {TOLD}" in outcome.out.splitlines()


async def test_doctor_tells_that_something_else_listens(listening: Receiver) -> None:
    outcome = await run("doctor")
    assert outcome.code == 1
    assert f"✗ service    {listening.url}/readyz answers HTTP 200: that is not responder" in outcome.out


async def test_doctor_crosses_out_settings_that_are_no_text(here: Installation) -> None:
    (here.folder / ".env").write_bytes(b"RESPONDER_PORT=\xff\n")
    outcome = await run("doctor", "--json")
    assert (outcome.code, outcome.err) == (1, "")
    assert (outcome.record["check"], outcome.record["level"]) == ("settings", "error")
    assert outcome.record["text"].startswith(".env: cannot be read")


async def test_explain_tells_the_mistakes_of_the_rules_without_a_traceback(here: Installation) -> None:
    here.write("rules.yaml", BROKEN)
    outcome = await run("explain", "News ON")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", f"{TOLD}\n")


async def test_a_near_miss_has_the_fields_of_the_contract(here: Installation) -> None:
    line = next(rule.line for rule in here.work.rules.rules if rule.name == "yes")
    assert (await run("explain", "yes", "--json")).record["near_misses"] == [
        {"rule": "yes", "line": line, "why": "no appointment is open for this number"}
    ]


async def test_a_delivery_that_is_not_there_is_told(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    outcome = await run("deliveries", "retry", "f" * 32)
    assert (outcome.code, outcome.out) == (1, "")
    assert "'responder deliveries list' has the keys" in outcome.err


async def test_without_calls_given_up_all_does_nothing(here: Installation) -> None:
    await here.handle(inbound("News ON"))
    outcome = await run("deliveries", "retry", "--all")
    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        "no webhook call was given up that could be made again\n",
        "",
    )


async def test_an_unknown_fate_is_wrong_usage(here: Installation) -> None:
    outcome = await run("deliveries", "list", "--status", "lost")
    assert outcome.code == 2
    assert "'uncertain'" in outcome.err

"""A second gateway needs its folder and its line: it posts, is trusted, answered, sent through and reports."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from responder.core.outbound.gateway import Gateway, Posted, Sample
from responder.errors import ConfigurationError
from responder.gateways import REGISTERED
from responder.rulefile import read_rules
from responder.settings.model import Gateways, Settings, load_settings, setting_fields
from responder.wiring import Store, make_gateway
from tests.builders import ANNA, BRUNO, SHOP, reply_step
from tests.conftest import NOON, StandingClock
from tests.gateways.second.settings import SIGNATURE, Second, SecondSettings
from tests.web.conftest import WebSide, web_side
from tests.web.test_sms import stored
from tests.worker.conftest import RULES, Work
from tests.worker.going_out import Out, going_out

GATEWAYS: Gateways = {**REGISTERED, "second": SecondSettings}  # as with one line more in responder/gateways/__init__.py
SECOND = Second(secret=b"secret", key="a-key", url="https://api.example.com", sender="")


def settings(**typed: str) -> Settings:
    names = {"GATEWAY": "second", "SECOND_KEY": "a-key"} | typed
    return load_settings({f"RESPONDER_{name}": value for name, value in names.items()}, GATEWAYS)


def refusal(**typed: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(**typed)
    return str(caught.value)


def text(name: str, originator: str = ANNA, at: datetime = NOON) -> dict[str, Any]:
    ends = {"from": originator, "to": SHOP}
    return {"type": "message", "id": name, **ends, "text": "News ON", "at": at.timestamp()}


@pytest.fixture
async def web(tmp_path: Path, clock: StandingClock) -> AsyncIterator[WebSide]:
    async with web_side(tmp_path, clock) as side:
        side.gateway = SECOND
        yield side


@pytest.fixture
async def out(store: Store, clock: StandingClock) -> AsyncIterator[Out]:
    async with going_out(Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))) as out:
        yield out


async def post(web: WebSide, posted: Posted, path: str = "/webhook/sms") -> httpx.Response:
    headers = {name.decode(): value.decode() for name, value in posted.headers}
    return await web.post(posted.body, path, headers=headers)


def test_it_is_chosen_by_its_name() -> None:
    gateway: Gateway = make_gateway(settings(SENDER="Shop"), b"secret")
    assert gateway == replace(SECOND, sender="Shop")


def test_its_settings_are_settings_like_all_others() -> None:
    assert {"second_key", "agile_api_key", "port"} <= setting_fields(GATEWAYS).keys()


def test_what_is_wrong_in_its_settings_is_told_with_the_rest() -> None:
    mistakes = refusal(PORT="five", SECOND_URL="http://api.example.com").splitlines()
    assert [mistake.split()[0] for mistake in mistakes] == ["RESPONDER_PORT", "RESPONDER_SECOND_URL"]


def test_a_key_that_it_cannot_do_without_is_asked_for() -> None:
    assert (
        refusal(SECOND_KEY="")
        == "RESPONDER_SECOND_KEY is not set, expected the key alone, without blanks or line breaks"
    )


def test_a_gateway_that_is_none_is_told() -> None:
    assert refusal(GATEWAY="third") == "RESPONDER_GATEWAY is 'third', expected one of agile, second"


async def test_it_hears_what_it_wants_to_hear(web: WebSide) -> None:
    answer = await post(web, SECOND.posted(text("m-1"), received_at=NOON))
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/json")
    assert answer.json() == {"ok": True}


async def test_several_messages_come_in_one_body(web: WebSide) -> None:
    await post(web, SECOND.posted(text("m-1"), text("m-2", BRUNO), received_at=NOON))
    assert len(await stored(web)) == 2


async def test_a_message_that_is_sent_again_is_known_by_its_name(web: WebSide) -> None:
    await post(web, SECOND.posted(text("m-1"), received_at=NOON))
    await post(web, SECOND.posted(text("m-1"), text("m-2"), received_at=NOON))
    assert len(await stored(web)) == 2


@pytest.mark.parametrize("headers", [(), ((SIGNATURE.encode(), b"0" * 64),), ((SIGNATURE.encode(), b"\xff"),)])
async def test_what_it_has_not_signed_is_not_stored(web: WebSide, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    posted = SECOND.posted(text("m-1"), received_at=NOON)._replace(headers=headers)
    answer = await web.post(posted.body, headers=list(headers))
    assert (answer.status_code, answer.text) == (404, "not found\n")
    assert not await stored(web)


async def test_the_sample_is_a_message_of_its_own_kind(web: WebSide) -> None:
    posted = SECOND.sample(Sample(originator=ANNA, destination=SHOP, text="News ON", sent_at=NOON))
    assert (await post(web, posted)).status_code == 202
    (message,) = await stored(web)
    assert (message.originator, message.gateway, message.sent_at) == (ANNA, "second", NOON)
    assert [message.key] == [read.key for read in SECOND.read_inbound(posted).inbound]


async def test_it_sends_and_its_report_settles_the_reply(out: Out) -> None:
    gateway = replace(SECOND, url=out.receiver.url)
    out.receiver.status, out.receiver.body = 201, b'{"id": "s-1"}'
    await out.queue(reply_step())
    await out.deliver(ways=replace(out.deliverer().ways, gateway=gateway))
    assert json.loads(out.receiver.requests[0].body)["to"] == reply_step().to
    report = {"type": "report", "id": "s-1", "status": "ok"}
    read = gateway.read_reports(gateway.posted(report, received_at=NOON))
    await out.work.store.reports.add(read.reports, out.work.clock())
    assert await out.statuses() == ["delivered"]

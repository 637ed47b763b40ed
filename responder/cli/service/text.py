"""responder text: send the running service an SMS as the gateway does, and show the outcome."""

import asyncio
import json
import threading
from datetime import UTC, timedelta, tzinfo
from typing import Annotated

import typer

from responder.cli.terminal.installation import local_url
from responder.cli.terminal.options import EXAMPLE_FROM, AsJson, read_end
from responder.cli.terminal.output import echo_json, moment, one_line, say, short_key
from responder.cli.terminal.session import last_good_rules, open_desk
from responder.clients.http import HttpClient
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.operations.messages import Explanation, why_silent
from responder.core.operations.pages import DeliveryFilter
from responder.core.operations.records import DeliveryRecord
from responder.core.outbound.gateway import Call, Sample
from responder.core.outbound.leaving import OPTED_OUT
from responder.core.rules.rules import EXAMPLE_NUMBER, Rules
from responder.core.sms.message import Channel, MessageStatus
from responder.desk.deliveries import list_deliveries
from responder.desk.desk import Desk, Missing
from responder.desk.messages import show_message
from responder.errors import ConfigurationError, PermanentError, ResponderError, TransientError, UncertainError
from responder.mail.account import account_of, reader_of
from responder.mail.mailbox import Mailbox
from responder.settings.model import Settings, load_settings
from responder.wiring import make_gateway, utc_now

WAIT_S = 5.0  # for a worker to handle it
MAIL_WAIT_S = 30.0  # for the intake of mails, which may have to ask for them
POLL_S = 0.05
ON_THE_WAY = frozenset({StepStatus.QUEUED, StepStatus.SENDING})
REFUSALS = {
    404: "it does not accept the token or this address: "
    "RESPONDER_WEBHOOK_TOKEN and RESPONDER_ALLOWED_IPS have to be those it was started with",
    503: "it cannot keep messages at the moment: 'responder doctor' says why",
}

app = typer.Typer()


@app.command("text")
def text(
    typed: Annotated[str, typer.Argument(metavar="TEXT", help="What the phone sends.")],
    *,
    sender: Annotated[str, typer.Option("--from", metavar="NUMBER", help="The number of the phone.")] = EXAMPLE_FROM,
    to: Annotated[
        str,
        typer.Option("--to", metavar="NUMBER", help="The number that is texted; without it, the first of 'numbers'."),
    ] = "",
    via: Annotated[
        Channel, typer.Option("--via", help="The way in: the gateway's webhook, or a mail into the mailbox.")
    ] = Channel.WEBHOOK,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for what becomes of it.")] = False,
    as_json: AsJson = False,
) -> None:
    settings = load_settings()
    asyncio.run(_text(settings, (sender, to, typed), via, wait_s=0.0 if no_wait else WAIT_S, as_json=as_json))


async def _text(settings: Settings, typed: tuple[str, str, str], via: Channel, *, wait_s: float, as_json: bool) -> None:
    rules = await _rules(settings)
    sample = _sample(rules, *typed)
    answer = await _mail(settings, sample) if via is Channel.MAIL else await _post(settings, sample)
    if not as_json:
        say(answer)
    if not wait_s and not as_json:
        return
    async with open_desk(settings) as desk:
        key = _key(settings, desk, sample)
        if via is Channel.MAIL:
            await _arrival(desk, key)
        explanation, deliveries = await _outcome(desk, key, wait_s)
    if as_json:
        echo_json(explanation.message.as_json())
    else:
        _print(explanation, deliveries, rules.zone if rules else UTC)
    if wait_s:
        _complain(explanation)


async def _rules(settings: Settings) -> Rules | None:
    """The rules that are in force; None where there is no installation yet, and no service will answer either."""
    try:
        async with open_desk(settings) as desk:
            return await last_good_rules(desk)
    except ConfigurationError:
        return None


def _sample(rules: Rules | None, sender: str, to: str, text: str) -> Sample:
    """The text as a phone would send it; numbers are read as everywhere, by the rules that are in force."""
    ends = (read_end(sender, rules), read_end(to, rules) if to else rules.our_number) if rules else (sender, to)
    return Sample(originator=ends[0], destination=ends[1] or EXAMPLE_NUMBER, text=text, sent_at=utc_now())


async def _mail(settings: Settings, sample: Sample) -> str:
    return f"put into {await asyncio.to_thread(_put_into_mailbox, settings, sample)}"


def _put_into_mailbox(settings: Settings, sample: Sample) -> str:
    """Put the text into the mailbox as a mail of the gateway, and say where. Raises ResponderError."""
    account = account_of(settings)
    mail = reader_of(settings, b"").sample(sample)
    mailbox = Mailbox(account, threading.Event())
    try:
        mailbox.open()
        mailbox.append(mail)
    except (PermanentError, TransientError) as error:
        raise ResponderError(f"{account.url.place}: {error}") from None
    finally:
        mailbox.close()
    return account.url.place


async def _arrival(desk: Desk, key: str) -> None:
    """Wait until the intake has taken a mail in; ResponderError if it does not."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + MAIL_WAIT_S
    while await _found(desk, key) is None:
        if loop.time() >= ends_at:
            raise ResponderError(
                f"no intake took the mail in within {MAIL_WAIT_S:.0f} s: 'responder doctor' says what is missing"
            )
        await asyncio.sleep(POLL_S)


async def _post(settings: Settings, sample: Sample) -> str:
    token = f"/{settings.webhook_token[0].get_secret_value()}" if settings.webhook_token else ""
    place = local_url(settings)
    gateway = make_gateway(settings, b"")
    posted, ack = gateway.sample(sample), gateway.ack
    call = Call(
        url=f"{place}/webhook/sms{token}",
        headers={name.decode(): value.decode("latin-1") for name, value in posted.headers},
        body=posted.body,
        timeout_s=30.0,  # the gateway's patience
    )
    async with HttpClient(allow_private=True) as client:
        try:
            response = await client.post(call)
        except (TransientError, UncertainError) as error:
            raise ResponderError(f"{place}: {error}: no service answers there, start it with 'responder run'") from None
    expected = ack.body.decode("utf-8", "replace")
    if (response.status, response.body) != (ack.status, ack.body):
        reason = REFUSALS.get(response.status, "that is not responder: check RESPONDER_HOST and RESPONDER_PORT")
        raise ResponderError(f"{place}: the answer was HTTP {response.status} instead of {expected}, {reason}")
    return expected


async def _found(desk: Desk, key: str) -> Explanation | None:
    try:
        return await show_message(desk, key)
    except Missing:
        return None


def _key(settings: Settings, desk: Desk, sample: Sample) -> str:
    gateway = make_gateway(settings, desk.secret)
    (message,) = gateway.read_inbound(gateway.sample(sample)).inbound
    return message.key


async def _outcome(desk: Desk, key: str, wait_s: float) -> tuple[Explanation, list[DeliveryRecord]]:
    """The message with its deliveries, once all is done or the time is up."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + wait_s
    while True:
        found = await _found(desk, key)
        if found is None:
            remedy = "give this command the same settings as 'responder run'"
            raise ResponderError(f"the service keeps its messages in another database: {remedy}")
        only = DeliveryFilter(message_key=key)
        deliveries = [delivery async for delivery in list_deliveries(desk, only).every()]
        waits = found.message.status is MessageStatus.RECEIVED or any(_is_on_the_way(one, found) for one in deliveries)
        if not waits or loop.time() >= ends_at:
            return found, deliveries
        await asyncio.sleep(POLL_S)


def _is_on_the_way(delivery: DeliveryRecord, explanation: Explanation) -> bool:
    """Whether a reply is about to go out, or a call whose answer becomes one."""
    if delivery.status not in ON_THE_WAY:
        return False
    if delivery.kind is StepKind.WEBHOOK:
        return any(step.get("to") == delivery.to and "reply" in step for step in explanation.steps)
    return not _leaves_later(delivery, explanation)


def _leaves_later(delivery: DeliveryRecord, explanation: Explanation) -> bool:
    handled_at, leaves_at = explanation.message.handled_at, delivery.next_attempt_at
    return handled_at is not None and leaves_at is not None and leaves_at > handled_at + timedelta(seconds=WAIT_S)


def _print(explanation: Explanation, deliveries: list[DeliveryRecord], zone: tzinfo) -> None:
    """Print the conversation, and which rule answered."""
    message = explanation.message
    say(f"{message.originator} > {one_line(message.text)}")
    for delivery in deliveries:
        said = (
            f"{delivery.to} < {one_line(delivery.text)}"
            if delivery.kind is StepKind.REPLY
            else f"webhook {delivery.to}: {json.loads(delivery.text)['type']}"
        )
        reason = f": {delivery.last_error}" if delivery.last_error else ""
        if delivery.kind is StepKind.REPLY and _leaves_later(delivery, explanation):
            reason = f" until {moment(delivery.next_attempt_at, zone)}"
        if delivery.status is StepStatus.SUPPRESSED and delivery.last_error == OPTED_OUT:
            reason += ": a text START from it undoes that"
        say(f"{said}  ({delivery.status}{reason})")
    if message.status is MessageStatus.HANDLED:
        if not any(delivery.kind is StepKind.REPLY for delivery in deliveries):
            say(f"no reply: {one_line(why_silent(explanation))}")
        say(f"rule {message.rule or 'none'}; more:  responder messages show {short_key(message.key)}")


def _complain(explanation: Explanation) -> None:
    message = explanation.message
    if message.status is MessageStatus.RECEIVED:
        remedy = "'responder doctor' says what is missing"
        raise ResponderError(f"message {message.key}: kept, and not handled within {WAIT_S:.0f} s: {remedy}")
    if message.status is not MessageStatus.HANDLED:
        why = message.error or "it came without originator or destination"
        raise ResponderError(
            f"message {message.key}: it is {message.status} ({why}), 'responder messages retry' tries again"
        )

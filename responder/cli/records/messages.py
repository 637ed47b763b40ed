"""responder messages: what came in, what was decided, and another try for what failed."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from responder.cli.rules.explain import print_deliveries, print_explanation, print_raw
from responder.cli.terminal.options import AsJson, Limit, Since
from responder.cli.terminal.output import Column, echo_json, moment, say, short_key
from responder.cli.terminal.session import at_desk, operator_name, print_list, read_address, with_desk
from responder.core.operations.pages import EVERY_MESSAGE, DeliveryFilter, MessageFilter
from responder.core.operations.records import MessageRecord
from responder.core.sms.message import MessageStatus
from responder.desk.appointments import read_day
from responder.desk.deliveries import list_deliveries
from responder.desk.desk import Desk, Records
from responder.desk.messages import list_messages, read_raw, retry_failed_messages, retry_message, show_message

KEYS_OF_MESSAGES = "responder messages list"
NO_MESSAGES = 'no messages yet: try  responder text "News ON"'
NO_SUCH_MESSAGES = "no message is like that: leave out some of the filters"
CHOOSE_MESSAGES = "name the key of one message, or --status failed for all that could not be handled"
ONLY_FAILED = "only --status failed takes up all of them again, as they came; a malformed message is named by its key"
NONE_FAILED = "no message is failed that could be received again"

KEY = typer.Argument(metavar="KEY", help="The key of the message, or enough of its beginning.")
From = Annotated[str | None, typer.Option("--from", metavar="NUMBER", help="Only what came from this number.")]
Rule = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only what this rule answered; also reserved:stop, fallback and the like."),
]
Status = Annotated[MessageStatus | None, typer.Option(help="Only what has come so far.")]

OnDay = Annotated[str | None, typer.Option(metavar="DAY", help="Only those of a day: 2026-12-01, today or yesterday.")]
AboutList = Annotated[str | None, typer.Option("--list", metavar="NAME", help="Only what changed who is on this list.")]
Unmatched = Annotated[bool, typer.Option("--unmatched", help="Only what no rule met.")]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(  # noqa: PLR0913  (an option each)
    *,
    sender: From = None,
    rule: Rule = None,
    status: Status = None,
    since: Since = None,
    day: OnDay = None,
    name: AboutList = None,
    unmatched: Unmatched = False,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List messages, oldest first."""
    only = MessageFilter(rule=rule, status=status, since=since, list=name, unmatched=unmatched)
    empty = NO_MESSAGES if only == EVERY_MESSAGE and not sender and not day else NO_SUCH_MESSAGES
    chosen = partial(_chosen, only=only, sender=sender, day=day)
    print_list(chosen, _columns(), limit=limit, as_json=as_json, empty=empty, whole=day is not None)


async def _chosen(desk: Desk, *, only: MessageFilter, sender: str | None, day: str | None) -> Records[MessageRecord]:
    begin, end = await read_day(desk, day) if day else (None, None)
    since = max(filter(None, (begin, only.since)), default=None)
    originator = await read_address(desk, sender)
    return list_messages(desk, replace(only, originator=originator, since=since, before=end))


@app.command("show")
@at_desk(KEYS_OF_MESSAGES)
async def show(desk: Desk, key: Annotated[str, KEY], *, as_json: AsJson = False) -> None:
    """Show one message, and explain what was decided about it."""
    explanation = await show_message(desk, key)
    if as_json:
        echo_json(explanation.as_json())
        return
    message = explanation.message
    answered = "" if message.answer_ms is None else f", answered in {message.answer_ms} ms"
    came = f"message {message.key} came by {message.channel}{answered}"
    zone = await desk.zone()
    say(f"{came}: {message.status} {moment(message.handled_at, zone)}".rstrip())
    if message.retried_by:
        say(f"received again by {message.retried_by}")
    print_explanation(explanation, zone=zone)
    deliveries = list_deliveries(desk, DeliveryFilter(message_key=message.key)).every()
    print_deliveries([delivery async for delivery in deliveries])
    if message.status is MessageStatus.MALFORMED:
        print_raw(await read_raw(desk, message.key))


@app.command("retry")
def retry(
    key: Annotated[str | None, KEY] = None,
    *,
    status: Annotated[
        MessageStatus | None, typer.Option(help="All that are so: 'failed', once what they failed of is mended.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="NUMBER", help="Who sent it, where it came without.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NUMBER", help="Which number it went to, where it came without.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="What it says, where it came without.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Receive a failed message again, all of them, or a malformed one with what it lacks."""
    if (key is None) is (status is None):
        raise typer.BadParameter(CHOOSE_MESSAGES)
    if key is None:
        if status is not MessageStatus.FAILED or any((sender, to, text)):
            raise typer.BadParameter(ONLY_FAILED)
        with_desk(partial(_retry_failed, as_json=as_json))
        return
    given = {"originator": sender or None, "destination": to or None}
    with_desk(partial(_retry, beginning=key, given=given, text=text, as_json=as_json), keys=KEYS_OF_MESSAGES)


async def _retry(
    desk: Desk, *, beginning: str, given: Mapping[str, str | None], text: str | None, as_json: bool
) -> None:
    ends = {name: await read_address(desk, typed) for name, typed in given.items()}
    message = (
        await retry_message(
            desk,
            beginning,
            originator=ends["originator"],
            destination=ends["destination"],
            text=text,
            operator=operator_name(),
        )
    ).message
    if as_json:
        echo_json(message.as_json())
    else:
        say(f"message {message.key} waits again: a running worker takes it up within seconds")


async def _retry_failed(desk: Desk, *, as_json: bool) -> None:
    count = 0
    async for message in retry_failed_messages(desk, operator=operator_name()):
        count += 1
        if as_json:
            echo_json(message.as_json())
    if as_json:
        return
    waits = "message waits" if count == 1 else "messages wait"
    say(f"{count} {waits} again: a running worker takes up what waits within seconds" if count else NONE_FAILED)


def _columns() -> list[Column[MessageRecord]]:
    return [
        Column(title="key", value=lambda message: short_key(message.key)),
        Column(title="received", value=lambda message: message.received_at),
        Column(title="from", value=lambda message: message.originator),
        Column(title="to", value=lambda message: message.destination),
        Column(title="status", value=lambda message: message.status),
        Column(title="rule", value=lambda message: message.rule),
        Column(title="text", value=lambda message: message.text, wide=True),
    ]

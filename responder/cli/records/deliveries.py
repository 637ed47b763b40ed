"""responder deliveries: replies and webhook calls with their fate, and another try for those that failed."""

from functools import partial
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson, Limit, Queued, Yes
from responder.cli.terminal.output import Column, say, short_key
from responder.cli.terminal.session import confirm, operator_name, print_list, with_desk
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.operations.pages import DeliveryFilter
from responder.core.operations.records import DeliveryRecord
from responder.core.sms.times import counted
from responder.desk.deliveries import (
    CallFilter,
    count_troubled_deliveries,
    list_deliveries,
    retry_delivery,
    retry_webhook_calls,
)
from responder.desk.desk import Desk

CHOOSE_DELIVERIES = (
    "name the key of one delivery, or choose among the webhook calls that were given up: "
    "--to, --since and --until, or --all"
)
NO_DELIVERIES = "nothing was sent yet: a rule with 'reply' or 'webhook' sends something"

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    *,
    status: Annotated[StepStatus | None, typer.Option(help="Only those with this fate.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List replies and webhook calls, oldest first."""
    empty = f"no delivery is {status}: 'responder deliveries list' has those of every fate" if status else NO_DELIVERIES
    only = DeliveryFilter(status=status)
    print_list(lambda desk: list_deliveries(desk, only), _columns(), limit=limit, as_json=as_json, empty=empty)


@app.command("retry")
def retry(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The key of one delivery, as 'deliveries list' shows it.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All webhook calls that were given up; never a reply.")] = False,
    to: Annotated[
        str | None, typer.Option(metavar="WEBHOOK", help="Those to one webhook, which is switched on again.")
    ] = None,
    since: Queued = None,
    until: Queued = None,
    yes: Yes = False,
) -> None:
    """Try again what was given up, with the same ids.

    A reply that may have been sent is sent again only when its key is named.
    """
    if (key is None) is not (every or any((to, since, until))):
        raise typer.BadParameter(CHOOSE_DELIVERIES)
    if key:
        with_desk(partial(_retry_one, key=key), keys="responder deliveries list")
    else:
        confirm(f"Make {'all' if every else 'these'} webhook calls again that were given up?", yes=yes)
        with_desk(partial(_retry_webhooks, only=CallFilter(to=to, since=since, until=until)))


async def _retry_one(desk: Desk, *, key: str) -> None:
    before = (await retry_delivery(desk, key, operator=operator_name())).status
    say(f"delivery {key} was {before} and is queued again: a running worker takes it up within seconds")


async def _retry_webhooks(desk: Desk, *, only: CallFilter) -> None:
    count = await retry_webhook_calls(desk, only, operator=operator_name())
    chosen = f" to {only.to}" if only.to else ""
    none = f"no webhook call{chosen} was given up that could be made again"
    again = "was given up and is queued again" if count == 1 else "were given up and are queued again"
    say(f"{counted(count, 'webhook call')}{chosen} {again}" if count else none)
    if uncertain := (await count_troubled_deliveries(desk)).get(StepStatus.UNCERTAIN, 0):
        stays = "is uncertain and stays so" if uncertain == 1 else "are uncertain and stay so"
        say(f"{counted(uncertain, 'reply')} {stays}: name the key of each that has to be sent again", err=True)


def _columns() -> list[Column[DeliveryRecord]]:
    return [
        Column(title="key", value=lambda delivery: _short(delivery.key)),
        Column(title="kind", value=lambda delivery: delivery.kind),
        Column(title="to", value=lambda delivery: delivery.to),
        Column(title="status", value=lambda delivery: delivery.status),
        Column(title="attempts", value=lambda delivery: str(delivery.attempts)),
        Column(title="next attempt", value=lambda delivery: delivery.next_attempt_at),
        Column(title="by", value=lambda delivery: delivery.retried_by or delivery.operator),
        Column(title="text or error", value=_text_or_error, wide=True),
    ]


def _short(key: str) -> str:
    """The beginning of a delivery's key with its number, which 'retry' takes as well.

    >>> _short("abc0" * 8 + "-1")
    'abc0abc0abc0ab-1'
    """
    message_key, dash, number = key.partition("-")
    return f"{short_key(message_key)}{dash}{number}"


def _text_or_error(delivery: DeliveryRecord) -> str | None:
    return delivery.last_error or (delivery.text if delivery.kind is StepKind.REPLY else None)

"""responder webhooks: which systems are called, a call to try one, and what the bodies look like."""

import json
import secrets
from typing import Annotated

import typer

from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import Column, each_of, print_records, say
from responder.cli.terminal.session import at_desk
from responder.clients.http import HttpClient
from responder.core.rules.rules import Rules
from responder.core.rules.template import did_you_mean
from responder.core.sms.times import iso
from responder.desk.deliveries import WebhookRecord, list_webhooks, webhook_bodies
from responder.desk.desk import Desk, Missing
from responder.errors import ResponderError
from responder.settings.model import load_settings
from responder.worker.webhooks import Gone, require_success, webhook_call

NO_WEBHOOKS = "the rules file names no webhook: docs/webhooks.md shows how"
EXPLAINED = "a call by hand, to see whether this webhook answers; nothing happened"

app = typer.Typer(no_args_is_help=True)


@app.command("list")
@at_desk()
async def list_(desk: Desk, *, as_json: AsJson = False) -> None:
    """List the webhooks of the rules file: where they are, what they hear of, and how they fare."""
    columns: list[Column[WebhookRecord]] = [
        Column(title="name", value=lambda record: record.webhook.name),
        Column(title="status", value=lambda record: record.status),
        Column(title="signed", value=lambda record: "yes" if record.webhook.secrets else "no"),
        Column(title="events", value=lambda record: ", ".join(sorted(record.webhook.events)), wide=True),
        Column(title="url", value=lambda record: record.webhook.url, wide=True),
        Column(title="reason", value=lambda record: record.endpoint.reason, wide=True),
    ]
    await print_records(each_of(await list_webhooks(desk)), columns, as_json=as_json, empty=NO_WEBHOOKS)


@app.command("test")
@at_desk()
async def test(
    desk: Desk, name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in the rules file.")]
) -> None:
    """Call a webhook now with a signed body of the type 'test', and say what it answers; exit 1 if it takes none."""
    rules = await desk.rules()
    if name not in rules.webhooks:
        guess = did_you_mean(name, rules.webhooks) or ": 'responder webhooks list' has them"
        raise Missing(f"no webhook is named {name!r}{guess}")
    await _call(name, rules, desk)
    say(f"{name}: took the call")


async def _call(name: str, rules: Rules, desk: Desk) -> None:
    """Make the call. Raises ResponderError, which says what the other side answered."""
    now = desk.clock()
    content = json.dumps({"type": "test", "timestamp": iso(now), "data": {"text": EXPLAINED}})
    call = webhook_call(name, f"test-{secrets.token_hex(16)}", content, now, rules)
    try:
        async with HttpClient(allow_private=load_settings().allow_private_webhooks) as client:
            require_success(await client.post(call))
    except (ResponderError, Gone) as error:
        raise ResponderError(f"{name}: {error}") from None


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the bodies that webhooks are sent."""
    say(json.dumps(webhook_bodies(), indent=2))

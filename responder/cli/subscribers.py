"""responder subscribers: who is on which list."""

from typing import Annotated

import typer

from responder.cli.options import RECORDS, AsJson, Limit
from responder.cli.output import Column, moment

EMPTY = "nobody is on a list yet: a rule with 'subscribe' puts people on one"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_)
    app.add_typer(group, name="subscribers", help="Who is on which list.", rich_help_panel=RECORDS)


def list_(
    *,
    name: Annotated[str | None, typer.Option("--list", metavar="NAME", help="Only those of this list.")] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List subscribers, also those who left, by the time of the change."""
    from responder.cli.listing import print_list
    from responder.core.records import SubscriberRecord
    from responder.store.records import list_subscribers

    columns: list[Column[SubscriberRecord]] = [
        Column(title="number", value=lambda subscriber: subscriber.originator),
        Column(title="list", value=lambda subscriber: subscriber.list),
        Column(title="status", value=lambda subscriber: subscriber.status),
        Column(title="since", value=lambda subscriber: moment(subscriber.since)),
        Column(title="language", value=lambda subscriber: subscriber.language),
    ]
    empty = f"nobody is on the list {name!r}: 'responder subscribers list' has those of every list" if name else EMPTY
    print_list(list_subscribers(name), columns, limit=limit, as_json=as_json, empty=empty)

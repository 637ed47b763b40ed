"""What all lists do: open the store, read the newest or all, print."""

from collections.abc import Sequence

from responder.cli.terminal.options import newest
from responder.cli.terminal.output import Column, R, print_records
from responder.cli.terminal.session import with_store
from responder.store.base.listing import Listing, read_all
from responder.wiring import Store


def print_list(
    listing: Listing[R], columns: Sequence[Column[R]], *, limit: int | None, as_json: bool, empty: str
) -> None:
    """Print the records of a listing; where there are none, what to do next."""

    async def work(store: Store) -> None:
        await print_records(
            read_all(store.database, listing, newest(limit, as_json=as_json)), columns, as_json=as_json, empty=empty
        )

    with_store(work)

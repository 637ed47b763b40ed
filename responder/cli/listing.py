"""What all lists do: open the store, read the newest or all, print."""

from collections.abc import Sequence

from responder.cli.options import newest
from responder.cli.output import Column, R, print_records
from responder.cli.session import open_existing, run
from responder.settings import load_settings
from responder.store.listing import Listing, read_all


def print_list(listing: Listing[R], columns: Sequence[Column[R]], *, limit: int | None, as_json: bool, empty: str) -> None:
    """Print the records of a listing; where there are none, what to do next."""

    async def work() -> None:
        async with open_existing(load_settings()) as store:
            await print_records(read_all(store.database, listing, newest(limit, as_json=as_json)), columns, as_json=as_json, empty=empty)

    run(work())

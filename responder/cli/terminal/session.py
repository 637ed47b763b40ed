"""What most commands begin with: a database that has to be there already, and a loop for the work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from responder.errors import ConfigurationError
from responder.settings.model import Settings, load_settings
from responder.wiring import Store, open_store

SQLITE = "sqlite"


def with_store(work: Callable[[Store], Awaitable[None]]) -> None:
    """Do a command's work on the store of the installation. Raises ConfigurationError with the remedy if there is none."""

    async def opened() -> None:
        async with open_existing(load_settings()) as store:
            await work(store)

    asyncio.run(opened())


@asynccontextmanager
async def open_existing(settings: Settings) -> AsyncIterator[Store]:
    """The store of an installation that has been started before; ConfigurationError with the remedy if there is none."""
    if path := missing_file(settings):
        raise ConfigurationError(
            f"{path}: there is no database yet, start with 'responder run', or set RESPONDER_DATA_DIR or RESPONDER_DATABASE_URL"
        )
    async with open_store(settings) as store:
        yield store


def missing_file(settings: Settings) -> Path | None:
    """Where the file of SQLite's database should be and is not; None if it is there. Connecting would make an empty one."""
    path = sqlite_file(settings)
    return None if path is None or path.exists() else path


def sqlite_file(settings: Settings) -> Path | None:
    """The file of SQLite's database; None if the database is another."""
    scheme, _, place = settings.database_url.partition(":///")
    return Path(place.partition("?")[0]) if scheme.startswith(SQLITE) else None

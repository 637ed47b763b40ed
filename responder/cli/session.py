"""What most commands begin with: settings, the rules, and a database that has to be there already."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from responder.errors import ConfigurationError
from responder.settings import Settings
from responder.wiring import Store, open_store

SQLITE = "sqlite"
T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a command's work."""
    return asyncio.run(coroutine)


@asynccontextmanager
async def open_existing(settings: Settings) -> AsyncIterator[Store]:
    """The store of an installation that has been started before; ConfigurationError with the remedy if there is none."""
    if path := missing_file(settings):
        raise ConfigurationError(f"{path}: there is no database yet, start with 'responder run', or set RESPONDER_DATA_DIR or RESPONDER_DATABASE_URL")
    async with open_store(settings) as store:
        yield store


def missing_file(settings: Settings) -> Path | None:
    """Where the file of SQLite's database should be and is not; connecting would make an empty one."""
    scheme, _, place = settings.database_url.partition(":///")
    if not scheme.startswith(SQLITE):
        return None
    path = Path(place.partition("?")[0])
    return None if path.exists() else path

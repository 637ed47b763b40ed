"""Which webhooks are told of delivery reports: kept in SQL, since reports are taken by processes that know no rules."""

from collections.abc import Callable

from responder.core.events import Event
from responder.core.rules import Rules
from responder.store.announcing import put_hearers
from responder.store.database import Database


class Hearers:
    """Keeps what the rules in force say, whenever that is another than was kept last."""

    def __init__(self, database: Database, rules: Callable[[], Rules]) -> None:
        self._database = database
        self._rules = rules
        self._kept: frozenset[str] | None = None

    async def keep(self) -> None:
        """Keep them, if that is not done. Raises StorageError."""
        asked = self._rules().webhooks_for(Event.DELIVERY_CHANGED)
        if asked != self._kept:
            await put_hearers(self._database, asked)
            self._kept = asked

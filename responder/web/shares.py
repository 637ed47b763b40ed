"""Connections shared out among clients, so that no client can shut the others out."""

import ipaddress
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from responder.web.webhooks import Network

GRACE_S = 1.0  # for the first bytes of clients that come in a crowd


class Connection(Protocol):
    """A connection that holds a place."""

    client: tuple[str, int] | None

    def waited_s(self) -> float:
        """How long it has waited for its peer; nothing while a request is being worked on."""

    def let_go(self) -> None:
        """Close it."""


@dataclass(kw_only=True)
class Shares:
    """Counts connections by client; one beyond its share loses its oldest that waits.

    When all places are taken, the client with most loses one. Many clients may share an ``exempt`` address.
    """

    most: int
    per_client: int
    exempt: Sequence[Network] = ()
    grace_s: float = GRACE_S
    clock: Callable[[], float] = time.monotonic
    _client_of: dict[Connection, str | None] = field(init=False, default_factory=dict)
    _clients: dict[str, dict[Connection, float]] = field(init=False, default_factory=dict)  # by arrival, oldest first

    def join(self, connection: Connection) -> None:
        client = self._client_of[connection] = self._client(connection)
        if client is not None:
            own = self._clients.setdefault(client, {})
            own[connection] = self.clock()
            self._shrink(own, len(own) - self.per_client, self.grace_s)
        if len(self._client_of) > self.most and self._clients:
            self._shrink(max(self._clients.values(), key=len), 1, 0.0)

    def leave(self, connection: Connection) -> None:
        client = self._client_of.pop(connection)
        if client is not None:
            del self._clients[client][connection]
            if not self._clients[client]:
                del self._clients[client]

    def _shrink(self, own: dict[Connection, float], count: int, grace_s: float) -> None:
        """Close up to ``count`` waiting connections of a client, oldest first, except those that just came."""
        came_before = self.clock() - grace_s
        leaving: list[Connection] = []
        for connection, came_at in own.items():
            if len(leaving) >= count or came_at > came_before:
                break
            if connection.waited_s() > grace_s:
                leaving.append(connection)
        for connection in leaving:
            connection.let_go()

    def _client(self, connection: Connection) -> str | None:
        """The client's IPv4 address, or its IPv6 /64, which is one customer's; None if exempt."""
        try:
            given = ipaddress.ip_address(connection.client[0] if connection.client else "")
        except ValueError:
            return None
        address = getattr(given, "ipv4_mapped", None) or given
        if any(address in network for network in self.exempt):
            return None
        return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))

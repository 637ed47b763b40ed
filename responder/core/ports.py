"""What the core and the edge ask of each other."""

from collections.abc import Sequence
from typing import Protocol

from responder.core.gateway import Call, Response
from responder.core.message import Inbound


class Inbox(Protocol):
    """Keeps inbound messages."""

    async def add(self, messages: Sequence[Inbound]) -> None:
        """Commit the messages, each once under its key; a key that is there already changes nothing. Raises StorageError."""


class Bell(Protocol):
    """Wakes a worker; nothing ever rests on it."""

    def ring(self) -> None:
        """Say that something waits. Never waits and never fails."""


class Client(Protocol):
    """Makes calls."""

    async def post(self, call: Call) -> Response:
        """The response to a call.

        Raises TransientError if the body certainly did not go out, and UncertainError if it may have.
        """

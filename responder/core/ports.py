"""What the parts of the edge ask of each other."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from responder.core.gateway import Call, Response

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""


class Job(StrEnum):
    """What a worker can be woken for."""

    HANDLE = "handle"
    REPLIES = "deliver_replies"
    WEBHOOKS = "deliver_webhooks"


class Bell(Protocol):
    """Wakes a worker; nothing ever rests on it."""

    def ring(self, job: Job) -> None:
        """Say that something waits. Never waits and never fails."""


class Pace(Protocol):
    """Says how fast texts may go out."""

    async def take(self, wanted: int) -> int:
        """How many of the texts may go now."""


class Client(Protocol):
    """Makes calls."""

    async def post(self, call: Call) -> Response:
        """The response to a call.

        Raises TransientError if the body certainly did not go out, and UncertainError if it may have.
        """

    async def get(self, call: Call) -> Response:
        """The response to a question. Raises the same errors."""

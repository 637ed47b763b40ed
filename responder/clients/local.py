"""A server of ours on this machine: what is asked of it, and its answer as it comes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore

from responder.errors import TransientError

WAITS_S = 60.0  # for the head of an answer, and for each piece of it: a feed beats more often
IDLE_S = 10.0

Pairs = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A request as it came: its target with the query, as it was written."""

    method: str
    target: bytes
    headers: Pairs
    body: AsyncIterator[bytes] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The head of an answer, and its body piece by piece; the pieces raise TransientError where it breaks off."""

    status: int
    headers: Pairs
    pieces: AsyncIterator[bytes]


class LocalServer:
    """A server that listens at a path."""

    def __init__(self, path: str) -> None:
        self._pool = httpcore.AsyncConnectionPool(max_connections=None, keepalive_expiry=IDLE_S, uds=path)

    @asynccontextmanager
    async def asked(self, question: Question) -> AsyncIterator[Answer]:
        """Ask, and hold the answer for as long as it is read. Raises TransientError if there is none."""
        url = httpcore.URL(scheme=b"http", host=b"localhost", port=None, target=question.target)
        request = httpcore.Request(
            question.method,
            url,
            headers=list(question.headers),
            content=question.body,
            extensions={"timeout": dict.fromkeys(("connect", "write", "read"), WAITS_S)},
        )
        try:
            response = await self._pool.handle_async_request(request)
        except _FAILURES as error:
            raise TransientError(type(error).__name__) from None
        try:
            yield Answer(status=response.status, headers=response.headers, pieces=_pieces(response.aiter_stream()))
        finally:
            await response.aclose()

    async def close(self) -> None:
        """End the idle connections."""
        await self._pool.aclose()


_FAILURES = (OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in stream:
            yield piece
    except _FAILURES as error:
        raise TransientError(type(error).__name__) from None

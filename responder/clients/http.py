"""The one HTTP client: each call goes out at most once, follows no redirect and ends in time."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import httpcore

from responder.clients.connections import KEPT, KEPT_S, Connections, authorities
from responder.core.contact.reasons import Reason, because
from responder.core.outbound.gateway import Call, Response
from responder.core.outbound.leaving import refusal
from responder.errors import PermanentError, ResponderError, TransientError, UncertainError
from responder.lean import without

with without("httpx._main"):  # its command, which brings rich
    import httpx
LOOKUPS = 8  # names of guarded calls looked up at once, in their own threads: a dead name server delays no gateway
REMEDY = because("allow_private")
OURSELVES = (b"user-agent", b"sms-responder")

BEFORE_BODY = ("connection.", "http11.send_request_headers.")  # httpcore's events up to there, by their beginnings
HEADERS_FAILED = "http11.send_request_headers.failed"  # after it httpcore may read an answer, but writes nothing more
FAILURES = (OSError, UnicodeError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)

Lookup = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host; it may block."""


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses that the system knows for a host, the best first."""
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """A network of public addresses alone.

    A name is looked up once, all its addresses are checked, and one is connected to.
    """

    def __init__(self, *, lookup: Lookup = addresses_of, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._lookup = lookup
        self._network = network or httpcore.AnyIOBackend()
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the signature is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        async with asyncio.timeout(timeout):
            addresses = await asyncio.get_running_loop().run_in_executor(self._threads, self._lookup, host, port)
            if why := next(filter(None, map(refusal, addresses)), None):
                raise _not_sent(because("private_host", network=why, remedy=REMEDY))
            failure: Exception = socket.gaierror(socket.EAI_NONAME, "no address")
            for address in addresses:
                share = timeout and timeout / len(addresses)  # one that never answers leaves time for the next
                try:
                    return await self._network.connect_tcp(address, port, share, local_address, socket_options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                    failure = error
            raise failure

    def close(self) -> None:
        """Close, without waiting for lookups that are under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class HttpClient:
    """Makes calls; open from the beginning, and closed at the end of its ``async with``."""

    def __init__(
        self,
        *,
        allow_private: bool,
        trusted: ssl.SSLContext | None = None,
        guard: GuardedNetwork | None = None,
        kept: int = KEPT,
        kept_s: float = KEPT_S,
    ) -> None:
        self._allow_private = allow_private
        self._guard = guard or GuardedNetwork()
        context = trusted or authorities()
        self._guarded = Connections(context, None if allow_private else self._guard, kept=kept, kept_s=kept_s)
        # apart, so that no webhook takes a gateway's connections
        self._others = Connections(context, None, kept=kept, kept_s=kept_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection."""
        await self._guarded.close()
        await self._others.close()
        self._guard.close()

    async def post(self, call: Call) -> Response:
        """The response to a call, refusals and redirects included.

        A body that is incomplete at the deadline ends there.

        Raises TransientError if the call's body certainly did not go out, UncertainError if it may have, and
        PermanentError if the call can never be made.
        """
        return await self._made(call, "POST")

    async def get(self, call: Call) -> Response:
        """The response to a call without a body. Raises the same errors."""
        return await self._made(call, "GET")

    async def _made(self, call: Call, method: str) -> Response:
        exchange = _Exchange(call, method, needs_tls=call.guarded and not self._allow_private)
        error: Exception | None = None
        try:
            async with asyncio.timeout(call.timeout_s):
                await exchange.run(self._guarded if call.guarded else self._others)
        except ResponderError:
            raise
        except Exception as failure:  # noqa: BLE001  (whatever it is, the fate of the call is known)
            error = failure
        # outside of the except: what httpcore says may repeat a header, so nothing is chained to it
        return exchange.outcome(error)


class _Exchange:
    """One call on its way, and how far it has come."""

    def __init__(self, call: Call, method: str, *, needs_tls: bool) -> None:
        self._call = call
        self._method = method
        self._url = _url(call.url, needs_tls=needs_tls)
        self._headers = _headers(call, self._url)
        self._is_stopped = False
        self._may_be_out = False
        self._status: int | None = None
        self._answered: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def run(self, connections: Connections) -> None:
        """Make the call.

        A deadline in the middle of a handshake would leave the connection open, so the waits before it are shorter.
        """
        url = httpcore.URL(
            scheme=self._url.raw_scheme, host=self._url.raw_host, port=self._url.port, target=self._url.raw_path
        )
        connect_s = min(self._call.connect_timeout_s, self._call.timeout_s / 3)  # for TCP, then for TLS
        extensions = {"timeout": {"connect": connect_s}, "trace": self._trace}
        content = self._call.body if self._method == "POST" else None
        async with (
            connections.one_to(url, self._call.timeout_s / 4) as connection,
            connection.stream(
                self._method, url, headers=self._headers, content=content, extensions=extensions
            ) as answer,
        ):
            self._status, self._answered = answer.status, answer.headers
            async for piece in answer.aiter_stream():
                self._body += piece
                if len(self._body) >= self._call.longest_answer:
                    break

    async def _trace(self, event: str, fields: object) -> None:
        """Note the moment before the body's first byte is written. An unknown event counts as later."""
        if not self._is_stopped and not event.startswith(BEFORE_BODY):
            self._may_be_out = True
        self._is_stopped = self._is_stopped or event == HEADERS_FAILED

    def outcome(self, error: Exception | None) -> Response:
        """The response, though its body may be cut off; raises what the error means if none came."""
        if self._status is None:
            raise self._failure(error)
        headers: dict[str, str] = {}
        for name, value in self._answered:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        return Response(status=self._status, headers=headers, body=bytes(self._body[: self._call.longest_answer]))

    def _failure(self, error: Exception | None) -> ResponderError:
        if self._may_be_out:
            return UncertainError(because("no_answer", reason=_why(error)))
        if isinstance(error, httpcore.LocalProtocolError | UnicodeError):
            return _not_sent(because("bad_characters"))
        if not isinstance(error, (*FAILURES, BaseExceptionGroup)):
            return _not_sent(because("unthought_of", kind=type(error).__name__))
        return TransientError(because("not_sent", reason=_why(error)))


def _not_sent(reason: Reason) -> PermanentError:
    return PermanentError(because("not_sent", reason=reason))


def _url(raw: str, *, needs_tls: bool) -> httpx.URL:
    """The URL of a call; PermanentError if no call can be made to it."""
    try:
        has_host = bool((url := httpx.URL(raw)).host)  # which reads a name in punycode
    except (httpx.InvalidURL, ValueError):
        raise _not_sent(because("bad_url")) from None
    if url.scheme not in ("http", "https") or not has_host:
        raise _not_sent(because("no_web_url"))
    if needs_tls and url.scheme != "https":
        raise _not_sent(because("plain_http", remedy=REMEDY))
    return url


def _headers(call: Call, url: httpx.URL) -> list[tuple[bytes, bytes]]:
    try:
        given = [(name.encode("ascii"), value.encode("ascii")) for name, value in call.headers.items()]
    except UnicodeError:
        raise _not_sent(because("bad_header")) from None
    return [(b"host", url.netloc), OURSELVES, (b"accept-encoding", b"identity"), *given]


def _why(error: BaseException | None) -> Reason:
    """What went wrong, in words that hold nothing of the call."""
    return next(filter(None, map(_words, _causes(error))), because("connection_failed", kind=type(error).__name__))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and so on; of several causes at once the first."""
    while error is not None:
        yield error
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__


def _words(error: BaseException) -> Reason | None:
    match error:
        case ssl.SSLCertVerificationError():
            return because("bad_certificate", words=error.verify_message)
        case ssl.SSLError():
            return because("tls_failed")
        case socket.gaierror():
            return because("no_address")
        case ConnectionRefusedError():
            return because("connection_refused")
        case ConnectionResetError():
            return because("connection_reset")
        case TimeoutError() | httpcore.TimeoutException():
            return because("time_up")
    return None

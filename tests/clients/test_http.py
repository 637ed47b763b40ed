import asyncio
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import httpcore
import pytest

from responder.clients.connections import CONNECTIONS
from responder.clients.http import GuardedNetwork, HttpClient
from responder.core.outbound.gateway import LONGEST_ANSWER, Call
from responder.errors import PermanentError, TransientError, UncertainError

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A real server that answers as it is told, and remembers what reached it."""

    def __init__(self, behave: Behaviour | None, port: int = 0) -> None:
        self.behave = behave
        self.port = port
        self.connections = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Semaphore(0)
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.behave:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                self.asked.release()
                await self.behave(writer)
            await asyncio.Event().wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.gone.set()


@asynccontextmanager
async def serving(behave: Behaviour | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(behave)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(server.serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(answer: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return behave


def ok(body: bytes = b"{}", *headers: bytes) -> Behaviour:
    lines = b"".join(line + b"\r\n" for line in headers)
    return says(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (lines, len(body), body))


async def resets(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionAbortedError


async def closes(writer: asyncio.StreamWriter) -> None:
    raise ConnectionAbortedError


async def never_answers(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def call_to(
    port: int,
    *,
    scheme: str = "http",
    host: str = "127.0.0.1",
    body: bytes = b'{"text": "Hello"}',
    headers: dict[str, str] | None = None,
    connect_timeout_s: float = 3.0,
    timeout_s: float = 5.0,
    guarded: bool = False,
) -> Call:
    return Call(
        url=f"{scheme}://{host}:{port}/hooks/sms?a=1",
        headers=headers or {"content-type": "application/json"},
        body=body,
        connect_timeout_s=connect_timeout_s,
        timeout_s=timeout_s,
        guarded=guarded,
    )


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient(allow_private=False, trusted=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        yield client


# --- what comes back ------------------------------------------------------------------------------------------------


async def test_a_call_goes_out_as_it_was_built(client: HttpClient) -> None:
    async with serving(ok()) as server:
        await client.post(call_to(server.port))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hooks/sms?a=1 HTTP/1.1\r\n")
    assert b"\r\nhost: 127.0.0.1:%d\r\n" % server.port in head
    assert b"\r\ncontent-type: application/json" in head
    assert body == b'{"text": "Hello"}'


async def test_the_response_has_status_headers_and_body(client: HttpClient) -> None:
    async with serving(ok(b'{"a": 1}', b"Retry-After: 3", b"retry-after: 4")) as server:
        response = await client.post(call_to(server.port))
    assert (response.status, response.headers["retry-after"], response.body) == (200, "3", b'{"a": 1}')


async def test_a_connection_is_kept_for_the_next_call(client: HttpClient) -> None:
    async with serving(ok()) as server:
        await client.post(call_to(server.port))
        await client.post(call_to(server.port))
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_a_kept_connection_that_the_server_closed_is_replaced(client: HttpClient) -> None:
    async def answers_and_closes(writer: asyncio.StreamWriter) -> None:
        await ok()(writer)
        raise ConnectionAbortedError

    async with serving(answers_and_closes) as server:
        await client.post(call_to(server.port))
        await asyncio.wait_for(server.gone.wait(), 5)
        assert (await client.post(call_to(server.port))).status == 200
    assert server.connections == 2


async def test_a_redirect_is_an_answer_and_is_not_followed(client: HttpClient) -> None:
    async with serving(ok()) as other:
        moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other.port
        async with serving(says(moved)) as server:
            assert (await client.post(call_to(server.port))).status == 307
    assert (len(server.requests), other.connections) == (1, 0)


async def test_no_cookie_is_sent_back(client: HttpClient) -> None:
    async with serving(ok(b"{}", b"Set-Cookie: a=1")) as server:
        await client.post(call_to(server.port))
        await client.post(call_to(server.port))
    assert b"cookie" not in server.requests[1].lower()


async def test_proxies_of_the_environment_are_not_used(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serving(ok()) as server:
        assert (await client.post(call_to(server.port))).status == 200


async def test_an_answer_of_ten_megabytes_is_read_no_further_than_we_look(client: HttpClient) -> None:
    async with serving(ok(b"x" * 10_000_000)) as server:
        assert len((await client.post(call_to(server.port))).body) == LONGEST_ANSWER
        await asyncio.wait_for(server.gone.wait(), 5)


async def test_an_answer_whose_body_stops_half_way_still_has_its_status(client: HttpClient) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        await says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")(writer)
        await never_answers(writer)

    async with serving(half) as server:
        response = await client.post(call_to(server.port, timeout_s=0.6))
    assert (response.status, response.body) == (200, b"{")


async def test_an_answer_whose_body_is_cut_off_still_has_its_status(client: HttpClient) -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        await says(b"HTTP/1.1 429 Slow\r\nContent-Length: 100\r\n\r\n{")(writer)
        await closes(writer)

    async with serving(cut) as server:
        assert (await client.post(call_to(server.port))).status == 429


# --- what may have gone out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behave",
    [
        never_answers,
        resets,
        closes,
        says(b"HTTP/1.1 200 OK\r\nContent-"),
        says(b"no HTTP at all\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000),
        says(b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
async def test_a_call_that_was_written_and_not_answered_is_uncertain(client: HttpClient, behave: Behaviour) -> None:
    async with serving(behave) as server:
        with pytest.raises(UncertainError):
            await client.post(call_to(server.port, timeout_s=0.6))
    assert len(server.requests) == 1


async def test_a_body_that_the_server_reads_only_in_part_is_uncertain(client: HttpClient) -> None:
    async with serving(None) as server:
        with pytest.raises(UncertainError):
            await client.post(call_to(server.port, body=b"x" * 20_000_000, timeout_s=0.6))


async def test_a_slow_drip_ends_at_the_deadline(client: HttpClient) -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.01)

    async with serving(drips) as server:
        started = asyncio.get_running_loop().time()
        with pytest.raises(UncertainError, match="the time was up"):
            await client.post(call_to(server.port, timeout_s=0.6))
        assert asyncio.get_running_loop().time() - started < 1


# --- what certainly did not go out ----------------------------------------------------------------------------------


async def test_a_refused_connection_may_be_tried_again(client: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransientError, match="not sent: the connection was refused"):
            await client.post(call_to(unused.getsockname()[1]))


async def test_a_server_that_takes_no_connection_may_be_tried_again(client: HttpClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(TransientError, match="not sent: the time was up"):
            await client.post(call_to(full.getsockname()[1], connect_timeout_s=0.2))
        for one in waiting:
            one.close()


async def test_a_server_that_speaks_no_tls_may_be_tried_again(client: HttpClient) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as listener:
        with pytest.raises(TransientError, match="not sent: the TLS handshake failed"):
            await client.post(call_to(listener.sockets[0].getsockname()[1], scheme="https"))


@pytest.mark.parametrize(("connect_timeout_s", "timeout_s"), [(0.2, 5.0), (5.0, 0.2)])
async def test_a_handshake_that_never_ends_may_be_tried_again(
    client: HttpClient, connect_timeout_s: float, timeout_s: float
) -> None:
    async with serving(None) as server:
        with pytest.raises(TransientError, match="not sent: the time was up"):
            await client.post(
                call_to(server.port, scheme="https", connect_timeout_s=connect_timeout_s, timeout_s=timeout_s)
            )


async def test_a_deadline_before_the_body_was_begun_is_no_doubt(client: HttpClient) -> None:
    async with serving(None) as server:
        with pytest.raises(TransientError, match="not sent"):
            await client.post(call_to(server.port, headers={"x": "x" * 20_000_000}, timeout_s=0.5))


async def test_a_connection_that_breaks_in_the_headers_is_no_doubt(client: HttpClient) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with await asyncio.start_server(breaks, "127.0.0.1", 0) as listener:
        with pytest.raises(TransientError, match="not sent"):
            await client.post(call_to(listener.sockets[0].getsockname()[1], headers={"x": "x" * 20_000_000}))


async def test_a_call_for_which_no_connection_is_free_may_be_tried_again(client: HttpClient) -> None:
    async with serving(never_answers) as server, asyncio.TaskGroup() as group:
        held = [group.create_task(client.post(call_to(server.port, timeout_s=30))) for _ in range(CONNECTIONS)]
        async with asyncio.timeout(5):
            for _ in held:
                await server.asked.acquire()
        with pytest.raises(TransientError, match="not sent: the time was up"):
            await client.post(call_to(server.port, timeout_s=0.4))
        for task in held:
            task.cancel()


# --- what can never go out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "https://",
        "https://[::1",
        "",
        "https://xn--/hook",
    ],
)
async def test_an_address_that_is_none_of_the_web_is_given_up(client: HttpClient, url: str) -> None:
    with pytest.raises(PermanentError, match="not sent: the URL"):
        await client.post(Call(url=url, headers={}, body=b"{}"))


@pytest.mark.parametrize("value", ["hunter2\r\nx: y", "hunter2\x00", "hunter2é"])
async def test_a_header_that_cannot_be_written_is_given_up_and_not_shown(client: HttpClient, value: str) -> None:
    async with serving(ok()) as server:
        with pytest.raises(PermanentError, match="a header") as caught:
            await client.post(call_to(server.port, headers={"x-api-key": value}))
    assert "hunter2" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__ is None or caught.value.__suppress_context__) == (
        None,
        True,
    )
    assert not server.requests


async def test_a_host_that_no_name_server_could_be_asked_for_is_given_up(client: HttpClient) -> None:
    with pytest.raises(PermanentError, match="not sent"):
        await client.post(call_to(443, scheme="https", host="a" * 70 + ".example.com", guarded=True))


# --- the guard ------------------------------------------------------------------------------------------------------


class Names:
    """A name server that gives what it was told, in turn, and remembers how often it was asked."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


class Internet(httpcore.AsyncNetworkBackend):
    """An internet in which every address leads to one server of ours, but for those that are dead."""

    def __init__(self, port: int, *dead: str) -> None:
        self.port = port
        self.dead = dead
        self.reached: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the signature is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.reached.append(host)
        if host in self.dead:
            raise httpcore.ConnectTimeout
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self.port, timeout)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.0.0.1.", "0",
        "[::1]", "[::ffff:7f00:1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1%25lo]", "user@127.0.0.1",
        "example.com@127.0.0.1", "user:secret@localhost", "１２７.０.０.１", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1",
    ],
)  # fmt: skip
async def test_no_spelling_of_this_machine_is_reached(client: HttpClient, host: str) -> None:
    async with serving(ok()) as server:
        with pytest.raises((PermanentError, TransientError), match="not sent"):
            await client.post(call_to(server.port, scheme="https", host=host, guarded=True, connect_timeout_s=1))
    assert server.connections == 0


async def test_a_refusal_says_what_the_address_is_and_what_allows_it(client: HttpClient) -> None:
    with pytest.raises(
        PermanentError, match=r"loopback \(RFC 1122\), set RESPONDER_ALLOW_PRIVATE_WEBHOOKS to allow it"
    ):
        await client.post(call_to(443, scheme="https", guarded=True))


async def test_plain_http_is_refused_with_its_remedy(client: HttpClient) -> None:
    async with serving(ok()) as server:
        with pytest.raises(PermanentError, match="plain http, use https or set RESPONDER_ALLOW_PRIVATE_WEBHOOKS"):
            await client.post(call_to(server.port, guarded=True))
    assert server.connections == 0


async def test_private_webhooks_are_called_where_that_is_allowed() -> None:
    async with serving(ok()) as server, HttpClient(allow_private=True) as client:
        assert (await client.post(call_to(server.port, guarded=True))).status == 200


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "169.254.169.254"], ["2606:4700::1111", "::1"]])
async def test_a_name_with_one_private_address_is_refused_as_a_whole(addresses: list[str]) -> None:
    internet = Internet(0)
    async with HttpClient(
        allow_private=False, guard=GuardedNetwork(lookup=Names(addresses), network=internet)
    ) as client:
        with pytest.raises(PermanentError, match="not sent: the host of the webhook has an address"):
            await client.post(call_to(443, scheme="https", host="hooks.example.com", guarded=True))
    assert internet.reached == []


@pytest.mark.parametrize("answer", [[], socket.gaierror(socket.EAI_NONAME, "unknown")])
async def test_a_name_that_nobody_knows_may_be_tried_again(answer: list[str] | OSError) -> None:
    async with HttpClient(allow_private=False, guard=GuardedNetwork(lookup=Names(answer))) as client:
        with pytest.raises(TransientError, match="not sent: the name of the host has no address"):
            await client.post(call_to(443, scheme="https", host="hooks.example.com", guarded=True))


async def test_a_name_server_that_never_answers_may_be_tried_again() -> None:
    ended = threading.Event()

    def waits(host: str, port: int) -> list[str]:
        ended.wait(10)
        return []

    async with HttpClient(allow_private=False, guard=GuardedNetwork(lookup=waits)) as client:
        with pytest.raises(TransientError, match="not sent: the time was up"):
            await client.post(
                call_to(443, scheme="https", host="hooks.example.com", guarded=True, connect_timeout_s=0.1)
            )
        ended.set()


# --- TLS through the guard ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for hooks.example.com that signed itself, and its key."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=hooks.example.com", "-addext", "subjectAltName=DNS:hooks.example.com", "-days", "1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        [openssl, "req", "-x509", *curve, "-keyout", key, "-out", made, *subject], check=True, capture_output=True
    )
    return made, key


@asynccontextmanager
async def serving_tls(certificate: tuple[Path, Path]) -> AsyncIterator[tuple[Server, list[str | None]]]:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _connection, name, _context: names.append(name)
    async with serving(ok(), tls=context) as server:
        yield server, names


async def test_a_checked_address_is_called_under_the_name_of_the_host(certificate: tuple[Path, Path]) -> None:
    names, trusted = Names(["8.8.8.8"], ["127.0.0.1"]), ssl.create_default_context(cafile=certificate[0])
    async with serving_tls(certificate) as (server, indicated):
        internet = Internet(server.port)
        async with HttpClient(
            allow_private=False, trusted=trusted, guard=GuardedNetwork(lookup=names, network=internet)
        ) as client:
            response = await client.post(call_to(8443, scheme="https", host="hooks.example.com", guarded=True))
    assert response.status == 200
    assert (names.asked, internet.reached, indicated) == (["hooks.example.com"], ["8.8.8.8"], ["hooks.example.com"])
    assert b"\r\nhost: hooks.example.com:8443\r\n" in server.requests[0]


async def test_a_dead_address_leaves_time_for_the_next(certificate: tuple[Path, Path]) -> None:
    trusted = ssl.create_default_context(cafile=certificate[0])
    async with serving_tls(certificate) as (server, _):
        internet = Internet(server.port, "2606:4700::1111")
        guard = GuardedNetwork(lookup=Names(["2606:4700::1111", "8.8.8.8"]), network=internet)
        async with HttpClient(allow_private=False, trusted=trusted, guard=guard) as client:
            assert (
                await client.post(call_to(443, scheme="https", host="hooks.example.com", guarded=True))
            ).status == 200
    assert internet.reached == ["2606:4700::1111", "8.8.8.8"]


async def test_a_certificate_that_nobody_trusts_may_be_tried_again_and_is_named(certificate: tuple[Path, Path]) -> None:
    async with serving_tls(certificate) as (server, _):
        guard = GuardedNetwork(lookup=Names(["8.8.8.8"]), network=Internet(server.port))
        async with HttpClient(allow_private=False, guard=guard) as client:
            with pytest.raises(TransientError, match="not sent: the certificate is not valid"):
                await client.post(call_to(443, scheme="https", host="hooks.example.com", guarded=True))
    assert not server.requests

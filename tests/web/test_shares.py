"""Who has how many connections, and who gives way: by values, and over real sockets of two clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from responder.web.protocol import Limits
from responder.web.shares import Shares
from tests.conftest import wait_until
from tests.web.test_protocol import REQUEST, listening

TIME = [0.0]
ONE, OTHER = "192.0.2.1", "192.0.2.2"


@dataclass(eq=False)
class Peer:
    """A connection that has waited for so long."""

    host: str
    waited: float = 5.0
    client: tuple[str, int] | None = field(init=False)
    is_gone: bool = False
    looks: int = 0

    def __post_init__(self) -> None:
        self.client = (self.host, 1) if self.host else None

    def waited_s(self) -> float:
        self.looks += 1
        return self.waited

    def let_go(self) -> None:
        self.is_gone = True


def shares_of(**options: Any) -> Shares:
    return Shares(clock=lambda: TIME[-1], **options)


def gone(shares: Shares, *peers: Peer) -> list[int]:
    """Which of these connections, made a second and a half after each other, are closed for others."""
    for peer in peers:
        TIME.append(TIME[-1] + 1.5)
        shares.join(peer)
        for other in peers:
            if other.is_gone and other in shares._client_of:
                shares.leave(other)
    return [number for number, peer in enumerate(peers) if peer.is_gone]


def test_a_client_beyond_its_share_loses_the_oldest_that_wait() -> None:
    assert gone(shares_of(most=100, per_client=2), Peer(ONE), Peer(ONE), Peer(ONE), Peer(ONE, 0)) == [0, 1]


def test_nobody_loses_anything_for_the_connections_of_another() -> None:
    assert gone(shares_of(most=100, per_client=2), Peer(OTHER), Peer(ONE), Peer(ONE), Peer(ONE, 0)) == [1]


def test_a_connection_that_is_at_work_or_waits_for_no_more_than_a_moment_is_not_closed() -> None:
    assert gone(shares_of(most=100, per_client=2), Peer(ONE, 0), Peer(ONE, 0.9), Peer(ONE, 0), Peer(ONE, 0)) == []


def test_connections_that_come_in_a_crowd_are_not_looked_at() -> None:
    shares = Shares(most=10_000, per_client=2, clock=lambda: 0.0)
    peers = [Peer(ONE) for _ in range(1000)]
    for peer in peers:
        shares.join(peer)
    assert (sum(peer.is_gone for peer in peers), sum(peer.looks for peer in peers)) == (0, 0)


def test_where_all_places_are_taken_whoever_has_most_gives_way_even_at_once() -> None:
    assert gone(
        shares_of(most=3, per_client=9), Peer(OTHER, 9), Peer(ONE, 0), Peer(ONE, 0.2), Peer("192.0.2.3", 0)
    ) == [2]


def test_a_proxy_has_no_share_since_many_stand_behind_it() -> None:
    shares = shares_of(most=100, per_client=1, exempt=[ip_network("192.0.2.1/32")])
    assert gone(shares, Peer(ONE), Peer("::ffff:192.0.2.1"), Peer(ONE), Peer(""), Peer("")) == []


def test_a_customer_with_a_network_of_ipv6_has_one_share() -> None:
    assert gone(
        shares_of(most=100, per_client=1), Peer("2001:db8::1"), Peer("2001:db8:0:1::1"), Peer("2001:db8::2", 0)
    ) == [0]


def test_who_is_gone_leaves_nothing_behind() -> None:
    shares = Shares(most=9, per_client=9)
    for peer in (Peer(ONE), Peer(OTHER)):
        shares.join(peer)
        shares.leave(peer)
    assert (shares._client_of, shares._clients) == ({}, {})


@asynccontextmanager
async def idle(port: int, count: int, said: bytes, host: str) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many connections from an address that say this, and then nothing."""
    pairs = [await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0)) for _ in range(count)]
    for _, writer in pairs:
        writer.write(said)
    yield [reader for reader, _ in pairs]
    for _, writer in pairs:
        writer.close()


async def answered(port: int, host: str) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    writer.write(REQUEST)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head.startswith(b"HTTP/1.1 200")


async def test_idle_connections_of_one_client_shut_nobody_out() -> None:
    shares = Shares(most=30, per_client=10)
    for said in (b"", b"\r\n", REQUEST, REQUEST + b"\r\n", REQUEST[:-2]):
        async with listening(shares=shares, limits=Limits(request_s=60)) as port, idle(port, 60, said, "127.0.0.2"):
            assert await answered(port, "127.0.0.3")
            assert await answered(port, "127.0.0.2")
        await wait_until(lambda: not shares._client_of, what="the end of all connections")


async def test_a_client_keeps_its_share() -> None:
    shares = Shares(most=100, per_client=10, grace_s=0.1)
    async with listening(shares=shares, limits=Limits(request_s=60)) as port, idle(port, 40, b"", "127.0.0.2"):

        async def is_within_share() -> bool:
            return await answered(port, "127.0.0.2") and len(shares._client_of) <= 11

        await wait_until(is_within_share, what="the share")

"""Who may look: whoever has signed in, or this machine alone; and the headers that all answers have."""

import hashlib
import hmac
import ipaddress
import math
import secrets
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from responder.settings.model import Settings
from responder.settings.urls import is_loopback

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # 'no-referrer' makes browsers send 'Origin: null', and nobody could sign in
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
FOREIGN = PlainTextResponse("this did not come from a page of this console\n", status_code=403)
IDLE = timedelta(hours=12)
LONGEST_VISIT = timedelta(days=7)
RENEWED_AFTER = timedelta(minutes=10)  # a cookie goes out only when its session changes
LONGEST_NAME = 60  # characters
PER_ADDRESS = RateLimitItemPerMinute(5)
SLOWER = ((RateLimitItemPerHour(50), 1.0), (RateLimitItemPerHour(100), 3.0), (RateLimitItemPerHour(200), 8.0))  # s
EVERYBODY = "everybody"
Session = MutableMapping[str, Any]


class StrictHeaders:
    """Adds the headers to every answer; what has a header of its own keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class SameOrigin:
    """Refuses acts that another site's page asks the browser for (fetch metadata, or else the origin)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["method"] in SAFE_METHODS or is_same_origin(Headers(scope=scope))
        await (self._app if is_ours else FOREIGN)(scope, receive, send)


def is_same_origin(headers: Headers) -> bool:
    """Whether the browser says that one of our own pages asks.

    >>> is_same_origin(Headers({"sec-fetch-site": "cross-site"}))
    False
    >>> is_same_origin(Headers({"origin": "http://desk.test:8000", "host": "desk.test:8000"}))
    True
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    host = headers.get("host")
    return bool(host) and urlsplit(headers.get("origin", "")).netloc == host


def is_local(headers: Headers) -> bool:
    """Whether a browser on this machine asks for this machine by one of its own names, with no proxy between.

    >>> is_local(Headers({"host": "localhost:8000"})), is_local(Headers({"host": "rebound.example:8000"}))
    (True, False)
    """
    return host_of(headers) in LOCAL_HOSTS and not any(_tells_of_a_proxy(name) for name in headers)


def _tells_of_a_proxy(name: str) -> bool:
    return name == "forwarded" or name.startswith("x-forwarded-")


def host_of(headers: Headers) -> str:
    """The host that was asked for, without its port.

    >>> host_of(Headers({"host": "[::1]:8000"}))
    '::1'
    """
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def prefers(accepted: str, offered: Sequence[str]) -> str | None:
    """The language of an Accept-Language header that we have, the most wanted one first.

    >>> prefers("fr-CH, it;q=0.8, en;q=0.9", ["en", "it"])
    'en'
    """
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        language = name.partition("-")[0].lower()
        if language in offered:
            wanted.append((_weight(weight), language))
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else None


def _weight(typed: str) -> float:
    try:
        return float(typed or "1")
    except ValueError:
        return 0.0


class Answer(Enum):
    """What the door says to a request."""

    OPEN = "no password is set, and this is the same machine"
    SIGNED_IN = "signed in"
    SIGN_IN = "has to sign in"
    UNKNOWN = "the database is away, so nobody can tell"
    CLOSED = "no password is set, and this may be another machine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The console's one door. ``is_reachable`` tells that other machines may come to it."""

    secret: bytes = field(repr=False)
    password: str | None = field(repr=False)
    is_reachable: bool = False

    def answer(self, headers: Headers, session: Session, epoch: str, now: datetime) -> Answer:
        """Whether a request may look, by its headers and its session."""
        if self.password is None:
            return Answer.OPEN if not self.is_reachable and is_local(headers) else Answer.CLOSED
        return Answer.SIGNED_IN if self._lasts(session, epoch, now) else Answer.SIGN_IN

    def opens_for(self, typed: str) -> bool:
        """Whether this is the password; digests are compared, so that the time tells nothing of it."""
        return hmac.compare_digest(self._digest(typed), self._digest(self.password or "")) and bool(self.password)

    def let_in(self, session: Session, operator: str, epoch: str, now: datetime) -> None:
        """Begin a visit, which ends with the password, with the epoch, or with time."""
        stamp = int(now.timestamp())
        proof, visit = self._proof(epoch), secrets.token_hex(8)
        session.update(operator=operator, since=stamp, seen=stamp, proof=proof, visit=visit)

    def renew(self, session: Session, now: datetime) -> None:
        """Keep a visit from ending for want of clicks."""
        if now - _moment(session.get("seen")) >= RENEWED_AFTER:
            session["seen"] = int(now.timestamp())

    def _lasts(self, session: Session, epoch: str, now: datetime) -> bool:
        proof = str(session.get("proof", ""))
        is_recent = now - _moment(session.get("seen")) < IDLE and now - _moment(session.get("since")) < LONGEST_VISIT
        return is_recent and hmac.compare_digest(proof.encode(), self._proof(epoch).encode())

    def _proof(self, epoch: str) -> str:
        return self._digest(f"{epoch}\n{self.password}").hex()[:32]

    def _digest(self, typed: str) -> bytes:
        return hmac.digest(self.secret, b"console\n" + typed.encode("utf-8", "replace"), hashlib.sha256)


def door_of(settings: Settings, secret: bytes) -> Door:
    is_reachable = not is_loopback(settings.host) or bool(settings.public_url) or bool(settings.trusted_proxies)
    password = settings.admin_password.get_secret_value() if settings.admin_password else None
    return Door(secret=secret, password=password or None, is_reachable=is_reachable)


def leave(session: Session) -> None:
    """End a visit; language and colours stay as chosen."""
    for name in ("operator", "since", "seen", "proof", "visit"):
        session.pop(name, None)


def _moment(stamp: object) -> datetime:
    return datetime.fromtimestamp(stamp if isinstance(stamp, int) else 0, UTC)


class Throttle:
    """Counts wrong passwords in this process; who knows the right one is never counted."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait_s(self, client: str) -> int:
        """For how many seconds an address may not try again; 0 if it may now."""
        if self._limiter.test(PER_ADDRESS, network_of(client)):
            return 0
        return self._until_free_s(PER_ADDRESS, network_of(client))

    def delay_s(self) -> float:
        """How long every answer is held back, by how many wrong passwords came from anywhere."""
        return max((delay for limit, delay in SLOWER if not self._limiter.test(limit, EVERYBODY)), default=0.0)

    def count_wrong(self, client: str) -> None:
        self._limiter.hit(PER_ADDRESS, network_of(client))
        for limit, _ in SLOWER:
            self._limiter.hit(limit, EVERYBODY)

    def _until_free_s(self, limit: RateLimitItem, whose: str) -> int:
        free_at = self._limiter.get_window_stats(limit, whose).reset_time
        return max(1, math.ceil(free_at - time.time()))


def network_of(client: str) -> str:
    """The address that counts: an IPv4 address, or the /64 that one IPv6 customer has.

    >>> network_of("2001:db8::1"), network_of("192.0.2.7"), network_of("::ffff:192.0.2.7")
    ('2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))

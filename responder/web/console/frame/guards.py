"""What holds for every answer and every act: the headers, and that acts come from our own pages."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

"""The console as one application: its guards, its cookies, and its pages."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.rules_file import RulesFile
from responder.processes.commands import Commands
from responder.settings.environment import environment
from responder.settings.model import Settings
from responder.web.console.editing import changing, trying
from responder.web.console.frame import assets
from responder.web.console.frame.door import LONGEST_VISIT, Answer, SameOrigin, StrictHeaders, Throttle, door_of
from responder.web.console.frame.feed import Feed
from responder.web.console.frame.outlook import Health, Lookout
from responder.web.console.frame.shared import Checks, Console, Impacts
from responder.web.console.frame.visits import Visit, begin, safe_path
from responder.web.console.pages import (
    appointments,
    deliveries,
    inbox,
    lists,
    messages,
    people,
    rules,
    sign_in,
)

LOOKS = frozenset({"GET", "HEAD"})
EDITING = (trying, changing)
PAGES = (
    sign_in,
    messages,
    people,
    inbox,
    appointments,
    deliveries,
    lists,
    rules,
    *EDITING,
)
COOKIE = "responder_console"
HTTPS = "https"


async def not_here(request: Request, error: Exception) -> Response:
    """What somebody hears who asks for a page that there is not, or in a way that it does not take.

    A refusal is shown at the address of its act: whoever looks there again is led to the page above it.
    """
    if isinstance(error, HTTPException) and error.status_code == 405 and request.method in LOOKS:
        return RedirectResponse(_page_above(request), status_code=303)
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    visit = await begin(request, request.app.state.console)
    sentence = visit.say("There is no such page.") if status == 404 else visit.say("This page takes no such request.")
    response = await visit.page("refused.html", status, sentence=sentence, is_missing=status == 404, is_ours=True)
    response.headers.update(headers or {})
    return response


def _page_above(request: Request) -> str:
    path, scope = request.url.path, dict(request.scope)
    while path := path.rpartition("/")[0]:
        scope |= {"method": "GET", "path": path}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return safe_path(path)
    return "/"


async def went_wrong(request: Request, _error: Exception) -> Response:
    """What somebody hears after a fault of ours, which the log has."""
    console: Console = request.app.state.console
    visit = Visit(request=request, console=console, answer=Answer.UNKNOWN, now=console.desk.clock())
    try:
        sentence = visit.say("Something went wrong here: the log of the service has it. Try again.")
        return await visit.page("refused.html", 500, sentence=sentence, is_missing=False, is_ours=True)
    except Exception:  # noqa: BLE001  (the fault is in what every page shows)
        return PlainTextResponse("something went wrong here: the log of the service has it\n", status_code=500)


class _Sessions:
    """Cookies by the scheme: on HTTPS they are bound to this host and never leave by plain HTTP."""

    def __init__(self, app: ASGIApp, secret: bytes, public_url: str | None) -> None:
        key = hmac.digest(secret, b"console cookies", hashlib.sha256).hex()
        age_s = int(LONGEST_VISIT.total_seconds())
        self._is_public_https = urlsplit(public_url or "").scheme == HTTPS
        self._plain = SessionMiddleware(app, key, session_cookie=COOKIE, max_age=age_s)
        self._safe = SessionMiddleware(app, key, session_cookie=f"__Host-{COOKIE}", max_age=age_s, https_only=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_safe = self._is_public_https or scope.get("scheme") == HTTPS
        await (self._safe if is_safe else self._plain)(scope, receive, send)


def make_console(settings: Settings, desk: Desk, rules: Callable[[], Rules], health: Health) -> tuple[ASGIApp, Feed]:
    """The console of an installation, and what it streams."""
    lookout = Lookout(desk=desk, health=health)
    console = Console(
        desk=desk,
        door=door_of(settings, desk.secret),
        throttle=Throttle(),
        lookout=lookout,
        feed=Feed(desk=desk, lookout=lookout),
        commands=Commands(),
        file=RulesFile(path=settings.rules, environment=environment, is_for_looking=settings.console_rules == "view"),
        checks=Checks(Commands()),
        impact=Impacts(Commands()),
        rules=rules,
    )
    return application(console, settings.public_url), console.feed


def application(console: Console, public_url: str | None = None) -> ASGIApp:
    routes = [*assets.routes, *(route for page in PAGES for route in page.routes)]
    app = Starlette(routes=routes, exception_handlers={404: not_here, 405: not_here, 500: went_wrong})
    app.state.console = console
    return StrictHeaders(SameOrigin(_Sessions(app, console.desk.secret, public_url)))

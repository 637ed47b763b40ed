"""The console as one application: its guards, its cookies, and its pages."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.rules_file import RulesFile
from responder.processes.commands import Commands
from responder.settings.environment import environment
from responder.settings.model import Settings
from responder.web.console.editing import changing, history, trying, unmatched
from responder.web.console.frame import assets
from responder.web.console.frame.door import LONGEST_VISIT, Throttle, door_of
from responder.web.console.frame.faults import not_here, went_wrong
from responder.web.console.frame.feed import Feed
from responder.web.console.frame.guards import SameOrigin, StrictHeaders
from responder.web.console.frame.outlook import Health, Lookout
from responder.web.console.frame.shared import Console
from responder.web.console.pages import (
    appointments,
    deliveries,
    events,
    inbox,
    lists,
    message,
    messages,
    people,
    proof,
    rules,
    sign_in,
    status,
)
from responder.web.console.running.checks import Checks
from responder.web.console.running.impact import Impacts

EDITING = (trying, unmatched, changing, history)
PAGES = (
    sign_in,
    events,
    messages,
    message,
    people,
    proof,
    inbox,
    appointments,
    deliveries,
    lists,
    rules,
    status,
    *EDITING,
)
COOKIE = "responder_console"
HTTPS = "https"


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
    """The console's pages behind its guards."""
    routes = [*assets.routes, *(route for page in PAGES for route in page.routes)]
    app = Starlette(routes=routes, exception_handlers={404: not_here, 405: not_here, 500: went_wrong})
    app.state.console = console
    return StrictHeaders(SameOrigin(_Sessions(app, console.desk.secret, public_url)))

"""Coming and going: name and password, the way out, and the choice of language and colours."""

import asyncio
import logging
from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.core.sms.text import clean
from responder.desk.messages import end_all_visits, read_epoch
from responder.web.console.frame.door import LONGEST_NAME, Answer, leave
from responder.web.console.frame.language import LANGUAGES
from responder.web.console.frame.visits import Visit, acts, for_anybody, safe_path

THEMES = ("light", "dark")

logger = logging.getLogger(__name__)


async def show(visit: Visit) -> Response:
    following = safe_path(visit.request.query_params.get("next", "/"))
    if visit.answer is Answer.SIGNED_IN:
        return visit.go(following)
    return await _page(visit, following=following)


async def enter(visit: Visit) -> Response:
    """Sign in, or in an open console, say who acts."""
    form = await visit.form()
    name = " ".join(clean(form.get("name", "")).split())
    following = safe_path(form.get("next", "/"))
    if not name or len(name) > LONGEST_NAME:
        wrong = visit.say(
            "Your name stands beside all that you do here: at most %(most)d characters.", most=LONGEST_NAME
        )
        return await _page(visit, 422, following=following, name=name[:LONGEST_NAME], wrong_name=wrong)
    if visit.answer is Answer.OPEN:
        visit.request.session["operator"] = name
        return visit.go(following)
    return await _with_password(visit, name, form.get("password", ""), following)


async def _with_password(visit: Visit, name: str, typed: str, following: str) -> Response:
    client, throttle = visit.request.client, visit.console.throttle
    address = client.host if client else ""
    if wait_s := throttle.wait_s(address):
        wrong = visit.say("Too many wrong passwords came from here. Try again in %(seconds)d seconds.", seconds=wait_s)
        response = await _page(visit, 429, following=following, name=name, wrong=wrong)
        response.headers["Retry-After"] = str(wait_s)
        return response
    await asyncio.sleep(throttle.delay_s())
    if not visit.console.door.opens_for(typed):
        throttle.count_wrong(address)
        logger.warning("a wrong password was typed for the console client=%s", address)
        return await _page(visit, 422, following=following, name=name, wrong=visit.say("This is not the password."))
    visit.console.door.let_in(visit.request.session, name, await read_epoch(visit.desk), visit.now)
    return visit.go(following)


async def _page(
    visit: Visit, status: int = 200, *, following: str, name: str = "", wrong: str = "", wrong_name: str = ""
) -> Response:
    return await visit.page("sign_in.html", status, following=following, name=name, wrong=wrong, wrong_name=wrong_name)


async def go_out(visit: Visit) -> Response:
    """End this visit, and what runs for it."""
    await visit.console.impact.cancel(visit.operator)
    visit.console.feed.end_visit(visit.request.session.get("visit", ""))
    leave(visit.request.session)
    return visit.go("/sign-in")


async def go_out_everywhere(visit: Visit) -> Response:
    """End all visits of everybody, this one too."""
    await end_all_visits(visit.desk)
    await visit.console.impact.cancel_all()
    leave(visit.request.session)
    return visit.go("/sign-in", visit.say("Everybody has been signed out."))


async def choose(visit: Visit) -> Response:
    """Keep the choice of language and colours."""
    form, session = await visit.form(), visit.request.session
    if form.get("language") in LANGUAGES:
        session["language"] = form["language"]
    if "theme" in form:
        session.pop("theme", None)
        if form["theme"] in THEMES:
            session["theme"] = form["theme"]
    return visit.go(safe_path(form.get("back", "/")))


routes: Sequence[Route] = (
    *for_anybody("/sign-in", show, enter),
    *acts("/sign-out", go_out),
    *acts("/sign-out-everywhere", go_out_everywhere),
    *for_anybody("/preferences", None, choose),
)

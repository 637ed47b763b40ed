"""A visit: one request with who asks, in which language, and what every page shows around its own matter."""

import functools
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from responder.core.contact.reasons import because, reason_of
from responder.desk.desk import Desk, DeskError, Invalid, Missing
from responder.desk.messages import read_epoch
from responder.errors import StorageError
from responder.web.console.frame.door import Answer, prefers
from responder.web.console.frame.language import LANGUAGES, Catalogue, catalogue
from responder.web.console.frame.outlook import NOTHING_KNOWN, Outlook
from responder.web.console.frame.rendering import render
from responder.web.console.frame.shared import Console
from responder.web.forms import Upload, read_form, read_upload

LARGEST_FORM = 1024 * 1024
STATUSES = {"not_found": 404, "invalid": 422, "overtaken": 409}
SIGNED_IN = frozenset({Answer.OPEN, Answer.SIGNED_IN})
NOBODY = "console"  # who acts where nobody has to sign in and nobody gave a name


@dataclass(kw_only=True, slots=True)
class Visit:
    """One request to the console."""

    request: Request
    console: Console
    answer: Answer
    now: datetime
    outlook: Outlook = NOTHING_KNOWN
    _form: dict[str, str] | None = field(default=None, repr=False)

    @property
    def desk(self) -> Desk:
        return self.console.desk

    @property
    def operator(self) -> str:
        return str(self.request.session.get("operator") or NOBODY)

    @property
    def words(self) -> Catalogue:
        """The language of the page: as chosen, else as the browser asks for, else the first of the file's."""
        chosen = self.request.session.get("language")
        if chosen not in LANGUAGES:
            accepted = prefers(self.request.headers.get("accept-language", ""), list(LANGUAGES))
            chosen = accepted or next((one for one in self.console.languages() if one in LANGUAGES), "en")
        return catalogue(chosen)

    @property
    def zone(self) -> ZoneInfo:
        return self.console.zone()

    def say(self, sentence: str, **values: object) -> str:
        return self.words.one(sentence) % values if values else self.words.one(sentence)

    async def form(self) -> dict[str, str]:
        """What was typed into the page's form; raises Invalid if it is too much."""
        if self._form is None:
            typed = read_form(await self._body(LARGEST_FORM), self.request.headers.get("content-type", ""))
            self._form = {name: value.replace("\r\n", "\n") for name, value in typed.items()}
        return self._form

    async def upload(self, largest: int) -> Upload:
        """The file of a form, and what was typed beside it; raises Invalid if it is too much."""
        body = await self._body(largest)
        return await run_in_threadpool(read_upload, body, self.request.headers.get("content-type", ""))

    async def _body(self, largest: int) -> bytes:
        body = bytearray()
        async for part in self.request.stream():
            body += part
            if len(body) > largest:
                raise Invalid(because("too_much_at_once"))
        return bytes(body)

    async def page(self, template: str, status: int = 200, **values: object) -> Response:
        return HTMLResponse(render(template, self.around() | values), status_code=status)

    def around(self) -> dict[str, Any]:
        return {
            "words": self.words,
            "language": self.words.language,
            "zone": self.zone,
            "now": self.now,
            "theme": self.request.session.get("theme"),
            "operator": self.request.session.get("operator"),
            "answer": self.answer.name,
            "path": self.request.url.path,
            "here": here(self.request),
            "is_answer": self.request.method == "POST",
            "query": dict(self.request.query_params),
            "outlook": self.outlook,
            "notice": self.request.session.pop("notice", None) if "notice" in self.request.session else None,
            "handle": self.console.handle,
        }

    def go(self, path: str, notice: str | None = None) -> Response:
        """On to another page, which shows the notice."""
        if notice:
            self.request.session["notice"] = notice
        return RedirectResponse(path, status_code=303)


Page = Callable[[Visit], Awaitable[Response]]


def pages(path: str, look: Page, act: Page | None = None) -> Sequence[Route]:
    """The routes of a page: what it shows, and what its form does."""
    looks = [Route(path, _endpoint(look), methods=["GET"])]
    return looks if act is None else [*looks, *acts(path, act)]


def acts(path: str, what: Page) -> Sequence[Route]:
    return [Route(path, _endpoint(what), methods=["POST"])]


def for_anybody(path: str, look: Page | None, act: Page | None = None) -> Sequence[Route]:
    """The routes of a page that nobody has to be signed in for."""
    open_to = frozenset({Answer.OPEN, Answer.SIGNED_IN, Answer.SIGN_IN})
    looks = [] if look is None else [Route(path, _endpoint(look, open_to), methods=["GET"])]
    acts_on = [] if act is None else [Route(path, _endpoint(act, open_to), methods=["POST"])]
    return [*looks, *acts_on]


def _endpoint(page: Page, open_to: Collection[Answer] = SIGNED_IN) -> Callable[[Request], Awaitable[Response]]:
    @functools.wraps(page)
    async def answer(request: Request) -> Response:
        visit = await begin(request, request.app.state.console)
        if visit.answer is Answer.UNKNOWN:
            return await visit.page("away.html", 503)
        if visit.answer not in open_to:
            return _turned_away(visit)
        try:
            return await page(visit)
        except DeskError as error:
            return await _refusal(visit, error)
        except StorageError:
            return await visit.page("away.html", 503)

    return answer


async def begin(request: Request, console: Console) -> Visit:
    """A visit by a request: who asks, and what every page shows."""
    now, session = console.desk.clock(), request.session
    try:
        epoch = await read_epoch(console.desk) if session.get("proof") else ""
        answer = console.door.answer(request.headers, session, epoch, now)
    except StorageError:  # nobody can tell whether this visit was ended
        answer = Answer.UNKNOWN
    visit = Visit(request=request, console=console, now=now, answer=answer)
    if visit.answer is Answer.SIGNED_IN:
        console.door.renew(session, now)
    if visit.answer in SIGNED_IN:
        visit.outlook = await console.lookout.look()
    return visit


def _turned_away(visit: Visit) -> Response:
    is_data = visit.request.url.path.endswith((".json", ".csv", "/events"))
    if visit.answer is Answer.CLOSED:
        return PlainTextResponse(
            "the console is closed: no password is set, and this may come from another machine."
            " Set RESPONDER_ADMIN_PASSWORD and start again, or open it on the machine itself\n",
            status_code=403,
        )
    if is_data:
        return PlainTextResponse("sign in first\n", status_code=401)
    return RedirectResponse(f"/sign-in?next={quote(here(visit.request), safe='/')}", status_code=303)


async def _refusal(visit: Visit, error: DeskError) -> Response:
    status = STATUSES.get(error.code, 409)
    return await visit.page(
        "refused.html", status, sentence=reason_of(error), is_missing=isinstance(error, Missing), is_ours=False
    )


def here(request: Request) -> str:
    """The address of a page without its host, as forms and links carry it on."""
    query = request.url.query if request.method == "GET" else ""
    return f"{request.url.path}?{query}" if query else request.url.path


def safe_path(typed: str) -> str:
    """A path of ours to go on to; the first page for whatever leads elsewhere.

    >>> safe_path("/inbox?done=1"), safe_path("//elsewhere.example"), safe_path("https://elsewhere.example")
    ('/inbox?done=1', '/', '/')
    """
    try:
        parts = urlsplit(typed)
    except ValueError:
        return "/"
    is_ours = not parts.scheme and not parts.netloc and typed.startswith("/") and not set(typed) & set("\\\r\n\t")
    return typed if is_ours and not typed.startswith("//") else "/"

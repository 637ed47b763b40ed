"""What somebody hears who asks for what there is not, or after a fault of ours."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match

from responder.web.console.frame.door import Answer
from responder.web.console.frame.shared import Console
from responder.web.console.frame.visits import Visit, begin, safe_path

LOOKS = frozenset({"GET", "HEAD"})


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

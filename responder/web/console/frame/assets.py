"""The one sheet and the scripts, served under the hash of their bytes, so that browsers may keep them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from responder.web.console.frame.language import FOLDER

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
FILES = {
    "css": "console.css",
    "js": "console.js",
    "desk": "desk.js",
    "reply": "reply.js",
    "feed": "feed.js",
    "editor": "editor.js",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file that pages ask for, as it is and compressed."""

    path: str
    content_type: str
    body: bytes
    compressed: bytes


@cache
def assets() -> dict[str, Asset]:
    """The sheet and the scripts, by what templates call them."""
    return {called: _read(name, KINDS[name.rpartition(".")[2]]) for called, name in FILES.items()}


def _read(name: str, content_type: str) -> Asset:
    body = files(FOLDER).joinpath("static", name).read_bytes()
    stem, _, kind = name.partition(".")
    path = f"/static/{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{kind}"
    return Asset(path=path, content_type=content_type, body=body, compressed=gzip.compress(body, mtime=0))


async def serve_asset(request: Request) -> Response:
    asset = next((one for one in assets().values() if one.path == request.url.path), None)
    if asset is None:
        return PlainTextResponse("not found\n", status_code=404)
    headers = {"Cache-Control": FOREVER, "Content-Type": asset.content_type, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.body, headers=headers)


routes = [Route("/static/{name}", serve_asset)]

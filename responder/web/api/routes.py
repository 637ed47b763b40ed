"""/api/v1: lets in whoever shows the token, finds the operation, and says what is wrong as problem+json."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from responder.core.operations.pages import Repeat
from responder.core.outbound.gateway import LARGEST_BODY
from responder.desk.desk import Desk, DeskError, Invalid, Overtaken
from responder.desk.requests import UnderWay, once
from responder.errors import ConfigurationError, StorageError
from responder.web.api.call import Answer, Call, Refusal, etag_of
from responder.web.api.description import BASE, document, page
from responder.web.api.table import OPERATIONS, Again, Operation

STATUSES = {"not_found": 404, "overtaken": 412, "refused": 409, "invalid": 422}
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # of RFC 9110, which older Pythons call otherwise
LONGEST_KEY = 200  # characters of an Idempotency-Key
KEY_IN_USE = "Idempotency-Key: a request with this key is under way, ask again in a second"
AWAY = "the database is not available, try again later"
NOTHING = "there is nothing here"
ONLY_STYLE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


class Api(BaseRoute):
    """The REST API of an installation: one route for whatever begins with its address."""

    def __init__(self, desk: Desk, token: str) -> None:
        self._desk = desk
        self._expected = f"Bearer {token}".encode()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for the API. Starlette's own paths end where a line does."""
        path: str = scope["path"]
        if scope["type"] != "http" or not f"{path}/".startswith(BASE):
            return Match.NONE, {}
        return Match.FULL, {"path_params": {"path": path.removeprefix(BASE)}}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.path_params.get("path", "")
        if path == "docs" and request.method in ("GET", "HEAD"):
            return HTMLResponse(page(), headers=ONLY_STYLE)
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), self._expected):
            return problem(404, NOTHING, code="not_found")
        if path == "openapi.json" and request.method in ("GET", "HEAD"):
            return JSONResponse(document())
        try:
            operation, parts = _find(request.method, path)
            call = await self._call(request, parts)
            return _response(await self._carry_out(operation, call), call)
        except Refusal as refusal:
            return problem(refusal.status, *refusal.errors, headers=refusal.headers)
        except Invalid as invalid:
            return problem(STATUSES[invalid.code], *invalid.errors, code=invalid.code)
        except Overtaken as error:
            return _overtaken(error)
        except DeskError as error:
            return problem(STATUSES[error.code], str(error), code=error.code)
        except (StorageError, ConfigurationError):
            return problem(503, AWAY, code="unavailable")
        except ClientDisconnect:
            return Response(status_code=400)

    async def _call(self, request: Request, parts: Mapping[str, str]) -> Call:
        content = b""
        async for some in request.stream():
            content += some
            if len(content) > LARGEST_BODY:
                raise Refusal(413, "the body is larger than 64 KiB")
        only_looks = request.method in ("GET", "HEAD")
        return Call(
            path=parts,
            only_looks=only_looks,
            query=request.query_params,
            headers=request.headers,
            content=content,
            desk=self._desk,
        )

    async def _carry_out(self, operation: Operation, call: Call) -> Answer:
        """Carry out a request, or answer one that was carried out before under the same key."""
        key, again = call.headers.get("idempotency-key"), operation.again
        if key is None or again is None:
            return await operation.handle(call)
        if not 1 <= len(key) <= LONGEST_KEY:
            raise Invalid(f"Idempotency-Key: expected 1 to {LONGEST_KEY} characters")
        request = json.dumps(
            [operation.method, operation.path, *call.path.values(), str(call.query), call.content.hex()]
        )
        try:
            return await once(
                self._desk,
                key,
                request,
                lambda desk: operation.handle(replace(call, desk=desk)),
                lambda repeat: _again(again, call, repeat),
            )
        except UnderWay:
            raise Refusal(409, KEY_IN_USE, headers={"retry-after": "1"}) from None


async def _again(again: Again, call: Call, repeat: Repeat) -> Answer:
    answer = await again(call, repeat.subject)
    return replace(answer, status=HTTPStatus.CREATED) if repeat.is_new else answer


def _find(method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
    """The operation for a path, and the parts of the path. Raises Refusal."""
    found = [(one, match) for one in OPERATIONS if (match := one.pattern.fullmatch(path))]
    wanted = "GET" if method == "HEAD" else method
    for operation, match in reversed(found):
        if operation.method == wanted:
            return operation, match.groupdict()
    if found:
        methods = {operation.method for operation, _ in found}
        allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
        raise Refusal(405, f"{method} is not possible here, expected {allowed}", headers={"allow": allowed})
    raise Refusal(404, NOTHING)


def _overtaken(error: Overtaken) -> Response:
    """What is wrong, with the record as it stands, so that nobody has to ask again."""
    present = error.present
    etag = {"etag": etag_of(present)} if present else {}
    also = {"present": present.as_json() if present else None}
    return problem(STATUSES[error.code], str(error), code=error.code, headers=etag, also=also)


def problem(
    status: int,
    *errors: str,
    code: str = "",
    headers: Mapping[str, str] | None = None,
    also: Mapping[str, Any] | None = None,
) -> Response:
    """What is wrong, all at once (RFC 9457)."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": errors[0] if errors else "",
        "code": code or title.lower().replace(" ", "_"),
        "errors": list(errors),
        **(also or {}),
    }
    return JSONResponse(content, status, headers=dict(headers or {}), media_type="application/problem+json")


def _response(answer: Answer, call: Call) -> Response:
    headers = {"etag": answer.etag} if answer.etag else {}
    if call.only_looks and answer.etag and call.has(answer.etag):
        return Response(status_code=304, headers=headers)
    if answer.status == HTTPStatus.NO_CONTENT:
        return Response(status_code=answer.status, headers=headers)
    return JSONResponse(answer.content, answer.status, headers=headers)


def routes(desk: Desk, token: str) -> Sequence[BaseRoute]:
    """The routes, open to whoever shows the token."""
    return [Api(desk, token)]

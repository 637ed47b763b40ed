"""The API described: as OpenAPI for programs, and as a page for people, both made from the table."""

import html
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from responder.web.api.table import OPERATIONS, Operation

BASE = "/api/v1/"
LOOK = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin:2.5rem 0 .5rem;font-size:1.1rem}code{background:#f2f2f2;padding:.1em .3em;border-radius:.2em}"
    "dt{font-weight:600}dd{margin:0 0 .4rem 1.5rem}"
)
WRONG = {
    400: "The body is not JSON.",
    404: "There is nothing by this name, or the token is wrong.",
    409: "It is there, and this cannot be done about it; or the Idempotency-Key is in use.",
    412: "It is not as If-Match or If-None-Match says.",
    413: "The body is larger than 64 KiB.",
    422: "A field or filter is wrong; all that is wrong is told. Or the Idempotency-Key was used for another request.",
    503: "The database is not available.",
}
FINE = {200: "As it is now.", 201: "As it was made.", 204: "It is done."}


@cache
def document() -> Mapping[str, Any]:
    """What the API offers, as OpenAPI."""
    read: dict[str, Any] = json.loads(files(__package__).joinpath("openapi.json").read_text("utf-8"))
    for operation in OPERATIONS:
        place = read["paths"].setdefault(BASE + operation.path, {})
        place[operation.method.lower()] = _described(operation)
    return read


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_parameters(operation)],
        "responses": dict(_responses(operation)),
    }
    if operation.body:
        needed = operation.body in ("Booking", "Reply", "Joining", "ListChange", "LookUp", "StatusChange")
        described["requestBody"] = {"required": needed, "content": _json(_schema(operation.body))}
    return described


def _path_parameters(operation: Operation) -> Iterator[Mapping[str, Any]]:
    for name in operation.pattern.groupindex:
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if name == "id":
            schema["maxLength"] = 64
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _parameters(operation: Operation) -> Iterator[Mapping[str, Any]]:
    names = [*operation.filters]
    if operation.acts:
        names += ["Operator", "Idempotency-Key", *(["If-Match"] if operation.has_etag else [])]
    elif operation.has_etag:
        names.append("If-None-Match")
    return ({"$ref": f"#/components/parameters/{name}"} for name in names)


def _responses(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for status in operation.statuses:
        answer: dict[str, Any] = {"description": FINE[status]}
        if status != 204:
            answer["content"] = _json(_page(operation) if operation.page else _schema(operation.answer))
            if operation.has_etag:
                answer["headers"] = {"ETag": {"description": "The name of this state.", "schema": {"type": "string"}}}
        yield str(status), answer
    if operation.has_etag and not operation.acts:
        yield "304", {"description": "It is as If-None-Match says."}
    for status, description in WRONG.items():
        if status not in (400, 409, 412, 413) or operation.method != "GET":
            problem = {"application/problem+json": {"schema": _schema("Problem")}}
            yield str(status), {"description": description, "content": problem}


def _page(operation: Operation) -> dict[str, Any]:
    following = {"type": ["string", "null"], "description": "The `after` of the next page; null at the end."}
    looked = {"type": "string", "description": "How far a search looked that ended before the page was full."}
    records = {"type": "array", "items": _schema(operation.answer)}
    return {
        "type": "object",
        "required": [operation.page, "next"],
        "properties": {operation.page: records, "next": following, "looked_back_to": looked},
    }


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


@cache
def page() -> str:
    """What the API offers, for people to read: one page without scripts, or anything from elsewhere."""
    parts = "".join(map(_section, OPERATIONS))
    told = html.escape(document()["info"]["description"])
    begin = (
        f"<p>{told}</p><p>Show <code>Authorization: Bearer</code> with the token of RESPONDER_API_TOKEN. Lists go on "
        "with <code>after</code>, which is <code>next</code> of the page before. What is wrong comes as "
        "<code>application/problem+json</code>. For programs: <code>/api/v1/openapi.json</code>.</p>"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The API of responder</title>'
        f'<meta name="viewport" content="width=device-width"><style>{LOOK}</style></head>'
        f"<body><main><h1>The API of responder</h1>{begin}{parts}</main></body></html>"
    )


def _section(operation: Operation) -> str:
    schemas = document()["components"]["schemas"]
    fields = {
        **{item["name"]: item for item in _resolved(operation) if item["in"] != "path"},
        **(schemas[operation.body]["properties"] if operation.body else {}),
    }
    told = "".join(
        f"<dt><code>{html.escape(name)}</code></dt><dd>{html.escape(field.get('description', ''))}</dd>"
        for name, field in fields.items()
    )
    answer = f"<p>Answers {html.escape(operation.page or operation.answer or 'nothing')}.</p>"
    title = f"<h2><code>{operation.method} {html.escape(BASE + operation.path)}</code></h2>"
    return f"<section>{title}<p>{html.escape(operation.summary)}</p><dl>{told}</dl>{answer}</section>"


def _resolved(operation: Operation) -> Iterator[Mapping[str, Any]]:
    parameters = document()["components"]["parameters"]
    for item in _parameters(operation):
        yield parameters[item["$ref"].rpartition("/")[2]]

"""One request to the API as its functions read it, and what they answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from starlette.datastructures import Headers, QueryParams

from responder.core.appointments.booking import Local
from responder.core.operations.pages import Page
from responder.core.operations.records import AppointmentRecord
from responder.desk.desk import LARGEST_PAGE, Desk, Invalid, Recorded, Records
from responder.desk.requests import Typed, read_one_of, read_text

BY_PROGRAMS = "api"  # who acts where nobody is named
LONGEST_OPERATOR = 200  # characters
PAGE = 100  # records in one answer, where no limit is given
PAGING = ("limit", "after", "order")
ORDERS = ("oldest", "newest")


class Refusal(Exception):
    """A request that is not carried out, with its status and all that is wrong."""

    def __init__(self, status: int, *errors: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = dict(headers or {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a function of the API answers."""

    content: Any = None
    status: int = 200
    etag: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request: the parts of its path, its query, its body, and its headers."""

    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    content: bytes = field(repr=False)
    desk: Desk = field(repr=False)
    only_looks: bool = False

    async def local(self) -> Local:
        """The zone of times without an offset, and the country of numbers without a plus."""
        rules = await self.desk.rules()
        return Local(zone=rules.zone, country=rules.country, languages=rules.languages)

    def now(self) -> datetime:
        """The time."""
        return self.desk.clock()

    def body(self) -> Mapping[str, Any]:
        """The body, which is an object. Raises Refusal."""
        if not self.content.strip():
            return {}
        try:
            read = json.loads(self.content)
        except (ValueError, RecursionError):
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(read, dict):
            raise Invalid("the body has to be an object with fields")
        return read

    def operator(self, typed: Typed) -> str:
        """Who acts: the field or the header ``operator``, else a program."""
        named = self.headers.get("operator") or self.headers.get("x-operator")
        by_header = Typed({"operator": named}, ("operator",))
        given = [one.read("operator", read_text(LONGEST_OPERATOR)) or "" for one in (typed, by_header)]
        typed.errors += by_header.errors
        return given[0].strip() or given[1].strip() or BY_PROGRAMS

    def has(self, etag: str) -> bool:
        """Whether whoever only looks has this state already, by ``If-None-Match``."""
        known = _etags(self.headers.get("if-none-match")) or set()
        return bool({"*", etag, f"W/{etag}"} & known)

    def expects(self, present: Recorded | None) -> bool:
        """Whether a record, or that there is none, is what ``If-Match`` and ``If-None-Match`` allow."""
        etag = etag_of(present) if present else None
        names = {"*", etag} if etag else set()
        expected, excluded = (_etags(self.headers.get(name)) for name in ("if-match", "if-none-match"))
        return (expected is None or bool(names & expected)) and not (excluded is not None and names & excluded)


def _etags(header: str | None) -> set[str] | None:
    return None if header is None else {part.strip() for part in header.split(",")}


def etag_of(record: Recorded) -> str:
    """The name of a record's state."""
    if isinstance(record, AppointmentRecord):
        return record.etag
    return f'"{sha256(json.dumps(record.as_json(), sort_keys=True).encode()).hexdigest()[:16]}"'


def answer_record(record: Recorded, *, status: int = 200) -> Answer:
    """A record with its ETag."""
    return Answer(content=record.as_json(), status=status, etag=etag_of(record))


def finish(typed: Typed) -> None:
    """Raise Invalid if something that was typed is wrong."""
    if typed.errors:
        raise Invalid(*typed.errors)


async def answer_page(call: Call, typed: Typed, name: str, find: Callable[[], Records[Any]]) -> Answer:
    """A page of records under their name, and after which the next ones come. Raises Invalid."""
    limit = typed.read("limit", read_limit) or PAGE
    newest_first = typed.read("order", read_one_of(ORDERS)) == "newest"
    finish(typed)
    page: Page[Any] = await find().page(limit=limit, after=call.query.get("after"), newest_first=newest_first)
    content: dict[str, Any] = {name: [record.as_json() for record in page.items], "next": page.next}
    if page.looked_back_to:
        content["looked_back_to"] = page.looked_back_to.isoformat()
    return Answer(content=content)


def read_limit(typed: str) -> int:
    """How many records an answer may have. Raises ValueError."""
    if not (typed.isascii() and typed.isdigit() and len(typed) < 5 and 1 <= int(typed) <= LARGEST_PAGE):
        raise ValueError(f"expected a number from 1 to {LARGEST_PAGE}")
    return int(typed)

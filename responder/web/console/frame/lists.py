"""Lists as data: the records that the commands print, as JSON Lines or CSV, streamed while others are served."""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

TOGETHER = 50  # records between two turns of the event loop, which has pages to write
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with a plus and is not a formula


class Record(Protocol):
    """Anything with the JSON fields of the contract, section 7."""

    def as_json(self) -> Mapping[str, Any]:
        """Its fields."""


def as_lines(records: AsyncIterator[Record]) -> Response:
    """The records as JSON Lines, as the commands print them."""
    return StreamingResponse(_in_turns(_json_lines(records)), media_type="application/x-ndjson")


def as_csv(records: AsyncIterator[Record], name: str) -> Response:
    """The records as CSV, in which no cell is a formula."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_in_turns(_csv_lines(records)), media_type="text/csv; charset=utf-8", headers=headers)


async def each_of(records: Iterable[Record]) -> AsyncIterator[Record]:
    """Records that are there already, one by one."""
    for record in records:
        yield record


async def _json_lines(records: AsyncIterator[Record]) -> AsyncIterator[str]:
    async for record in records:
        yield json.dumps(record.as_json()) + "\n"


async def _csv_lines(records: AsyncIterator[Record]) -> AsyncIterator[str]:
    names: list[str] = []
    async for record in records:
        fields = record.as_json()
        if not names:
            names = list(fields)
            yield _row(names)
        yield _row(_cell(fields.get(name)) for name in names)


async def _in_turns(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    waiting: list[str] = []
    async for line in lines:
        waiting.append(line)
        if len(waiting) >= TOGETHER:
            yield "".join(waiting)
            waiting.clear()
            await asyncio.sleep(0)
    yield "".join(waiting)


def _row(cells: Iterable[str]) -> str:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerow(list(cells))
    return target.getvalue()


def _cell(value: object) -> str:
    """The cell for a value, which no spreadsheet takes for a formula.

    >>> _cell("=1+1"), _cell("+393301234567"), _cell(None)
    ("'=1+1", '+393301234567', '')
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def with_query(path: str, query: Mapping[str, object]) -> str:
    """A path with the parts of a query that say something.

    >>> with_query("/", {"rule": "news-on", "status": None, "day": ""})
    '/?rule=news-on'
    """
    said = {name: value for name, value in query.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(said)}" if said else path

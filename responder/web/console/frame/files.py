"""Files that pages give out, line by line or as a table, and take in as the commands do: all of their lines or none."""

import asyncio
import base64
import csv
import io
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from responder.web.console.frame.language import FOLDER
from responder.web.console.frame.visits import Visit
from responder.web.forms import Upload

TOGETHER = 50  # records between two turns of the event loop, which has pages to write
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"\+[0-9]+")  # begins with a plus and is not a formula
LARGEST_FILE = 20 * 1024 * 1024
LARGEST_CARRIED = 512 * 1024  # bytes that the page of a dry run carries, so that nobody has to choose the file again
KEPT_LINES = 200
SAID_OF_FILES = "{language}-files.json"  # what commands say of a file, with a letter in braces for each value
_VALUE = re.compile(r"\\\{([a-z])\\\}")
_CELL = re.compile(r"(.+?)( {2,}|$)")


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


async def read_file(visit: Visit) -> Upload:
    """The file of a form: the one that was chosen, or else the one that the page of a dry run carries."""
    form = await visit.upload(LARGEST_FILE)
    if form.body or not form.fields.get("carried"):
        return form
    try:
        body = base64.b64decode(form.fields["carried"], validate=True)
    except ValueError:
        return form
    return Upload(name=form.fields.get("name", ""), body=body, fields=form.fields)


async def bring_in(visit: Visit, form: Upload, records: str, back: str) -> Response:
    """Bring in a file of appointments or subscribers, or say what would become of it; ``back`` leads on from there."""
    was_tried = form.fields.get("act") == "try"
    with tempfile.TemporaryDirectory(prefix="responder-") as folder:
        file = Path(folder, f"import{form.suffix}")
        await asyncio.to_thread(file.write_bytes, form.body)
        dry = ["--dry-run"] if was_tried else []
        answer = await visit.console.commands.run(records, "import", *dry, str(file), operator=visit.operator)
    told, errors = ([line.replace(str(file), form.name) for line in part] for part in (answer.lines, answer.errors))
    end = told.index("") if "" in told else 0  # a dry run tells each cell, and then what they come to
    said = said_of_files(visit.words.language)
    told = [*map(said.row, told[:end]), *map(said.line, told[end:])]
    visit.console.lookout.forget()
    is_fine = answer.code == 0
    carries = is_fine and was_tried and len(form.body) <= LARGEST_CARRIED
    return await visit.page(
        "imported.html",
        200 if is_fine else 422,
        summary=[*map(said.line, errors), *filter(None, told[end:])][:KEPT_LINES],
        told=told[: min(end, KEPT_LINES)] if end > 1 else [],  # below its header
        more=max(0, end - KEPT_LINES),
        is_fine=is_fine,
        was_tried=was_tried,
        back=back,
        carried=base64.b64encode(form.body).decode() if carries else None,
        file_name=form.name,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SaidOfFiles:
    """What commands say of a file, in one language; what has no translation stays English."""

    sentences: Sequence[tuple[re.Pattern[str], str]] = ()

    def line(self, line: str) -> str:
        """A line as it is printed: before what is said, it may name a file, a line and a column."""
        parts = line.split(": ")
        for place in range(len(parts)):
            if (said := self._said(": ".join(parts[place:]))) is not None:
                return ": ".join([*parts[:place], said])
        return line

    def row(self, row: str) -> str:
        """A row of the table of cells; its columns stay below each other."""
        return _CELL.sub(lambda cell: f"{self.line(cell[1]):<{len(cell[0])}}" if cell[2] else self.line(cell[1]), row)

    def _said(self, sentence: str) -> str | None:
        for pattern, translation in self.sentences:
            if found := pattern.fullmatch(sentence):
                values = {name: self._said(value) or value for name, value in found.groupdict().items()}
                return translation.format_map(values)
        return None


@cache
def said_of_files(language: str) -> SaidOfFiles:
    """What commands say of files, in a language.

    >>> said_of_files("it").line("patients.csv:3: starts_at: '9.15' is no time, expected for example 09:30")
    "patients.csv:3: starts_at: '9.15' non è un'ora, atteso per esempio 09:30"
    """
    if language == "en":
        return SaidOfFiles()
    text = files(FOLDER).joinpath("translations", SAID_OF_FILES.format(language=language)).read_text("utf-8")
    longest_first = sorted(json.loads(text).items(), key=lambda said: -len(said[0]))
    return SaidOfFiles(sentences=[(_pattern(english), said) for english, said in longest_first])


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(_VALUE.sub(r"(?P<\1>.+?)", re.escape(sentence)), re.DOTALL)

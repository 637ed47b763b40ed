"""Forms, whatever their shape and charset, and the file that one brings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

FALLBACK_CHARSET = "cp1252"  # for bytes that are not UTF-8 (gateway reference, section 1.4)
Fields = list[tuple[bytes, bytes]]
LONGEST_SUFFIX = 5  # characters


class Part(NamedTuple):
    """A part of a multipart form; ``file`` is the name of the file that it is, if it is one."""

    name: bytes
    body: bytes
    file: bytes | None


def read_form(body: bytes, content_type: str) -> Mapping[str, str]:
    """The fields of a form: lower-case names, the first value of each; empty if it is not a form.

    >>> read_form(b"originator=+39330&text=perch%E9&text=again", "")
    {'originator': ' 39330', 'text': 'perché'}
    """
    kind, options = parse_options_header(content_type)
    try:
        fields = (
            _multipart(body, options.get(b"boundary", b"")) if kind == b"multipart/form-data" else _urlencoded(body)
        )
    except FormParserError:
        return {}
    read: dict[str, str] = {}
    for name, value in fields:
        read.setdefault(decoded(name).strip().lower(), decoded(value))
    return read


def decoded(data: bytes) -> str:
    """Bytes as text, whatever charset they are in."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(FALLBACK_CHARSET, "replace")


def _urlencoded(body: bytes) -> Fields:
    """The fields of a urlencoded body, as ``parse_qsl`` reads them, but as bytes and twice as fast."""
    parts = [part.partition(b"=") for part in body.replace(b"+", b" ").split(b"&") if part]
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


def _into(target: bytearray) -> Callable[[bytes, int, int], None]:
    def collect(data: bytes, start: int, end: int) -> None:
        target.extend(data[start:end])

    return collect


def _multipart(body: bytes, boundary: bytes) -> Fields:
    return [(part.name, part.body) for part in read_parts(body, boundary)]


def read_parts(body: bytes, boundary: bytes) -> list[Part]:
    """The parts of a multipart body. Raises FormParserError."""
    header, value, data = bytearray(), bytearray(), bytearray()
    headers: dict[bytes, bytes] = {}
    parts: list[Part] = []

    def header_end() -> None:
        headers[bytes(header).lower()] = bytes(value)
        header.clear()
        value.clear()

    def part_end() -> None:
        _, options = parse_options_header(headers.get(b"content-disposition", b""))
        parts.append(Part(options.get(b"name", b""), bytes(data), options.get(b"filename")))
        headers.clear()
        data.clear()

    parser = MultipartParser(
        boundary,
        {
            "on_header_field": _into(header),
            "on_header_value": _into(value),
            "on_header_end": header_end,
            "on_part_data": _into(data),
            "on_part_end": part_end,
        },
    )
    parser.write(body)
    parser.finalize()
    return parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that a form brought, with the name that it had, and the fields beside it."""

    name: str = ""
    body: bytes = field(default=b"", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The end of its name, which tells what kind of file it is; nothing else of the name is used.

        >>> Upload(name="../News list.CSV").suffix
        '.csv'
        """
        end = self.name.rpartition(".")[2].lower() if "." in self.name else ""
        return f".{end}" if end.isalnum() and len(end) <= LONGEST_SUFFIX else ""


def read_upload(body: bytes, content_type: str) -> Upload:
    """The file of a multipart form; empty where there is none."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return Upload()
    try:
        parts = read_parts(body, options.get(b"boundary", b""))
    except FormParserError:
        return Upload()
    fields = {decoded(part.name): decoded(part.body) for part in parts if part.file is None}
    file = next((part for part in parts if part.file), None)
    if file is None:
        return Upload(fields=fields)
    return Upload(name=decoded(file.file or b""), body=file.body, fields=fields)

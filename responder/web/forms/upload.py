"""Reads the file that a form brings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from responder.web.forms.fields import decoded, read_parts

LONGEST_SUFFIX = 5  # characters


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

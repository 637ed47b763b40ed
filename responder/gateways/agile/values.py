"""What the gateway's JSON holds, read without trusting any of it."""

import json
from collections.abc import Mapping
from typing import Any

from responder.core.sms.text import clean

LONGEST_ID = 64  # characters of an id that are kept, as many as the vendor allows
LONGEST_REASON = 60  # characters of a reason in the gateway's words
FALLBACK_CHARSET = "cp1252"  # where bytes are no UTF-8 (gateway reference, section 1.4)


def loads(body: bytes) -> Any:  # noqa: ANN401  (whatever is there)
    """A body as JSON, the first of repeated names; None if it is broken or nested too deeply."""
    try:
        return json.loads(_decoded(body), object_pairs_hook=_first)
    except (ValueError, RecursionError):
        return None


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        named.setdefault(name, value)
    return named


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode(FALLBACK_CHARSET, "replace")


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> int | None:
    """A code, however it is written; None if it is none.

    >>> number(" 3 "), number(402), number(True), number("-1")
    (3, 402, None, None)
    """
    written = str(value).strip() if isinstance(value, int | str) else ""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 5 else None


def identifier(value: object) -> str | None:
    """An id, whether it is a text or a number; None if there is none."""
    written = clean(str(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return written[:LONGEST_ID] or None


def plain_words(reason: object) -> str:
    """A reason of a few plain words, else nothing: no number or text may be logged.

    >>> plain_words("ABSENT_SUBSCRIBER"), plain_words("no route to +393301234567")
    ('ABSENT_SUBSCRIBER', '')
    """
    if not isinstance(reason, str) or not reason.isascii() or len(reason) > LONGEST_REASON:
        return ""
    return reason.strip() if all(c.isalpha() or c in " _-.,()" for c in reason) else ""

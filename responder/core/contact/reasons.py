"""Reasons as sentences that remember their code and values, so that they can be said in another language as well."""

import json
from collections.abc import Mapping
from typing import Any

from responder.core.contact.sentences import SENTENCES

FIELDS = ("why", "code", "values")
STORED = frozenset({"code", "values"})


class Reason(str):
    """A sentence that says why something is so or not; ``code`` and ``values`` say the same to programs.

    A value may be a reason itself, or a tuple of them.
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The sentence with its code and values, as an explanation stores it."""
        return {"why": str(self), **self.without_sentence()}

    def without_sentence(self) -> dict[str, Any]:
        """The code and the values, from which the sentence can be made."""
        return {"code": self.code, "values": {name: _plain(value) for name, value in self.values.items()}}


def because(code: str, **values: Any) -> Reason:  # noqa: ANN401  (what the sentence has places for)
    """The reason with this code.

    >>> because("on_list", list="news")
    "the originator is on the list 'news'"
    """
    reason = Reason(SENTENCES[code].format_map({name: _said(value) for name, value in values.items()}))
    reason.code, reason.values = code, values
    return reason


def reason_as_json(reason: str) -> dict[str, Any]:
    """A reason as it is stored; one without a code, such as an operator's own condition has, is a sentence alone.

    >>> reason_as_json("it rains")
    {'why': 'it rains', 'code': None, 'values': {}}
    """
    return reason.as_json() if isinstance(reason, Reason) else {"why": reason, "code": None, "values": {}}


def reason_from(said: Mapping[str, Any]) -> str:
    """The reason that was stored so; its sentence where the code is none of ours.

    >>> reason_from({"why": "it rains", "code": None, "values": {}})
    'it rains'
    """
    code, values = str(said.get("code")), said.get("values") or {}
    if code not in SENTENCES:
        return str(said.get("why") or code)
    try:
        return because(code, **{name: _read(value) for name, value in values.items()})
    except (LookupError, ValueError, TypeError):  # an older version had other values
        return str(said.get("why") or code)


def written_reason(reason: str) -> str:
    """A reason in a column: its code and values as JSON, or the sentence where it has no code.

    >>> written_reason(because("on_list", list="news"))
    '{"code": "on_list", "values": {"list": "news"}}'
    """
    return json.dumps(reason.without_sentence(), ensure_ascii=False) if isinstance(reason, Reason) else reason


def read_reason(written: str) -> str:
    """The reason from a column.

    >>> read_reason('{"code": "on_list", "values": {"list": "news"}}'), read_reason("it rains")
    ("the originator is on the list 'news'", 'it rains')
    """
    if not written.startswith("{"):
        return written
    try:
        said = json.loads(written)
    except ValueError:
        return written
    is_stored = isinstance(said, dict) and said.keys() == STORED and isinstance(said["values"], dict)
    return reason_from({"why": written, **said}) if is_stored else written


def reason_of(error: Exception) -> str:
    """What an error says, with its code where it has one.

    >>> reason_of(ValueError(because("on_list", list="news"))).code
    'on_list'
    """
    said = error.args[0] if error.args else None
    return said if isinstance(said, Reason) else str(error)


def heading(reason: str) -> str:
    """What a reason says up to its colon: what follows may be of a text.

    >>> heading(because("not_sent", reason="it said hello"))
    'not sent'
    """
    return str(reason).partition(":")[0]


def all_of(reasons: tuple[str, ...]) -> str:
    """Several reasons as one.

    >>> all_of(("it rains", because("on_list", list="news")))
    "it rains; the originator is on the list 'news'"
    """
    return reasons[0] if len(reasons) == 1 else because("several", reasons=reasons)


def _said(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.as_json() if isinstance(value, Reason) else value


def _read(value: Any) -> Any:  # noqa: ANN401  (whatever a place of a sentence holds)
    if isinstance(value, list):
        return tuple(map(_read, value))
    return reason_from(value) if isinstance(value, dict) else value


def reasons_in(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of an explanation as it is stored: its reasons with their codes."""
    return {name: _plain(value) for name, value in line.items()}


def with_reasons(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: reason_from(value) if _is_reason(value) else value for name, value in line.items()}


def _is_reason(value: object) -> bool:
    return isinstance(value, dict) and tuple(value) == FIELDS

"""The sections ``limits`` and ``alerts``: how many texts nobody typed, and who is told of trouble."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from responder.core.rules.limits import Limits, built_in_notice
from responder.core.rules.sections import Alerts
from responder.core.rules.template import Names, Texts
from responder.core.sms.times import read_period, read_rate
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import OFF, Reader, T, Wrong, is_empty, shown, text
from responder.rulefile.reading.scope import Scope

LARGEST = 10_000_000
NAMES: Names = {"contact": frozenset({"number"})}
ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\[\]\x00-\x20\x7f-\uffff]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
AMOUNT = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,4})?")


def read_limits(node: Node | None, scope: Scope, outer: Reader) -> Limits:
    """The limits of a file; what it does not name keeps its default."""
    default = Limits()
    if node is None or is_empty(node):
        return default
    reader = outer.inside("limits")
    with reader.fields(node) as fields:
        return Limits(
            replies=fields.take("replies", _or_off(read_rate), default.replies),
            equal=fields.take("equal", _or_off(read_rate), default.equal),
            per_day=fields.take("per_day", _or_off(_count), default.per_day),
            all_per_day=fields.take("all_per_day", _or_off(_count), default.all_per_day),
            mute=fields.take("mute", _read(read_period), default.mute),
            notice=fields.take("notice", lambda n: _notice(n, scope, reader), default.notice),
        )


def _read(convert: Callable[[str], T]) -> Callable[[Node], T]:
    def read(node: Node) -> T:
        typed = text(node)
        try:
            return convert(typed)
        except ValueError as error:
            raise Wrong(node, f"{shown(typed)} cannot be read, {error}") from None

    return read


def _or_off(convert: Callable[[str], T]) -> Callable[[Node], T | None]:
    def read(node: Node) -> T | None:
        if text(node).strip().lower() == OFF:
            return None
        try:
            return _read(convert)(node)
        except Wrong as wrong:
            raise Wrong(node, f"{wrong.text}, or {OFF}") from None

    return read


def _count(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and 0 < int(typed[:9]) <= LARGEST and len(typed) < 9):
        raise ValueError(f"expected a whole number from 1 to {LARGEST:,}")
    return int(typed)


def _notice(node: Node, scope: Scope, reader: Reader) -> Texts | None:
    """The file's own words, with the built-in ones for languages that it leaves out."""
    if not isinstance(node, MappingNode) and text(node).strip().lower() == OFF:
        return None
    own: Mapping[str | None, object] = (given := scope.texts(node, NAMES, reader)).by_language
    return given if None in own else Texts({**built_in_notice().by_language, **given.by_language})


def read_alerts(node: Node | None, scope: Scope, outer: Reader) -> Alerts:
    """Who is told; what the file does not name keeps its default."""
    default = Alerts()
    if node is None or is_empty(node):
        return default
    with outer.inside("alerts").fields(node) as fields:
        return Alerts(
            webhook=fields.take("webhook", scope.webhook_name, default.webhook),
            email=tuple(dict.fromkeys(fields.each("email", _address))),
            credit_low=fields.take("credit_low", _amount, default.credit_low),
        )


def _address(node: Node) -> str:
    typed = text(node)
    if not ADDRESS.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no e-mail address, expected one such as ops@example.com")
    return typed


def _amount(node: Node) -> Decimal | None:
    typed = text(node).strip()
    if typed.lower() == OFF:
        return None
    if not AMOUNT.fullmatch(typed):
        raise Wrong(node, f"{shown(typed)} is no amount, expected euros such as 10 or 7.50, or {OFF}")
    return Decimal(typed)

"""The section ``alerts``: who is told when something needs a person."""

import re
from decimal import Decimal

from responder.core.rules.alerts import Alerts
from responder.rulefile.reading.nodes import Node
from responder.rulefile.reading.reader import OFF, Reader, Wrong, is_empty, shown, text
from responder.rulefile.reading.scope import Scope

ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\[\]\x00-\x20\x7f-\uffff]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
AMOUNT = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,4})?")


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

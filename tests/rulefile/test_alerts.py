"""The section ``alerts``."""

from decimal import Decimal
from pathlib import Path

import pytest

from responder.core.rules.sections import Alerts
from responder.errors import RulesError
from responder.rulefile import load_rules, read_rules


def alerts(section: str) -> Alerts:
    return read_rules(
        f'version: 1\nwebhooks: {{ops: {{url: "https://ops.example.com/"}}}}\nalerts: {section}\n', "rules.yaml", {}
    ).alerts


def test_either_or_both_are_told() -> None:
    assert alerts("{webhook: ops}") == Alerts(webhook="ops")
    assert alerts("{email: ops@example.com}") == Alerts(email=("ops@example.com",))
    assert alerts("{webhook: ops, email: [a@b.example, c@d.example, a@b.example]}") == Alerts(
        webhook="ops", email=("a@b.example", "c@d.example")
    )


@pytest.mark.parametrize("section", ["", "{}"])
def test_without_it_nobody_is_told_and_the_credit_is_low_under_ten(section: str) -> None:
    assert alerts(section) == Alerts(webhook=None, email=(), credit_low=Decimal(10))


@pytest.mark.parametrize(
    ("typed", "limit"), [("7.50", Decimal("7.5")), ("0", Decimal(0)), ("off", None), ("OFF", None)]
)
def test_the_amount_under_which_the_credit_is_low_is_chosen(typed: str, limit: Decimal | None) -> None:
    assert alerts(f"{{credit_low: {typed}}}").credit_low == limit


@pytest.mark.parametrize(
    "address",
    [
        "ops",
        "@example.com",
        "ops@",
        "a b@example.com",
        '"ops@example.com\\nBcc: x@example.com"',
        "ops@example.com,x@y.z",
        "é@example.com",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(RulesError, match="is no e-mail address"):
        alerts(f"{{email: {address if address.startswith(chr(34)) else repr(address)}}}")


def test_it_belongs_into_the_main_file(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\ninclude: part.yaml\n")
    (tmp_path / "part.yaml").write_text("alerts: {email: ops@example.com}\n")
    with pytest.raises(RulesError, match=r"part.yaml:1:1: .*'alerts' belongs in .*rules.yaml"):
        load_rules(tmp_path / "rules.yaml", {})

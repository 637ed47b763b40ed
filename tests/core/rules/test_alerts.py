"""What needs a person, and what is said of it to whom."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from responder.core.operations.clock_offset import ClockOffset
from responder.core.operations.telling import WORDS, calls_of, mails_of, sentence_of
from responder.core.operations.troubles import Credit, FailedMessages, FailingMailbox, Sight, troubles
from responder.core.outbound.fates import GONE, Endpoint
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Alert, AlertKind, Alerts, Trouble
from responder.rulefile import read_rules
from tests.builders import minutes
from tests.conftest import NOON

RULES = read_rules(
    """version: 1
webhooks:
  crm: {url: "https://crm.example.com/"}
  ear: {url: "https://ear.example.com/", events: [credit.low, alert.closed]}
  ops: {url: "https://ops.example.com/"}
alerts: {webhook: ops, email: [ops@example.com, boss@example.com]}
""",
    "rules.yaml",
    {},
)
CRM = Endpoint(name="crm", address=RULES.webhooks["crm"].address, disabled_at=NOON, reason=GONE)
CREDIT = Credit(gateway="agile", amount=Decimal("4.209"), told_at=NOON)
EVERYTHING = Sight(
    dead_letters=3,
    endpoints=[CRM],
    refusal="the API key is not accepted, check RESPONDER_AGILE_API_KEY (HTTP 401)",
    credits=[CREDIT],
    mailboxes=[FailingMailbox(place="imaps://mail.example.com:993/INBOX", reason="the password is not accepted")],
    oldest_waiting=NOON - minutes(2),
    failed=FailedMessages(by_reason={"ValueError": 1}),
    clock=ClockOffset(zone=ZoneInfo("Europe/Rome"), median=timedelta(hours=1), is_off=True, fitting="UTC"),
    rules_are_refused=True,
)


def seen(sight: Sight, rules: Rules = RULES) -> list[Trouble]:
    return list(troubles(sight, rules, NOON))


def opened(trouble: Trouble) -> Alert:
    return Alert(key="a" * 32, trouble=trouble, opened_at=NOON)


def closed(trouble: Trouble) -> Alert:
    return replace(opened(trouble), closed_at=NOON + minutes(5))


LOW, OFF = seen(Sight(credits=[CREDIT]))[0], seen(Sight(endpoints=[CRM]))[0]


def heard(alert: Alert, rules: Rules = RULES) -> list[tuple[str, str]]:
    """Which webhooks hear of which events."""
    return [(call.to, json.loads(call.content)["type"]) for call in calls_of(alert, rules)]


def test_a_sight_without_trouble_needs_nobody() -> None:
    fine = Sight(
        endpoints=[replace(CRM, disabled_at=None, failures=4)],
        credits=[replace(CREDIT, amount=Decimal(10)), Credit(gateway="other", failure="why")],
        oldest_waiting=NOON - timedelta(seconds=60),
    )
    assert seen(fine) == []


def test_every_kind_of_trouble_is_seen() -> None:
    assert [trouble.kind for trouble in seen(EVERYTHING)] == list(AlertKind)


@pytest.mark.parametrize("trouble", seen(EVERYTHING), ids=lambda trouble: trouble.kind)
def test_a_sentence_names_the_place_and_what_to_do_and_its_end_the_place(trouble: Trouble) -> None:
    said, over = sentence_of(opened(trouble)), sentence_of(closed(trouble))
    assert "'responder " in said or "top it up with the gateway" in said
    assert said.partition(":")[0] == over.partition(":")[0]
    assert not {"{", "}"} & {*said, *over}


def test_there_are_words_for_every_kind() -> None:
    assert set(WORDS) == set(AlertKind)


def test_a_webhook_that_has_another_address_by_now_or_is_gone_is_no_trouble() -> None:
    assert seen(Sight(endpoints=[replace(CRM, address="another"), replace(CRM, name="gone")])) == []


@pytest.mark.parametrize(("limit", "is_low"), [("4.21", True), ("4.209", False), (None, False)])
def test_credit_is_low_under_the_amount_of_the_file_or_never(limit: str | None, *, is_low: bool) -> None:
    rules = replace(RULES, alerts=Alerts(credit_low=Decimal(limit) if limit else None))
    assert bool(seen(Sight(credits=[CREDIT]), rules)) is is_low


def test_the_webhook_of_the_file_is_told_and_whoever_asks() -> None:
    refused = Trouble(kind=AlertKind.RULES_REFUSED)
    assert heard(opened(refused)) == [("ops", "alert.opened")]
    assert heard(closed(refused)) == [("ear", "alert.closed"), ("ops", "alert.closed")]


def test_a_fall_of_the_credit_is_an_event_of_its_own_for_who_asks() -> None:
    assert heard(opened(LOW)) == [("ops", "alert.opened"), ("ear", "credit.low")]
    *_, fall = calls_of(opened(LOW), RULES)
    assert json.loads(fall.content)["data"] == {"gateway": "agile", "credit": "4.20", "limit": "10"}
    assert ("ear", "credit.low") not in heard(closed(LOW))


def test_a_webhook_that_was_switched_off_is_not_told_so_itself_but_that_it_is_on_again() -> None:
    rules = replace(RULES, alerts=Alerts(webhook="crm"))
    assert heard(opened(OFF), rules) == []
    assert heard(opened(OFF)) == [("ops", "alert.opened")]
    assert ("crm", "alert.closed") in heard(closed(OFF), rules)


def test_a_call_is_what_the_manual_says_with_an_id_of_its_own() -> None:
    (call,) = calls_of(opened(OFF), RULES)
    assert (call.key, call.message_key) == (f"{'a' * 32}-opened-1", "")
    assert json.loads(call.content) == {
        "type": "alert.opened",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {
            "key": "a" * 32,
            "kind": "webhook_off",
            "subject": "crm",
            "text": (
                "webhook crm: it is switched off, since it answered HTTP 410, so it wants no more calls;"
                " mend it, then run 'responder deliveries retry --to crm'"
            ),
            "opened_at": "2026-11-23T12:00:00Z",
            "closed_at": None,
            "details": {"reason": GONE},
        },
    }


def test_each_address_gets_a_mail_that_says_what_where_and_since_when() -> None:
    first, second = mails_of(opened(OFF), RULES, "sms-1")
    assert (first.recipient, second.recipient, first.key == second.key) == (
        "ops@example.com",
        "boss@example.com",
        False,
    )
    assert first.subject == "[responder] alert: webhook crm is switched off"
    assert first.content.splitlines()[1:] == ["", "since 2026-11-23T12:00:00Z", "responder on sms-1"]
    (over, _) = mails_of(closed(OFF), RULES, "sms-1")
    assert over.subject == "[responder] over: webhook crm is switched off"
    assert "until 2026-11-23T12:05:00Z" in over.content

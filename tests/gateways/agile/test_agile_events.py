"""Delivery reports in every dialect of the gateway, and messages that come as events."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from responder.core.outbound.fates import Report, Reported
from responder.core.outbound.gateway import Events, Posted
from responder.gateways.agile import AgileTelecom
from tests.conftest import NOON

AGILE = AgileTelecom(secret=b"secret of the installation", zone=ZoneInfo("Europe/Rome"))
REPORTS = Path(__file__).with_name("reports")
UUID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"


def payload(name: str, **changes: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_bytes())
    return {field: value for field, value in (read | changes).items() if value != "absent"}


def read(event: object) -> Events:
    return AGILE.read_reports(Posted(body=json.dumps(event).encode(), received_at=NOON))


def report(event: object) -> Report:
    (found,) = read(event).reports
    return found


@pytest.mark.parametrize(
    ("name", "ids", "reported", "happened_at"),
    [
        ("universal_delivered", (UUID,), "delivered", "2024-01-15T10:30:00"),
        ("universal_not_delivered", (UUID,), "failed", "2024-01-15T10:30:00"),
        ("qlara_delivered", (UUID, "order-12345"), "delivered", "2026-04-09T10:30:00"),
        ("webhooks_delivered", ("msg_1234567890", "order-12345"), "delivered", "2025-04-08T14:30:00"),
        ("webhooks_error", ("msg_1234567890", "order-12345"), "failed", "2025-04-08T14:30:00"),
        ("agile_delivered", ("msg_abc123", "req_1234567890"), "delivered", "2026-05-14T08:23:14.221000"),
        ("agile_rejected", ("msg_abc123", "req_1234567890"), "failed", "2026-05-14T08:23:14.221000"),
    ],
)
def test_a_report_of_each_dialect_is_read(name: str, ids: tuple[str, ...], reported: str, happened_at: str) -> None:
    found = report(payload(name))
    assert (found.ids, found.reported, found.received_at) == (ids, reported, NOON)
    assert found.happened_at == datetime.fromisoformat(happened_at).replace(tzinfo=UTC)


def test_three_means_delivered_in_one_dialect_and_rejected_in_another() -> None:
    events = [payload("qlara_delivered"), payload("agile_rejected")]
    assert [event["statusCode"] for event in events] == [3, 3]
    assert [report(event).reported for event in events] == [Reported.DELIVERED, Reported.FAILED]


@pytest.mark.parametrize("code", [3, 6, "3"])
def test_a_number_alone_says_nothing(code: object) -> None:
    assert report({"id": "msg_abc123", "statusCode": code}).reported is Reported.UNKNOWN


@pytest.mark.parametrize(
    ("status", "reported"),
    [
        *((word, "sent") for word in ("SENT", "BUFFERED")),
        *((word, "delivered") for word in ("DELIVERED", "delivered", " Delivered ")),
        *((word, "failed") for word in ("ERROR", "EXPIRED", "REJECTED", "UNDELIVERABLE", "FAILED")),
        *((word, "unknown") for word in ("UNKNOWN", "3", "TELEPORTED")),
    ],
)
def test_a_status_in_words_decides_whatever_the_number(status: str, reported: str) -> None:
    assert report(payload("agile_delivered", status=status)).reported == reported
    assert report(payload("qlara_delivered", status=status)).reported == reported


@pytest.mark.parametrize(
    ("code", "reported"),
    [("3", "delivered"), ("6", "failed"), (0, "unknown"), (7, "unknown"), (None, "unknown"), (True, "unknown")],
)
def test_the_numbers_of_delivery_events_are_read_in_every_spelling(code: object, reported: str) -> None:
    assert report(payload("qlara_delivered", statusCode=code)).reported == reported


def test_an_event_of_another_type_says_nothing_of_delivery() -> None:
    assert report(payload("qlara_read")).reported is Reported.UNKNOWN


def test_a_failure_says_why_in_our_words_and_the_gateways() -> None:
    assert report(payload("webhooks_error")).reason == "it could not be delivered: Absent subscriber"
    assert "opted out at the gateway" in (report(payload("agile_rejected", status="UNDELIVERABLE")).reason or "")


def test_a_reason_that_could_repeat_a_number_or_a_text_is_left_out() -> None:
    assert report(payload("webhooks_error", error="no route to +393401234567")).reason == "it could not be delivered"


def test_one_part_of_several_is_told_from_the_whole() -> None:
    assert (report(payload("universal_part")).part, report(payload("universal_part")).parts) == (2, 3)
    assert report(payload("universal_delivered")).part is None
    assert report(payload("agile_delivered")).part is None


def test_a_report_that_is_sent_again_is_the_same_and_any_other_is_not() -> None:
    part = payload("universal_part")
    assert (
        report(part).key
        == AGILE.read_reports(Posted(body=json.dumps(part).encode(), received_at=datetime.now(UTC))).reports[0].key
    )
    others = [
        part | change
        for change in ({"numPart": 1}, {"statusCode": 6}, {"messageId": "other"}, {"timestamp": "2024-01-15T10:31:00Z"})
    ]
    assert len({report(event).key for event in (part, *others)}) == 5


def test_a_list_of_reports_is_read_in_its_order() -> None:
    events = [payload("webhooks_delivered"), payload("agile_rejected"), payload("universal_part")]
    assert [found.ids[0] for found in read(events).reports] == ["msg_1234567890", "msg_abc123", UUID]


def test_a_form_with_the_same_fields_is_the_same_report() -> None:
    fields = dict(
        pair.split("=")
        for pair in (REPORTS / "delivered.form").read_text().replace("%2B", "+").replace("%3A", ":").split("&")
    )
    form = {name.lower(): value for name, value in fields.items()}
    (found,) = AGILE.read_reports(
        Posted(form=form, body=(REPORTS / "delivered.form").read_bytes(), received_at=NOON)
    ).reports
    assert found.key == report(payload("webhooks_delivered", channel="absent", error="absent")).key


@pytest.mark.parametrize("timestamp", ["", "soon", "0001-01-01T00:00:00+23:00", 17, None])
def test_a_time_that_is_none_is_left_out(timestamp: object) -> None:
    assert report(payload("webhooks_delivered", timestamp=timestamp)).happened_at is None


def test_a_time_without_an_offset_is_in_the_gateways_zone() -> None:
    assert report(payload("webhooks_delivered", timestamp="2026-05-14T10:23:14")).happened_at == datetime(
        2026, 5, 14, 8, 23, 14, tzinfo=UTC
    )


def test_a_message_that_comes_as_an_event_is_an_inbound_message() -> None:
    (message,) = read(payload("qlara_inbound")).inbound
    assert (message.originator, message.destination, message.text) == (
        "+393401234567",
        "+393409876543",
        "Yes, I confirm my appointment",
    )
    assert message.sent_at == datetime(2026, 4, 9, 10, 32, tzinfo=UTC)


def test_a_text_that_comes_as_an_event_and_as_a_form_is_one_message() -> None:
    (event,) = read(payload("qlara_inbound")).inbound
    form = {
        "originator": "393401234567",
        "destination": "+393409876543",
        "date_time": "20260409123200",
        "text": "Yes, I confirm my appointment",
    }
    assert event.key == AGILE.read_message(form, b"", NOON, event.channel).key


def test_a_form_from_a_phone_that_was_sent_to_the_address_of_reports_is_a_message() -> None:
    form = {"originator": "393301234567", "destination": "+393331234333", "date_time": "20260408143052", "text": "STOP"}
    (message,) = AGILE.read_reports(Posted(form=form, body=b"originator=393301234567", received_at=NOON)).inbound
    assert message.key == AGILE.read_message(form, b"", NOON, message.channel).key


def test_of_a_repeated_field_the_first_counts_whatever_its_case() -> None:
    body = b'{"messageId": "first", "messageId": "second", "MESSAGEID": "third", "status": "DELIVERED"}'
    assert AGILE.read_reports(Posted(body=body, received_at=NOON)).reports[0].ids == ("first",)


@pytest.mark.parametrize("timestamp", ["9999-12-31T23:59:59Z", "soon", None])
def test_an_event_without_a_usable_time_is_a_message_of_its_own(timestamp: object) -> None:
    event = payload("qlara_inbound", timestamp=timestamp)
    assert len({message.key for message in (*read(event).inbound, *read(event).inbound)}) == 2


def test_a_message_on_another_channel_is_left_out_and_counted() -> None:
    assert read(payload("qlara_inbound_whatsapp")) == Events(unread=1)


def test_an_event_without_an_originator_is_malformed() -> None:
    (message,) = read(payload("qlara_inbound", source="absent")).inbound
    assert message.status == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"17",
        b'["DELIVERED"]',
        b'{"status": "DELIVERED"}',
        b'{"id": true}',
        b"[" * 60_000,
        b'{"id": "cut',
        b"\xff\xfe",
    ],
)
def test_what_is_no_event_is_counted_and_never_an_error(body: bytes) -> None:
    assert AGILE.read_reports(Posted(body=body, received_at=NOON)) == Events(unread=1)


def test_neither_nul_nor_half_a_character_reaches_the_database() -> None:
    found = report({"id": "a\x00b\ud83d", "status": "FAI\x00LED\udc00"})
    assert (found.ids, found.word) == (("ab",), "FAILED")

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from responder.core.outbound.gateway import Gateway
from responder.core.sms.address import is_dialable
from responder.core.sms.message import Channel, Inbound, MessageStatus
from responder.gateways.agile import AgileTelecom

AGILE = AgileTelecom(secret=b"secret of the installation", zone=ZoneInfo("Europe/Rome"))
RECEIVED_AT = datetime(2026, 4, 8, 12, 31, tzinfo=UTC)
NEWS_ON = {
    "originator": "+393301234567",
    "destination": "+393331234333",
    "date_time": "20260408143052",
    "text": "News ON",
}


def read(
    form: dict[str, str],
    *,
    received_at: datetime = RECEIVED_AT,
    channel: Channel = Channel.WEBHOOK,
    raw: bytes = b"raw",
) -> Inbound:
    return AGILE.read_message(form, raw, received_at, channel)


def captured(name: str) -> Inbound:
    raw = Path(__file__).with_name(name).read_bytes()
    return read(dict(parse_qsl(raw.decode(), keep_blank_values=True)), raw=raw)


def test_it_is_a_gateway_that_wants_to_hear_exactly_ok() -> None:
    gateway: Gateway = AGILE
    assert (gateway.name, gateway.ack.status, gateway.ack.body) == ("agile", 200, b"+OK")


def test_a_captured_message_is_read_field_by_field() -> None:
    message = captured("news_on.form")
    assert (message.originator, message.destination, message.text) == ("+393301234567", "+393331234333", "News ON")
    assert message.sent_at == datetime(2026, 4, 8, 12, 30, 52, tzinfo=UTC)
    assert (message.date_time, message.received_at) == ("20260408143052", RECEIVED_AT)
    assert (message.gateway, message.channel, message.status) == ("agile", Channel.WEBHOOK, MessageStatus.RECEIVED)


def test_the_raw_body_is_kept_as_it_came() -> None:
    assert captured("bare_plus.form").raw.startswith(b"originator=+3933")


@pytest.mark.parametrize("name", ["bare_plus.form", "no_plus.form"])
def test_a_number_whose_plus_was_lost_is_the_same_message(name: str) -> None:
    assert (captured(name).originator, captured(name).key) == ("+393301234567", captured("news_on.form").key)


@pytest.mark.parametrize("minutes", [0, 15, 30, 45, 60 * 48])
def test_a_message_delivered_again_has_the_same_key(minutes: int) -> None:
    again = read(NEWS_ON, received_at=RECEIVED_AT + timedelta(minutes=minutes))
    assert again.key == read(NEWS_ON).key


def test_a_message_that_comes_by_mail_as_well_has_the_same_key() -> None:
    by_mail = NEWS_ON | {"text": "News ON\r\n", "date_time": " 20260408143052 "}
    assert read(by_mail, channel=Channel.MAIL).key == read(NEWS_ON).key


@pytest.mark.parametrize(
    "change",
    [
        {"text": "News OFF"},
        {"destination": "+393331234334"},
        {"originator": "+393301234568"},
        {"date_time": "20260408143053"},
    ],
)
def test_a_message_that_differs_in_one_field_is_another(change: dict[str, str]) -> None:
    assert read(NEWS_ON | change).key != read(NEWS_ON).key


def test_another_installation_gives_another_key() -> None:
    other = AgileTelecom(secret=b"other", zone=ZoneInfo("Europe/Rome"))
    assert other.read_message(NEWS_ON, b"", RECEIVED_AT, Channel.WEBHOOK).key != read(NEWS_ON).key


def test_the_zone_is_no_part_of_the_key() -> None:
    moved = AgileTelecom(secret=AGILE.secret, zone=ZoneInfo("Asia/Tokyo"))
    assert moved.read_message(NEWS_ON, b"", RECEIVED_AT, Channel.WEBHOOK).key == read(NEWS_ON).key


def test_accents_and_signs_come_through() -> None:
    assert captured("accents.form").text == "caffè ☕"


def test_an_empty_text_is_a_message() -> None:
    message = captured("empty_text.form")
    assert (message.text, message.status) == ("", MessageStatus.RECEIVED)


def test_a_missing_text_is_an_empty_one() -> None:
    without = {name: value for name, value in NEWS_ON.items() if name != "text"}
    assert (read(without).text, read(without).key) == ("", captured("empty_text.form").key)


@pytest.mark.parametrize("originator", ["AcmeBank", "48383"])
def test_a_name_or_a_short_code_stays_as_it_is_and_cannot_be_answered(originator: str) -> None:
    message = read(NEWS_ON | {"originator": originator})
    assert (message.originator, message.status, is_dialable(message.originator)) == (
        originator,
        MessageStatus.RECEIVED,
        False,
    )


@pytest.mark.parametrize("end", ["originator", "destination"])
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\x1b[31mAcme", "[31mAcme"),
        ("Ac\u202eme\r\n", "Acme"),
        ("\x9b2JAcme\x7f", "2JAcme"),
        ("+39330\t1234567", "+393301234567"),
        ("\ufeff+393301234567", "+393301234567"),
    ],
)
def test_what_nobody_sees_is_taken_out_of_an_address(end: str, typed: str, kept: str) -> None:
    message = read(NEWS_ON | {end: typed})
    assert (getattr(message, end), message.status) == (kept, MessageStatus.RECEIVED)


@pytest.mark.parametrize("end", ["originator", "destination"])
def test_an_address_of_control_characters_alone_is_none(end: str) -> None:
    message = read(NEWS_ON | {end: "\x1b\u202e\x07"})
    assert (getattr(message, end), message.status) == ("", MessageStatus.MALFORMED)


def test_in_the_hour_that_comes_twice_the_latest_time_before_the_arrival_counts() -> None:
    form = NEWS_ON | {"date_time": "20261025023000"}
    first = read(form, received_at=datetime(2026, 10, 25, 0, 31, tzinfo=UTC))
    second = read(form, received_at=datetime(2026, 10, 25, 1, 31, tzinfo=UTC))
    assert (first.sent_at, second.sent_at) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


def test_a_time_that_the_clock_skips_is_no_error() -> None:
    assert read(NEWS_ON | {"date_time": "20260329023000"}).sent_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "date_time", ["2026", "20261308143052", "20260408143060", "yesterday", "2026-04-08 14:30:52", "٢٠٢٦٠٤٠٨١٤٣٠٥٢"]
)
def test_a_time_that_is_none_leaves_the_arrival(date_time: str) -> None:
    message = read(NEWS_ON | {"date_time": date_time})
    assert (message.sent_at, message.order_at, message.status) == (None, RECEIVED_AT, MessageStatus.RECEIVED)


def test_a_wrong_time_still_names_the_message() -> None:
    form = NEWS_ON | {"date_time": "2026"}
    assert read(form).key == read(form).key


@pytest.mark.parametrize(
    "form", [NEWS_ON | {"date_time": " "}, {name: NEWS_ON[name] for name in ("originator", "destination", "text")}]
)
def test_without_a_time_each_delivery_is_its_own_message(form: dict[str, str]) -> None:
    assert read(form).key != read(form).key
    assert len(read(form).key) == len(read(NEWS_ON).key)


def test_what_no_database_keeps_is_taken_out_of_every_field() -> None:
    message = read({name: f"{value}\x00\ud83d" for name, value in NEWS_ON.items()})
    assert (message.originator, message.destination, message.text) == ("+393301234567", "+393331234333", "News ON")
    assert message.date_time == "20260408143052"


def test_line_breaks_stay_in_the_text() -> None:
    assert captured("control_characters.form").text == "line1\r\nline2"


@pytest.mark.parametrize("end", ["originator", "destination"])
@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_message_without_one_of_its_ends_is_kept_as_malformed(end: str, value: str | None) -> None:
    form = {name: typed for name, typed in (NEWS_ON | {end: value}).items() if typed is not None}
    message = read(form)
    assert message.status is MessageStatus.MALFORMED
    assert (message.text, getattr(message, end)) == ("News ON", "")


def test_a_malformed_message_delivered_again_has_the_same_key() -> None:
    form = NEWS_ON | {"originator": ""}
    assert read(form).key == read(form).key


def test_two_malformed_messages_that_differ_in_a_field_of_another_name_are_two() -> None:
    first, second = ({"from": number, "date_time": "20260408143052", "text": "News ON"} for number in ("+391", "+392"))
    assert read(first).key != read(second).key


def test_malformed_messages_without_a_time_are_each_their_own() -> None:
    assert read({"text": "News ON"}).key != read({"text": "News ON"}).key


def test_fields_that_nobody_knows_change_nothing() -> None:
    assert read(NEWS_ON | {"operator": "TIM"}).key == read(NEWS_ON).key


def test_names_of_fields_may_be_in_capitals() -> None:
    assert read({name.upper(): value for name, value in NEWS_ON.items()}).key == read(NEWS_ON).key


def test_too_long_a_text_is_cut_for_keeping_but_names_the_message_whole() -> None:
    first, second = (read(NEWS_ON | {"text": "a" * 10_000 + end}) for end in ("1", "2"))
    assert len(first.text) == 10_000
    assert first.key != second.key


def test_too_long_an_address_or_a_time_is_cut_for_keeping() -> None:
    message = read(dict.fromkeys(NEWS_ON, "x" * 5000))
    assert {len(message.originator), len(message.destination), len(message.date_time)} == {64}


def test_the_secrets_are_in_no_representation() -> None:
    assert "hunter2" not in repr(AgileTelecom(secret=b"hunter2", zone=ZoneInfo("UTC"), api_key="hunter2"))

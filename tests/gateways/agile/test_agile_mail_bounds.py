"""Mails made to take long: they are for a person, and cost no more than their size."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from responder.core.outbound.gateway import OTHER_SENDER
from responder.core.sms.message import MessageStatus
from responder.gateways.agile import AgileTelecom
from responder.gateways.agile.mail_bounds import excess
from responder.gateways.agile.mailbox import AgileMailReader
from tests.conftest import NOON

GATEWAY = AgileTelecom(secret=b"s", zone=ZoneInfo("Europe/Rome"))
READER = AgileMailReader(gateway=GATEWAY, secret=b"s", needs_signature=True, receiver="mx.shop.example")
FROM = "From: smsin@agiletelecom.com\r\n"
SIGNED = "Authentication-Results: mx.shop.example; dkim=pass "
FORM = "From: +393301234567\r\nTo: +393331234333\r\nDate/Time: 20260408143052\r\nBody: News ON\r\n"

HEADS: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "From: " + "(" * n,
    "closed brackets": lambda n: "From: " + "(" * (n // 2) + ")" * (n // 2) + " <smsin@agiletelecom.com>",
    "quotes": lambda n: 'From: "' + '\\"' * (n // 2),
    "commas": lambda n: "From: " + "," * n,
    "groups": lambda n: "From: " + "a:" * (n // 2),
    "angles": lambda n: "From: " + "<" * n,
    "routes": lambda n: "From: <" + "@a," * (n // 3),
    "words": lambda n: "From: " + "=?utf-8?q?" * (n // 10),
    "bytes": lambda n: "From: " + "\xff" * (n // 2),
    "folded": lambda n: "From: a" + "\r\n " * (n // 3),
    "open quote": lambda n: FROM + SIGNED + '"' + '\\"' * (n // 2),
    "backslashes": lambda n: FROM + SIGNED + '"\\' * (n // 2),
    "open comments": lambda n: FROM + SIGNED + "(" * n,
    "signers": lambda n: FROM + SIGNED + "header.i=" * (n // 9),
    "results": lambda n: FROM + SIGNED + "; dkim=pass" * (n // 11),
    "many results": lambda n: FROM + 'Authentication-Results: x; "\\"\r\n' * (n // 30),
}
TYPED: dict[str, Callable[[int], str]] = {
    "semicolons": lambda n: 'Content-Type: text/plain; a="' + ";" * n,
    "folded semicolons": lambda n: 'Content-Type: text/plain; a="' + ";\r\n " * (n // 4),
    "parameters": lambda n: "Content-Type: text/plain" + "; a=b" * (n // 5),
    "pieces": lambda n: "Content-Type: text/plain" + "".join(f"; a*{number}=b" for number in range(n // 9)),
    "quoted": lambda n: "Content-Type: text/plain" + '; a=";"' * (n // 7),
    "a long name": lambda n: "Content-Type: text/" + "x" * n,
    "a long encoding": lambda n: "Content-Transfer-Encoding: " + "x" * n,
    "nested": lambda n: "\r\n\r\n".join(
        f"Content-Type: multipart/mixed; boundary=b{k}\r\n\r\n--b{k}" for k in range(n // 60)
    ),
    "messages": lambda n: "\r\n\r\n".join(["Content-Type: message/rfc822"] * (n // 32)),
    "parts": lambda n: "Content-Type: multipart/mixed; boundary=b\r\n" + "\r\n--b\r\n" * (n // 8),
    "untyped parts": lambda n: "Content-Type: multipart/mixed; boundary=b\r\n" + "\r\n--b\r\n\r\nx" * (n // 10),
    "empty lines in parts": lambda n: (
        "".join(f"Content-Type: multipart/mixed; boundary=b{k}\r\n\r\n--b{k}\r\n" for k in range(15)) + "\n" * n
    ),
    "fields": lambda n: "a:b\r\n" * (n // 5),
    "a part's fields": lambda n: "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + "a:b\r\n" * (n // 5),
}
SHORT, LONG = 4_000, 40_000
TENFOLD = pytest.mark.parametrize("size", [700, 4_000])  # within the bounds, and beyond them


def seconds(work: Callable[[], object]) -> float:
    """The time of the processor for this, at the best of three."""
    times = []
    for _ in range(3):
        began_at = time.process_time()
        work()
        times.append(time.process_time() - began_at)
    return min(times)


@TENFOLD
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_head_costs_no_more_than_its_size(head: Callable[[int], str], size: int) -> None:
    short, long = (head(length).encode("utf-8", "surrogateescape") for length in (size, 10 * size))
    READER.refusal(short)
    assert seconds(lambda: READER.refusal(long)) <= 15 * max(seconds(lambda: READER.refusal(short)), 0.001)


@TENFOLD
@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_a_mail_costs_no_more_than_its_size(typed: Callable[[int], str], size: int) -> None:
    short, long = ((FROM + typed(length) + "\r\n\r\n" + FORM).encode() for length in (size, 10 * size))
    READER.read(short, NOON)
    assert seconds(lambda: READER.read(long, NOON)) <= 15 * max(seconds(lambda: READER.read(short, NOON)), 0.001)


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_the_largest_mail_is_read_within_a_second(typed: Callable[[int], str]) -> None:
    raw = (FROM + typed(1_000_000) + "\r\n\r\n" + FORM).encode()[: 1024 * 1024]
    assert seconds(lambda: READER.read(raw, NOON)) < 1


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_no_such_head_is_taken_for_the_gateways(head: Callable[[int], str]) -> None:
    for size in (10, 700, SHORT, LONG):
        assert READER.refusal(head(size).encode("utf-8", "surrogateescape")) is not None


@pytest.mark.parametrize("count", [1000, 3000])
def test_a_head_that_cannot_be_read_is_no_other_senders(count: int) -> None:
    assert READER.refusal(b"From: " + b"(" * count) not in {None, OTHER_SENDER}


def test_a_head_that_was_cut_off_is_not_judged() -> None:
    head = FROM.encode() + b"Authentication-Results: x\r\n" * 3000
    assert READER.refusal(head[: 64 * 1024 + 1]) == "its head is larger than 64 kB"


def test_a_mail_beyond_the_bounds_is_kept_for_a_person() -> None:
    [message] = READER.read((FROM + TYPED["semicolons"](LONG) + "\r\n\r\n" + FORM).encode(), NOON)
    assert message.status is MessageStatus.MALFORMED


def test_a_signature_before_an_open_quote_counts_for_nothing() -> None:
    assert READER.refusal((FROM + SIGNED + 'header.d=agiletelecom.com reason="').encode()) is not None


@pytest.mark.parametrize(
    "mail",
    [
        FROM + "\r\n" + FORM,
        FROM + "DKIM-Signature: " + "; ".join(f"a{number}=b" for number in range(80)) + "\r\n\r\n" + FORM,
        FROM + "Received: " + "x" * 8000 + "\r\n\r\n" + FORM,
        FROM
        + "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        + f"--b\r\nContent-Type: text/plain\r\n\r\n{FORM}\r\n" * 49
        + "--b--",
        FROM + "\r\n" + FORM + ";" * 5000,
    ],
    ids=["plain", "a long signature", "a long header", "parts", "a body of semicolons"],
)
def test_what_people_send_is_within_the_bounds(mail: str) -> None:
    assert excess(mail.encode()) is None

"""Mails as the gateway may write them."""

import itertools

from tests.builders import ANNA, SHOP

SENDER = "Agile Telecom <smsin@agiletelecom.com>"
_numbers = itertools.count(1)


def letter(
    text: str = "News ON",
    originator: str = ANNA,
    *,
    date_time: str = "20261123130000",
    sender: str = SENDER,
    body: str | None = None,
    head: str = "",
) -> bytes:
    """A mail with one message, in the plainest layout, or with a body of its own."""
    fields = f"From: {originator}\nTo: {SHOP}\nDate/Time: {date_time}\nBody: {text}\n"
    return (
        f"From: {sender}\nTo: sms@shop.example\nSubject: Agile Telecom -- SMS received\nMessage-ID: <{next(_numbers)}@gateway.example>\n"
        f"{head}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{fields if body is None else body}"
    ).encode()


def phone(number: int) -> str:
    """The number of the so many-th phone."""
    return f"+39330{number:07}"

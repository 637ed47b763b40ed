"""Ten thousand mails that nobody would write: reading them never fails, never takes long, and never makes up a field."""

import base64
import quopri
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from responder.gateways.agile.mail import read_forms

MAILS = [path.read_bytes() for path in sorted((Path(__file__).parent / "mails").glob("*.eml"))]
ROUNDS, OF_EACH = 4, 1300  # of two kinds: 10,400 in all
LONGEST_S = 1.0
PIECES = (
    "From", "To", "Date/Time", "Date", "Body", "Text", "Message", "FROM", "body", ": ", ":", "=", " - ", "|", "\t", "  ", "\n", "\n\n", "\r\n", "\r",
    "> ", "*", "+393301234567", "+393331234333", "20260408143052", "2026-04-08 14:30:52", "a@b.example", "News ON", "STOP", "-- ", "--\n", "--b\n",
    "--b--\n", "\xa0", "é", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "<br>", "<p>", "<div", "<!--", "-->", "<![CDATA[",
    "<script>", "</style>", "<a href='", "&", ";", "Content-Type: text/html\n", "Content-Type: message/rfc822\n",
    "Content-Transfer-Encoding: base64\n", "\x00", "\ud83d", "\u202e", "(", '"', "=?utf-8?q?",
)  # fmt: skip
LABELS, SEPARATORS = ("From", "To", "Date/Time", "to ", "Date", "Body", "text"), (": ", "=", " - ", "\t", "   ", "\n")
VALUES = ("+393301234567", "AcmeBank", "48383", "20260408143052", "2026-04-08 14:30:52", "News ON", "<b>x</b>", "")
PLAIN, HTML = "text/plain", "text/html"
TYPES = (
    PLAIN, HTML, PLAIN, HTML, "text/plain; charset=utf-16", "text/html; charset=unheard-of", "text/plain; format=flowed; delsp=yes",
    "multipart/mixed; boundary=b", "multipart/alternative; boundary=b", "message/rfc822", "message/delivery-status", "text", "x/y",
    'text/plain; charset="', "multipart/mixed", "text/plain; charset*=utf-8''x%",
)  # fmt: skip
ENCODINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("8bit", bytes),
    ("base64", base64.encodebytes),
    ("quoted-printable", quopri.encodestring),
    ("x-uuencode", bytes),
    ("base64", bytes),
)


def made_up(chance: random.Random) -> tuple[bytes, str]:
    """A mail of pieces in any order, and what it says, where that is in no disguise."""
    pieces = [chance.choice(PIECES) for _ in range(chance.randrange(40))]
    lines = [
        f"\n{chance.choice(LABELS)}{chance.choice(SEPARATORS)}{chance.choice(VALUES)}\n"
        for _ in range(chance.randrange(16))
    ]
    body = "".join(chance.sample(pieces + lines, len(pieces + lines)))
    (name, encode), kind = chance.choice(ENCODINGS), chance.choice(TYPES)
    head = f"From: smsin@agiletelecom.com\nContent-Type: {kind}\nContent-Transfer-Encoding: {name}\n\n"
    return head.encode() + encode(body.encode("utf-8", "surrogatepass")), body if kind in {
        PLAIN,
        HTML,
    } and name == "8bit" else ""


def damaged(chance: random.Random) -> tuple[bytes, str]:
    """A good mail with some bytes lost, doubled or changed, and what it says."""
    mail = bytearray(chance.choice(MAILS))
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(mail))
        what = chance.randrange(4)
        if what == 0:
            del mail[at : at + chance.randrange(1, 40)]
        elif what == 1:
            mail[at:at] = mail[at : at + chance.randrange(1, 60)]
        elif what == 2:
            mail[at] = chance.randrange(256)
        else:
            mail[at:at] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
        mail = mail or bytearray(b"x")
    return bytes(mail), ""


@pytest.mark.parametrize("make", [made_up, damaged])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_mail_that_nobody_would_write_is_read(make: Callable[[random.Random], tuple[bytes, str]], seed: int) -> None:
    chance = random.Random(seed)
    whole = 0
    for number in range(OF_EACH):
        raw, said = make(chance)
        began_at = time.process_time()
        forms = read_forms(raw)
        assert time.process_time() - began_at < LONGEST_S, f"seed {seed}, mail {number}"
        whole += sum(len(form) == 4 for form in forms)
        for form in forms:
            assert set(form) <= {"originator", "destination", "date_time", "text"}
            assert all(isinstance(value, str) for value in form.values())
            if said:
                assert_nothing_is_made_up(form, said)
    assert whole > OF_EACH // (4 if make is damaged else 100)


def assert_nothing_is_made_up(form: dict[str, str], said: str) -> None:
    """Every word of every field stands in what was said; a date has its digits, maybe apart."""
    words = re.findall(r"\w+", " ".join(value for name, value in form.items() if name != "date_time"), re.ASCII)
    assert [word for word in words if word not in said] == []
    digits = "".join(c for c in said if c.isdigit())
    assert "".join(c for c in form.get("date_time", "") if c.isdigit()) in digits


@pytest.mark.parametrize(
    "piece",
    [
        "<", "<!--", "<a ", "<a b='", "<a b='>", "<![CDATA[", "</", "<?", "&#", "&", "<table><tr><td>", "<script>", "</a b='>", "From:", "From:\n",
        " ", ">", "\n", "From" + " " * 99,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_no_repetition_takes_long(piece: str, kind: str) -> None:
    body = (piece * 65_000)[:65_000]
    began_at = time.process_time()
    read_forms(f"From: smsin@agiletelecom.com\nContent-Type: text/{kind}\n\n{body}".encode())
    assert time.process_time() - began_at < 2 * LONGEST_S

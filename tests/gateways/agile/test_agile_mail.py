"""Mails of Agile Telecom, in every layout that its pages leave open: the files are mails as they may come, and all say the same."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from responder.core.sms.message import Channel, Inbound, MessageStatus
from responder.gateways.agile import AgileTelecom
from responder.gateways.agile.mail import read_forms
from responder.gateways.agile.mailbox import AgileMailReader
from tests.conftest import NOON

MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))
FORM = {"originator": "+393301234567", "destination": "+393331234333", "date_time": "20260408143052", "text": "News ON"}
ENDS = "From: +393301234567\nTo: +393331234333\n"
FIELDS = f"{ENDS}Date/Time: 20260408143052\n"
GATEWAY = AgileTelecom(secret=b"secret", zone=ZoneInfo("Europe/Rome"))
READER = AgileMailReader(gateway=GATEWAY, secret=b"secret")


def mail(body: str | bytes, content_type: str = "text/plain; charset=utf-8", head: str = "") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    return f"From: smsin@agiletelecom.com\n{head}Content-Type: {content_type}\n\n".encode() + data


def text_of(raw: bytes) -> str:
    (form,) = read_forms(raw)
    return form["text"]


def message_of(raw: bytes) -> Inbound:
    (message,) = READER.read(raw, NOON)
    return message


def by_webhook(received_at: datetime = NOON, **fields: str) -> Inbound:
    return GATEWAY.read_message(FORM | fields, b"", received_at, Channel.WEBHOOK)


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_in_any_layout_holds_what_the_webhook_would_bring(path: Path) -> None:
    assert read_forms(path.read_bytes()) == [FORM]


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_in_any_layout_has_the_key_of_the_webhook(path: Path) -> None:
    assert message_of(path.read_bytes()).key == by_webhook().key


@pytest.mark.parametrize(
    "subject",
    [
        "Agile Telecom -- SMS received",
        "=?utf-8?q?Agile_Telecom_=E2=80=93_SMS_received?=",
        "Fwd: AGILE TELECOM - sms received",
        "Re: Agile Telecom ---\n SMS received",
        "=?broken?",
        "",
    ],
)
def test_the_subject_decides_nothing(subject: str) -> None:
    raw = mail(f"{FIELDS}Body: News ON", head=f"Subject: {subject}\n")
    assert READER.refusal(raw) is None
    assert read_forms(raw) == [FORM]


def test_what_a_texter_writes_is_text_even_if_it_looks_like_fields() -> None:
    written = "hello\nFrom: +390000000000\nTo: +391111111111\nDate/Time: 20200101000000\nBody: STOP"
    assert text_of(mail(f"{FIELDS}Body: {written}")) == written


@pytest.mark.parametrize(
    "order", ["Body: x\nFrom: +390000000000\n" + FIELDS, "Text:\nFrom: +390000000000\nTo: +391111111111\n" + FIELDS]
)
def test_fields_after_the_text_are_never_fields(order: str) -> None:
    (message,) = READER.read(mail(order), NOON)
    assert (message.status, message.originator) == (MessageStatus.MALFORMED, "")


def test_of_two_equal_labels_the_first_counts() -> None:
    assert read_forms(mail(f"{FIELDS}From: +390000000000\nBody: News ON")) == [FORM]


def test_a_text_of_several_lines_is_kept_as_it_is() -> None:
    written = "perché?\n\n  caffè ☕\nTo be\n--\nor not"
    assert text_of(mail(f"{FIELDS}Body: {written}\n\n")) == written


def test_a_text_in_a_cell_keeps_its_lines_and_its_marks() -> None:
    rows = "".join(
        f"<tr><td>{name}</td><td>{value}</td></tr>"
        for name, value in [line.split(": ") for line in FIELDS.splitlines()]
    )
    page = f"<table>{rows}<tr><td>Body</td><td>one<br>2 &lt; 3 &amp;&amp; &lt;b&gt;<br/>Body</td></tr></table>footer"
    assert text_of(mail(page, "text/html")) == "one\n2 < 3 && <b>\nBody"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("perché €".encode(), "utf-8"),
        ("perché €".encode("cp1252"), "windows-1252"),
        ("perché €".encode("cp1252"), "iso-8859-1"),
        ("perché €".encode("iso-8859-15"), "iso-8859-15"),
        ("perché €".encode("utf-16"), "utf-16"),
        ("perché €".encode(), "us-ascii"),
        ("perché €".encode("cp1252"), "utf-8"),
        ("perché €".encode("cp1252"), "unheard-of"),
        ("perché €".encode(), "unicode_escape"),
    ],
)
def test_every_charset_is_read_and_a_wrong_one_is_seen_through(data: bytes, charset: str) -> None:
    fields = f"{FIELDS}Body: ".encode("utf-16" if charset == "utf-16" else "ascii")
    assert (
        text_of(
            mail(
                fields + data.removeprefix(b"\xff\xfe") if charset == "utf-16" else fields + data,
                f"text/plain; charset={charset}",
            )
        )
        == "perché €"
    )


def test_an_empty_text_is_a_text() -> None:
    assert message_of(mail(f"{FIELDS}Body:\n")).status is MessageStatus.RECEIVED
    assert message_of(mail(f"{FIELDS}Body:\n")).key == by_webhook(text="").key


@pytest.mark.parametrize("written", [" News  ON ", "a\r\nb ", "a very long text " * 40, "così è\n\nla vita"])
def test_blanks_and_line_breaks_make_no_other_message(written: str) -> None:
    assert message_of(mail(f"{FIELDS}Body: {written}")).key == by_webhook(text=written).key


@pytest.mark.parametrize("written", ["2026-04-08 14:30:52", "2026/04/08 14.30.52", "2026-04-08T14:30:52"])
def test_a_date_with_separators_is_that_of_the_webhook(written: str) -> None:
    assert message_of(mail(f"{ENDS}Date/Time: {written}\nBody: News ON")).key == by_webhook().key


@pytest.mark.parametrize("written", ["08/04/2026 14:30", "soon", "20260408"])
def test_any_other_date_is_kept_as_it_is_and_no_time(written: str) -> None:
    message = message_of(mail(f"{ENDS}Date: {written}\nBody: News ON"))
    assert (message.date_time, message.sent_at, message.status) == (written, None, MessageStatus.RECEIVED)


@pytest.mark.parametrize(
    "raw",
    [
        mail("Your number expires soon."),
        mail(FIELDS),
        mail("From: +393301234567\nBody: News ON"),
        mail("To: +393331234333\nBody: News ON"),
        mail(""),
        mail(b"\xff\xfe\x00", "text/plain; charset=utf-16"),
        mail("x", "image/png"),
        mail(f"{FIELDS}Body: {'x' * 70_000}"),
        mail("--b\n\n" * 9, "multipart/mixed; boundary=b"),
        b"",
    ],
)
def test_a_mail_that_is_not_understood_is_malformed_and_whole(raw: bytes) -> None:
    message = message_of(raw)
    assert (message.status, message.raw) == (MessageStatus.MALFORMED, raw)


def test_several_messages_in_a_table_are_several() -> None:
    head = "".join(f"<th>{name}</th>" for name in ("From", "To", "Date/Time", "Body"))
    rows = "".join(
        f"<tr><td>+39330123456{n}</td><td>+393331234333</td><td>2026040814305{n}</td><td>text {n}</td></tr>"
        for n in range(3)
    )
    messages = READER.read(mail(f"<table><tr>{head}</tr>{rows}</table>", "text/html"), NOON)
    assert [(message.originator, message.text) for message in messages] == [
        (f"+39330123456{n}", f"text {n}") for n in range(3)
    ]


def test_several_messages_in_rows_of_one_table_are_several() -> None:
    rows = "".join(
        f"<tr><td>{name}</td><td>{value}</td></tr>"
        for n in range(3)
        for name, value in (
            ("Body", f"text {n}"),
            ("From", f"+39330123456{n}"),
            ("To", "+393331234333"),
            ("Date/Time", "20260408143052"),
        )
    )
    assert [form["text"] for form in read_forms(mail(f"<table>{rows}</table>", "text/html"))] == [
        "text 0",
        "text 1",
        "text 2",
    ]


def test_several_messages_in_parts_are_several() -> None:
    parts = "".join(f"--b\nContent-Type: text/plain\n\n{FIELDS}Body: text {n}\n" for n in range(3))
    assert [
        form["text"]
        for form in read_forms(mail(f"{parts}--b--\n", "multipart/digest; boundary=b".replace("digest", "mixed")))
    ] == [
        "text 0",
        "text 1",
        "text 2",
    ]


def test_parts_within_parts_without_end_end() -> None:
    body = "".join(f"--{n}\nContent-Type: multipart/mixed; boundary={n + 1}\n\n" for n in range(3000))
    assert message_of(mail(body, "multipart/mixed; boundary=0")).status is MessageStatus.MALFORMED


@pytest.mark.parametrize(
    "sender", ["smsin@agiletelecom.com", "SMS <SmsIn@AgileTelecom.com>", '"Agile, Telecom" <smsin@agiletelecom.com>']
)
def test_the_gateway_is_known_by_its_address(sender: str) -> None:
    assert READER.refusal(f"From: {sender}\n\n".encode()) is None


@pytest.mark.parametrize(
    "head",
    [
        "From: smsin@agiletelecom.com.example",
        "From: smsin@agiletelecom.com <me@example.com>",
        "From: smsin@agiletelecom.com, me@example.com",
        "From: me@example.com\nFrom: smsin@agiletelecom.com",
        "Sender: smsin@agiletelecom.com",
        "Subject: x",
    ],
)
def test_anybody_else_is_not_the_gateway(head: str) -> None:
    assert READER.refusal(f"{head}\n\n".encode()) == "it has another sender"


SIGNED = AgileMailReader(gateway=GATEWAY, secret=b"s", needs_signature=True, receiver="mx.shop.example")
TOPMOST = AgileMailReader(gateway=GATEWAY, secret=b"s", needs_signature=True)
GOOD = "mx.shop.example; spf=pass smtp.mailfrom=x@y.z; dkim=pass (2048-bit key) header.d=agiletelecom.com header.s=a"


def refusal(reader: AgileMailReader, *results: str) -> str | None:
    head = "".join(f"Authentication-Results: {result}\n" for result in results)
    return reader.refusal(f"{head}From: smsin@agiletelecom.com\n\n".encode())


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        GOOD.replace("header.d=", "header.d=mail."),
        GOOD.replace("header.d=", "header.i=@"),
        GOOD.replace(";", ";\n "),
    ],
)
def test_a_good_signature_is_believed(good: str) -> None:
    assert refusal(SIGNED, good) is None
    assert refusal(TOPMOST, good) is None


@pytest.mark.parametrize(
    "bad",
    [
        "mx.shop.example; none",
        "mx.shop.example; dkim=fail header.d=agiletelecom.com",
        "mx.shop.example; dkim=pass header.d=agiletelecom.com.example",
        "mx.shop.example; dkim=pass header.d=notagiletelecom.com",
        "mx.shop.example; spf=pass smtp.mailfrom=smsin@agiletelecom.com",
        'mx.shop.example; dkim=fail reason="; dkim=pass header.d=agiletelecom.com"',
        "mx.shop.example; dkim=fail (; dkim=pass header.d=agiletelecom.com)",
        'mx.shop.example; dkim=fail reason="x; dkim=pass header.d=agiletelecom.com',
    ],
)
def test_any_other_word_of_the_receiving_server_is_no_signature(bad: str) -> None:
    assert refusal(SIGNED, bad) is not None
    assert refusal(TOPMOST, bad, GOOD) is not None


def test_without_a_word_of_the_receiving_server_there_is_no_signature() -> None:
    assert refusal(SIGNED) is not None
    assert refusal(SIGNED, GOOD.replace("mx.shop", "mx.forger")) is not None
    assert refusal(SIGNED, "other.example; dkim=fail", GOOD) is None


def test_no_key_or_text_is_in_a_representation() -> None:
    assert not re.search("secret", repr(READER))


BODY = f"{FIELDS}Body: News ON\n"
PASSED_ON = {
    "it, gmail": "---------- Forwarded message ---------\nDa: Agile <smsin@agiletelecom.com>\nDate: mer 8 apr 2026 alle ore 14:31\n"
    "Subject: Agile Telecom -- SMS received\nTo: <shop@x.example>\n",
    "fr, gmail": "---------- Forwarded message ---------\nDe : Agile <smsin@agiletelecom.com>\nDate: mer. 8 avr. 2026 à 14:31\n"
    "Subject: Agile Telecom -- SMS received\nTo: <shop@x.example>\n",
    "de, outlook": "-----Ursprüngliche Nachricht-----\nVon: Agile <smsin@agiletelecom.com>\nGesendet: Mittwoch, 8. April 2026 14:31\n"
    "An: shop@x.example\nBetreff: Agile Telecom -- SMS received\n",
    "es, thunderbird": "-------- Mensaje reenviado --------\nAsunto: \tAgile Telecom -- SMS received\nFecha: \tWed, 8 Apr 2026 14:31:00 +0200\n"
    "De: \tAgile <smsin@agiletelecom.com>\nPara: \tshop@x.example\n",
    "pl, gmail": "---------- Forwarded message ---------\nOd: Agile <smsin@agiletelecom.com>\nDate: śr., 8 kwi 2026 o 14:31\n"
    "Subject: Agile Telecom -- SMS received\nTo: <shop@x.example>\n",
    "nl, apple": "Begin doorgestuurd bericht:\n\nVan: Agile <smsin@agiletelecom.com>\nOnderwerp: Agile Telecom -- SMS received\n"
    "Datum: 8 april 2026 om 14:31:00 CEST\nAan: shop@x.example\n",
    "pt": "---------- Mensagem encaminhada ---------\nDe: Agile <smsin@agiletelecom.com>\nData: 8 de abr. de 2026\n"
    "Assunto: Agile Telecom -- SMS received\nPara: shop@x.example\n",
    "ro": "---------- Mesaj redirecționat ---------\nDe la: Agile <smsin@agiletelecom.com>\nData: mie., 8 apr. 2026\n"
    "Subiect: Agile Telecom -- SMS received\nCătre: shop@x.example\n",
}  # fmt: skip


@pytest.mark.parametrize("head", PASSED_ON.values(), ids=PASSED_ON)
def test_a_mail_that_was_passed_on_in_any_language_holds_the_same(head: str) -> None:
    assert read_forms(mail(f"{head}\n\n{BODY}")) == [FORM]


def test_a_number_that_a_mail_program_made_a_link_of_is_the_number() -> None:
    linked = BODY.replace("From: +393301234567", "From: +393301234567<tel:+393301234567>")
    assert read_forms(mail(linked)) == [FORM]


@pytest.mark.parametrize("line", ["-- ", "________________________________"])
def test_what_stands_below_a_line_of_a_signature_is_none_of_the_text(line: str) -> None:
    assert text_of(mail(f"{BODY}{line}\nAnna\n")) == "News ON"


def test_a_footer_that_the_settings_name_is_cut() -> None:
    below = mail(f"{BODY}\nQuesta email è riservata ai destinatari.\nAntivirus ok\n")
    assert read_forms(below, "questa email è riservata") == [FORM]
    assert "Antivirus" in read_forms(below)[0]["text"]


def test_a_text_that_looks_like_the_head_of_a_mail_is_kept() -> None:
    said = "write to me\nDa: anna@x.example\nA: bruno@x.example"
    assert text_of(mail(f"{FIELDS}Body: {said}\n")) == said

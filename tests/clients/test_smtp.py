"""E-mails go out to a real server: encrypted where a password goes with them, ended in time, and told in our words."""

import ssl
import subprocess
import time
from pathlib import Path
from shutil import which

import pytest

from responder.clients.smtp import MailServer
from responder.core.rules.sections import Mail
from responder.errors import PermanentError, TransientError
from responder.settings.urls import read_smtp_url
from tests.conftest import NOON, free_port
from tests.mail_server import SmtpServer, taking_mails

MAIL = Mail(
    key="a1-opened-1",
    recipient="ops@example.com",
    subject="[responder] alert: perché",
    content="gateway: è rotto\n.\nlast\n",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [openssl, "req", "-x509", *curve, "-keyout", key, "-out", made, *subject], check=True, capture_output=True
    )
    return made, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


def post(
    url: str, *, sender: str | None = None, trusted: ssl.SSLContext | None = None, longest_s: float = 5.0
) -> MailServer:
    return MailServer(read_smtp_url(url), sender=sender, trusted=trusted, longest_s=longest_s)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with taking_mails() as server:
        await post(f"smtp://localhost:{server.port}", sender="responder@example.com").send(MAIL, NOON)
    (taken,) = server.mails
    assert (taken.sender, taken.recipient, taken.is_encrypted) == ("responder@example.com", "ops@example.com", False)
    message = taken.message
    assert (message["Subject"], message["Message-ID"], message["Date"]) == (
        "[responder] alert: perché",
        "<a1-opened-1@example.com>",
        "Mon, 23 Nov 2026 12:00:00 +0000",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines()[:1] == ["gateway: è rotto"]


async def test_without_a_sender_it_comes_from_the_user_or_from_whom_it_goes_to() -> None:
    async with taking_mails(SmtpServer(password="pw")) as server:
        await post(f"smtp://shop%40example.org:pw@localhost:{server.port}?plain=yes").send(MAIL, NOON)
        await post(f"smtp://localhost:{server.port}").send(MAIL, NOON)
    assert [(taken.sender, taken.user) for taken in server.mails] == [
        ("shop@example.org", "shop@example.org"),
        ("ops@example.com", None),
    ]


async def test_tls_may_begin_with_the_first_byte(server_tls: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
    async with taking_mails(SmtpServer(tls=server_tls, password="pw"), tls_at_once=True) as server:
        await post(f"smtps://ops:pw@localhost:{server.port}", trusted=trusted).send(MAIL, NOON)
    assert [(taken.user, taken.is_encrypted) for taken in server.mails] == [("ops", True)]


async def test_a_password_goes_by_starttls(server_tls: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
    async with taking_mails(SmtpServer(tls=server_tls, password="pw")) as server:
        await post(f"smtp://ops:pw@localhost:{server.port}", trusted=trusted).send(MAIL, NOON)
    assert [(taken.user, taken.is_encrypted) for taken in server.mails] == [("ops", True)]


async def test_a_password_never_goes_without(server_tls: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
    async with taking_mails(SmtpServer(tls=server_tls, password="pw", offers_tls=False)) as server:
        with pytest.raises(TransientError, match="offers no STARTTLS"):
            await post(f"smtp://ops:pw@localhost:{server.port}", trusted=trusted).send(MAIL, NOON)
    assert "AUTH" not in server.said


async def test_starttls_is_used_where_it_is_offered(server_tls: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
    async with taking_mails(SmtpServer(tls=server_tls)) as server:
        await post(f"smtp://localhost:{server.port}", trusted=trusted).send(MAIL, NOON)
        await post(f"smtp://localhost:{server.port}?plain=yes", trusted=trusted).send(MAIL, NOON)
    assert [taken.is_encrypted for taken in server.mails] == [True, False]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_that_nobody_trusts_is_told(server_tls: ssl.SSLContext, scheme: str) -> None:
    async with taking_mails(SmtpServer(tls=server_tls), tls_at_once=scheme == "smtps") as server:
        with pytest.raises(TransientError, match="the certificate is not valid"):
            await post(f"{scheme}://localhost:{server.port}").send(MAIL, NOON)
    assert server.mails == []


@pytest.mark.parametrize(
    ("command", "answer", "error", "words"),
    [
        ("CONNECT", "421 busy", TransientError, "takes nothing for now (SMTP 421)"),
        (
            "AUTH",
            "535 bad +393301234567",
            TransientError,
            "the password is not accepted (SMTP 535), check RESPONDER_SMTP_URL",
        ),
        ("MAIL", "550 bad sender", TransientError, "the sender is refused (SMTP 550), check RESPONDER_SMTP_FROM"),
        (
            "RCPT",
            "550 no such ops@example.com",
            PermanentError,
            "the recipient is refused (SMTP 550), check alerts.email in the rules file",
        ),
        ("RCPT", "450 greylisted", TransientError, "the recipient is not taken for now (SMTP 450)"),
        ("DATA", "554 spam", PermanentError, "the mail is refused (SMTP 554)"),
        ("DATA", "451 later", TransientError, "takes nothing for now (SMTP 451)"),
    ],
)
async def test_a_refusal_is_told_in_our_words(command: str, answer: str, error: type[Exception], words: str) -> None:
    async with taking_mails(SmtpServer(password="pw", answers={command: answer})) as server:
        with pytest.raises(error) as caught:
            await post(f"smtp://ops:pw@localhost:{server.port}?plain=yes").send(MAIL, NOON)
    assert str(caught.value).endswith(words)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("way", ["hangs", "drips"])
@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "RCPT", "DATA"])
async def test_a_server_that_never_answers_is_left_in_time(way: str, command: str) -> None:
    async with taking_mails(SmtpServer(hangs=command) if way == "hangs" else SmtpServer(drips=command)) as server:
        began = time.monotonic()
        with pytest.raises(TransientError, match="the time was up"):
            await post(f"smtp://localhost:{server.port}", longest_s=0.3).send(MAIL, NOON)
    assert time.monotonic() - began < 3


async def test_what_was_taken_is_taken_though_the_server_never_says_goodbye() -> None:
    async with taking_mails(SmtpServer(drops="QUIT")) as server:
        await post(f"smtp://localhost:{server.port}").send(MAIL, NOON)
    assert len(server.mails) == 1


@pytest.mark.parametrize("command", ["CONNECT", "MAIL", "DATA"])
async def test_a_server_that_hangs_up_is_tried_again(command: str) -> None:
    async with taking_mails(SmtpServer(drops=command)) as server:
        with pytest.raises(TransientError):
            await post(f"smtp://localhost:{server.port}").send(MAIL, NOON)


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(TransientError, match=r"the connection was refused, check RESPONDER_SMTP_URL"):
        await post(f"smtp://localhost:{free_port()}").try_out()


async def test_a_server_is_tried_out_without_a_mail() -> None:
    async with taking_mails(SmtpServer(password="pw")) as server:
        await post(f"smtp://ops:pw@localhost:{server.port}?plain=yes").try_out()
    assert (server.mails, server.said) == ([], ["EHLO", "AUTH", "QUIT"])

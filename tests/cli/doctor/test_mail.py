"""The commands that know of a mailbox: doctor, text --via mail, and those that show what a mail brought."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from responder.core.operations.troubles import MailboxState
from responder.core.outbound.gateway import Sample
from responder.core.sms.message import Channel, MessageStatus
from responder.gateways.agile.mailbox import AgileMailReader
from responder.gateways.agile.messages import form_of
from responder.mail.account import account_of, reader_of
from responder.settings.model import load_settings
from responder.store.operations.sources import report_mailbox
from responder.wiring import utc_now
from tests.builders import ANNA, SHOP, inbound, mailbox_report
from tests.cli.conftest import Installation, run
from tests.cli.service.test_text import working
from tests.conftest import free_port
from tests.mail.conftest import NO_DOVECOT, QUICK, Shop
from tests.mail.dovecot import PROGRAM, Dovecot, dovecot
from tests.mail.letters import letter

KEY = "0123456789abcdef0123456789abcdef"
REPORT = mailbox_report()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot() as server:
        yield server


@pytest.fixture
def user(here: Installation, server: Dovecot) -> str:
    """The user of the installation's mailbox."""
    user = server.user()
    here.set(IMAP_URL=server.url(user))
    return user


@asynccontextmanager
async def taking_in(here: Installation, server: Dovecot, user: str) -> AsyncIterator[None]:
    """The intake of mails at work."""
    settings = load_settings()
    reader = reader_of(settings, here.store.secret)
    assert isinstance(reader, AgileMailReader)
    shop = replace(
        Shop.on(here.store, server),
        user=user,
        account=account_of(settings),
        reader=reader,
        patience=QUICK,
    )
    async with shop.watching():
        yield


async def finding(check: str) -> tuple[str, str]:
    """The one finding of a check."""
    (found,) = [record for record in (await run("doctor", "--json")).records if record["check"] == check]
    return found["level"], found["text"]


@pytest.mark.parametrize("dkim", ["false", "true", "mx.shop.example"])
async def test_a_text_by_mail_is_answered(here: Installation, server: Dovecot, user: str, dkim: str) -> None:
    here.set(IMAP_REQUIRE_DKIM=dkim)
    async with taking_in(here, server, user), working(here):
        outcome = await run("text", "News ON", "--from", ANNA, "--via", "mail")
    assert outcome.code == 0, outcome.err
    put, asked, answered, *_ = outcome.out.splitlines()
    assert (put, asked) == (f"put into imap://127.0.0.1:{server.plain_port}/INBOX", f"{ANNA} > News ON")
    assert answered == f"{ANNA} < Welcome to Weekly news.  (simulated)"


async def test_a_text_by_mail_is_a_message_of_that_channel(here: Installation, server: Dovecot, user: str) -> None:
    async with taking_in(here, server, user), working(here):
        record = (await run("text", "Perché? 👍", "--from", ANNA, "--to", SHOP, "--via", "mail", "--json")).record
    assert (record["channel"], record["text"], record["status"]) == ("mail", "Perché? 👍", "handled")


async def test_without_waiting_a_mail_is_only_put_there(here: Installation, server: Dovecot, user: str) -> None:
    assert (await run("text", "News ON", "--via", "mail", "--no-wait")).code == 0
    assert server.count(user) == 1


async def test_without_a_mailbox_a_text_by_mail_says_what_to_set(here: Installation) -> None:
    outcome = await run("text", "News ON", "--via", "mail")
    assert (outcome.code, outcome.out) == (1, "")
    assert "RESPONDER_IMAP_URL is not set" in outcome.err


def test_the_mail_of_a_text_is_read_as_the_webhook_would_be(folder: Path) -> None:
    settings = load_settings({"RESPONDER_IMAP_SENDERS": "sms@carrier.example"})
    sample = Sample(originator=ANNA, destination=SHOP, text="a\nFrom: b\n" + "è" * 200, sent_at=utc_now())
    reader = reader_of(settings, b"secret")
    raw = reader.sample(sample)
    (message,) = reader.read(raw, utc_now())
    assert reader.refusal(raw) is None
    assert isinstance(reader, AgileMailReader)
    assert (
        message.key
        == reader.gateway.read_message(form_of(sample, settings.gateway_timezone), b"", utc_now(), Channel.WEBHOOK).key
    )
    assert AgileMailReader(gateway=reader.gateway, secret=b"secret").refusal(raw) == "it has another sender"


async def test_a_mailbox_that_answers_is_well(here: Installation, server: Dovecot, user: str) -> None:
    server.deliver(user, letter(), letter())
    assert await finding("mailbox") == (
        "ok", f"imap://127.0.0.1:{server.plain_port}/INBOX tells at once what comes; 2 of its 2 mails are not marked",
    )  # fmt: skip
    assert await finding("mail") == ("warning", "no intake was seen lately: start 'responder run' or 'responder mail'")


async def test_a_password_that_is_refused_is_told_and_never_shown(here: Installation, server: Dovecot) -> None:
    here.set(IMAP_URL=server.url("shop", password="hush-hush"))
    level, text = await finding("mailbox")
    assert (level, "refuses the user or the password" in text, "hush" in text) == ("error", True, False)


async def test_mails_that_only_lack_a_signature_are_told_of(here: Installation, server: Dovecot, user: str) -> None:
    here.set(IMAP_REQUIRE_DKIM="true")
    server.deliver(user, letter(), letter(sender="other@shop.example"))
    found = [record for record in (await run("doctor", "--json")).records if record["check"] == "mailbox"]
    assert [record["level"] for record in found] == ["ok", "warning"]
    assert found[1]["text"].startswith("left alone for want of a good signature: 1 of")


async def test_a_mailbox_that_is_away_is_told(here: Installation) -> None:
    here.set(IMAP_URL=f"imap://shop:pw@127.0.0.1:{free_port()}/INBOX?plain=yes")
    level, text = await finding("mailbox")
    assert (level, "no connection (Connection refused)" in text) == ("error", True)


async def test_a_mailbox_without_a_password_is_told(here: Installation) -> None:
    here.set(IMAP_URL="imaps://shop@mail.example.com/INBOX")
    level, text = await finding("mailbox")
    assert (level, "RESPONDER_IMAP_PASSWORD_FILE" in text) == ("error", True)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "connected, 0 messages"),
        ({"state": MailboxState.REFUSED, "reason": "why not"}, "error", "why not"),
        ({"malformed": 2, "taken": 3}, "warning", "--status malformed"),
    ],
)
async def test_how_the_intake_stands_is_told(
    here: Installation, changes: dict[str, str], level: str, words: str
) -> None:
    here.set(IMAP_URL=f"imap://shop:pw@127.0.0.1:{free_port()}/INBOX?plain=yes")
    await report_mailbox(here.store.database, replace(REPORT, **changes), utc_now())  # type: ignore[arg-type]
    found = await finding("mail")
    assert (found[0], words in found[1]) == (level, True)


async def test_a_mail_that_was_not_understood_is_shown_as_it_came(here: Installation) -> None:
    malformed = inbound(
        "", "", key=KEY, status=MessageStatus.MALFORMED, raw=b"Subject: x\r\n\r\nYour number\x1b expires"
    )
    await here.work.receive(replace(malformed, destination=""))
    shown = (await run("messages", "show", KEY)).out.splitlines()
    assert [line[12:] for line in shown[-3:]] == ["Subject: x", "", "Your number\\x1b expires"]


async def test_a_mail_that_was_not_understood_is_received_with_what_a_person_reads_in_it(here: Installation) -> None:
    await here.work.receive(replace(inbound("", "", key=KEY, status=MessageStatus.MALFORMED), destination=""))
    assert (await run("messages", "retry", KEY, "--from", ANNA, "--to", SHOP, "--text", "News ON")).code == 0
    await here.handle()
    record = (await run("messages", "list", "--json")).record
    assert (record["originator"], record["rule"], record["text"]) == (ANNA, "news-on", "News ON")


async def test_a_text_that_is_there_is_not_replaced(here: Installation) -> None:
    await here.work.receive(inbound("News ON", "", key=KEY, status=MessageStatus.MALFORMED))
    outcome = await run("messages", "retry", KEY, "--from", ANNA, "--text", "STOP")
    assert (outcome.code, "leave --text out" in outcome.err) == (1, True)

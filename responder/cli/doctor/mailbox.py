"""What doctor looks at where a mailbox is a way in: the mailbox itself, and whether its intake runs."""

import asyncio
import threading
from collections.abc import AsyncIterator

from responder.cli.doctor.findings import Finding, Level
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_existing
from responder.core.operations.troubles import MailboxReport, MailboxState
from responder.errors import ConfigurationError, PermanentError, ResponderError, TransientError
from responder.gateways.agile.mailbox import UNSIGNED, MailReader
from responder.mail.account import account_of, reader_of
from responder.mail.mailbox import Account, Mailbox
from responder.settings.model import Settings
from responder.store.operations.mailboxes import live_mailboxes
from responder.wiring import utc_now

LOOKED_AT = 500  # of the mails that are not marked, the newest


async def mailbox(settings: Settings) -> AsyncIterator[Finding]:
    """What there is to say of the mailbox and of its intake."""
    try:
        account = account_of(settings)
    except ConfigurationError as error:
        yield Finding(check="mailbox", level=Level.ERROR, text=str(error))
        return
    for finding in await asyncio.to_thread(_connection, account, reader_of(settings, b"")):
        yield finding
    try:
        async with open_existing(settings) as store:
            reports = await live_mailboxes(store.database, utc_now())
    except ResponderError:
        return  # what is wrong with the database has been told
    if not reports:
        yield Finding(
            check="mail",
            level=Level.WARNING,
            text="no intake was seen lately: start 'responder run' or 'responder mail'",
        )
    for report in reports:
        yield _intake(report)


def _connection(account: Account, reader: MailReader) -> list[Finding]:
    place = account.url.place
    connection = Mailbox(account, threading.Event())
    try:
        opened = connection.open()
        waiting = connection.waiting(None)
        reasons = [reader.refusal(head.fields) for head in connection.heads(waiting[-LOOKED_AT:])] if waiting else []
    except (PermanentError, TransientError) as error:
        remedy = "" if isinstance(error, PermanentError) else ": check that it runs, and RESPONDER_IMAP_URL"
        return [Finding(check="mailbox", level=Level.ERROR, text=f"{place}: {error}{remedy}")]
    finally:
        connection.close()
    way = "tells at once what comes" if opened.has_idle else f"has no IDLE and is asked every {account.poll_s:.0f} s"
    text = f"{place} {way}; {len(waiting)} of its {opened.mails} mails are not marked"
    return [Finding(check="mailbox", level=Level.OK, text=text), *_unsigned(reasons.count(UNSIGNED))]


def _unsigned(count: int) -> list[Finding]:
    """What to say of mails that may be the gateway's and are not taken in."""
    if not count:
        return []
    remedy = "look at the Authentication-Results of one, and at RESPONDER_IMAP_REQUIRE_DKIM"
    return [
        Finding(
            check="mailbox",
            level=Level.WARNING,
            text=f"left alone for want of a good signature: {count} of the gateway's mails; {remedy}",
        )
    ]


def _intake(report: MailboxReport) -> Finding:
    if report.state in {MailboxState.REFUSED, MailboxState.UNREACHABLE}:
        return Finding(check="mail", level=Level.ERROR, text=f"{report.place}: {report.reason}")
    taken = f"{report.taken} messages taken in" + (
        f", the last {moment(report.last_mail_at)}, {report.lag_s:.1f} s after its mail" if report.lag_s else ""
    )
    if report.left_alone:
        text = f"{taken}; {report.left_alone} mails that cannot be judged were left alone: look at them in the mailbox, the log names their UIDs"
        return Finding(check="mail", level=Level.WARNING, text=text)
    if report.malformed:
        text = f"{taken}; {report.malformed} were not understood: see 'responder messages list --status malformed'"
        return Finding(check="mail", level=Level.WARNING, text=text)
    return Finding(check="mail", level=Level.OK, text=f"{report.state}, {taken}")

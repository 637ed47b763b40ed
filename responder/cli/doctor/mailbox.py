"""What doctor says of the mailbox, where texts come in by mail: whether it opens, and whether its intake runs."""

import asyncio
import threading
from collections.abc import AsyncIterator

from responder.cli.doctor.findings import Finding, fault, ok, warning
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_existing
from responder.core.operations.troubles import MailboxReport, MailboxState
from responder.core.outbound.gateway import UNSIGNED, MailReader
from responder.errors import ConfigurationError, PermanentError, ResponderError, TransientError
from responder.mail.account import Account, account_of, reader_of
from responder.mail.mailbox import Mailbox
from responder.settings.model import Settings
from responder.store.operations.mailboxes import live_mailboxes
from responder.wiring import utc_now

LOOKED_AT = 500  # at most: the newest of the mails that are not marked


async def check_mailbox(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the mailbox opens, and how its intakes fare."""
    try:
        account = account_of(settings)
    except ConfigurationError as error:
        yield fault("mailbox", str(error))
        return
    for finding in await asyncio.to_thread(_connection, account, reader_of(settings, b"")):
        yield finding
    try:
        async with open_existing(settings) as store:
            reports = await live_mailboxes(store.database, utc_now())
    except ResponderError:
        return  # what is wrong with the database has been said
    if not reports:
        yield warning("mail", "no intake was seen lately: start 'responder run' or 'responder mail'")
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
        return [fault("mailbox", f"{place}: {error}{remedy}")]
    finally:
        connection.close()
    way = "tells at once what comes" if opened.has_idle else f"has no IDLE and is asked every {account.poll_s:.0f} s"
    text = f"{place} {way}; {len(waiting)} of its {opened.mails} mails are not marked"
    return [ok("mailbox", text), *_unsigned(reasons.count(UNSIGNED))]


def _unsigned(count: int) -> list[Finding]:
    """A warning about mails that seem to be the gateway's but lack a good signature."""
    if not count:
        return []
    remedy = "look at the Authentication-Results of one, and at RESPONDER_IMAP_REQUIRE_DKIM"
    return [warning("mailbox", f"left alone for want of a good signature: {count} of the gateway's mails; {remedy}")]


def _intake(report: MailboxReport) -> Finding:
    if report.state in {MailboxState.REFUSED, MailboxState.UNREACHABLE}:
        return fault("mail", f"{report.place}: {report.reason}")
    last = f", the last {moment(report.last_mail_at)}, {report.lag_s:.1f} s after its mail" if report.lag_s else ""
    taken = f"{report.taken} messages taken in{last}"
    if report.left_alone:
        text = f"{taken}; {report.left_alone} mails that cannot be judged were left alone"
        return warning("mail", f"{text}: look at them in the mailbox, the log names their UIDs")
    if report.malformed:
        remedy = "see 'responder messages list --status malformed'"
        return warning("mail", f"{taken}; {report.malformed} were not understood: {remedy}")
    return ok("mail", f"{report.state}, {taken}")

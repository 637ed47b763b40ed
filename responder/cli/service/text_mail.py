"""A text by mail: written as the gateway writes its mails, and put into the mailbox."""

import secrets
import threading
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from responder.errors import PermanentError, ResponderError, TransientError
from responder.gateways.agile.mailbox import SENDERS
from responder.mail.account import account_of
from responder.mail.mailbox import Mailbox
from responder.settings.model import Settings
from responder.wiring import utc_now

SUBJECT = "Agile Telecom -- SMS received"
LABELS = {"From": "originator", "To": "destination", "Date/Time": "date_time", "Body": "text"}


def put_into_mailbox(settings: Settings, form: Mapping[str, str]) -> str:
    """Put a mail with the form into the mailbox of the settings, and tell where that is; ResponderError says why that cannot be."""
    account = account_of(settings)
    mailbox = Mailbox(account, threading.Event())
    try:
        mailbox.open()
        mailbox.append(write_mail(form, settings))
    except (PermanentError, TransientError) as error:
        raise ResponderError(f"{account.url.place}: {error}") from None
    finally:
        mailbox.close()
    return account.url.place


def write_mail(form: Mapping[str, str], settings: Settings) -> bytes:
    """A mail that the settings take for the gateway's."""
    mail = EmailMessage()
    mail["From"] = sender = (settings.imap_senders or SENDERS)[0]
    mail["To"] = "sms@localhost"
    mail["Subject"] = SUBJECT
    mail["Date"] = format_datetime(utc_now())
    mail["Message-ID"] = f"<{secrets.token_hex(16)}@localhost>"
    if settings.imap_require_dkim != "false":
        receiver = "localhost" if settings.imap_require_dkim == "true" else settings.imap_require_dkim
        mail["Authentication-Results"] = f"{receiver}; dkim=pass header.d={sender.rpartition('@')[2]}"
    mail.set_content("".join(f"{label}: {form[name]}\n" for label, name in LABELS.items()))
    return mail.as_bytes(policy=SMTP)

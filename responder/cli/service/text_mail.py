"""A text by mail: written as the gateway writes its mails, and put into the mailbox."""

import threading

from responder.core.outbound.gateway import Sample
from responder.errors import PermanentError, ResponderError, TransientError
from responder.mail.account import account_of, reader_of
from responder.mail.mailbox import Mailbox
from responder.settings.model import Settings


def put_into_mailbox(settings: Settings, sample: Sample) -> str:
    """Put a mail that brings the text into the mailbox of the settings, and tell where; ResponderError says why not."""
    account = account_of(settings)
    mail = reader_of(settings, b"").sample(sample)
    mailbox = Mailbox(account, threading.Event())
    try:
        mailbox.open()
        mailbox.append(mail)
    except (PermanentError, TransientError) as error:
        raise ResponderError(f"{account.url.place}: {error}") from None
    finally:
        mailbox.close()
    return account.url.place

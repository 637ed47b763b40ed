"""The one way out for e-mails: each attempt ends in time, whatever the server does."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from email.utils import format_datetime

import aiosmtplib

from responder.core.rules.sections import Mail
from responder.errors import PermanentError, TransientError
from responder.settings.urls import ServerUrl

LONGEST_S = 30.0  # of one attempt
GOODBYE_S = 2.0
FIRST_PERMANENT = 500
# what the library raises where a server cannot do what we need
LACKING = (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported)
CHECK_URL = "check RESPONDER_SMTP_URL"


class MailServer:
    """Sends e-mails.

    Without a ``sender`` they come from the user if that is an address, or else from their recipient.
    """

    def __init__(
        self,
        url: ServerUrl,
        *,
        sender: str | None = None,
        trusted: ssl.SSLContext | None = None,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._url = url
        self._sender = sender or (url.user if url.user and "@" in url.user else None)
        self._trusted = trusted
        self._longest_s = longest_s

    @property
    def place(self) -> str:
        """The server's address, without its user."""
        return self._url.place

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand over an e-mail. Raises TransientError if it was not taken, PermanentError if it never will be."""
        async with self._connection() as connection:
            await connection.send_message(self._written(mail, now))

    async def try_out(self) -> None:
        """Do all but send an e-mail. Raises TransientError."""
        async with self._connection():
            pass

    def _written(self, mail: Mail, now: datetime) -> EmailMessage:
        message = EmailMessage(policy=CRLF)
        sender = self._sender or mail.recipient
        message["From"] = sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{mail.key}@{sender.rpartition('@')[2]}>"  # the same on every attempt
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.content)
        return message

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection, greeted and logged in if there is a user.

        It is closed at the end, even if the server never answers.
        """
        connection = self._made()
        try:
            async with asyncio.timeout(self._longest_s):
                await connection.connect()
                yield connection
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _meaning(error) from None
        else:
            await _part(connection)
        finally:
            connection.close()

    def _made(self) -> aiosmtplib.SMTP:
        url = self._url
        return aiosmtplib.SMTP(
            hostname=url.host,
            port=url.port,
            username=url.user,
            password=url.password,
            local_hostname=socket.gethostname(),
            timeout=self._longest_s,
            use_tls=url.is_tls,
            start_tls=False if url.is_plain or url.is_tls else True if url.user else None,  # None: if it is offered
            tls_context=None if url.is_plain else self._trusted or ssl.create_default_context(),
        )


async def _part(connection: aiosmtplib.SMTP) -> None:
    """Say goodbye; whatever comes of it, what was taken is taken."""
    with suppress(aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(GOODBYE_S):
            await connection.quit()


def _meaning(error: Exception) -> PermanentError | TransientError:
    """The error of ours for one of the library's.

    Of the server's words only the number is kept, since they may repeat an address.
    """
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[refused, *_]) if refused.code >= FIRST_PERMANENT:
            return PermanentError(
                f"the recipient is refused (SMTP {refused.code}), check alerts.email in the rules file"
            )
        case aiosmtplib.SMTPRecipientsRefused(recipients=[refused, *_]):
            return TransientError(f"the recipient is not taken for now (SMTP {refused.code})")
        case aiosmtplib.SMTPSenderRefused():
            return TransientError(f"the sender is refused (SMTP {error.code}), check RESPONDER_SMTP_FROM")
        case aiosmtplib.SMTPAuthenticationError():
            return TransientError(f"the password is not accepted (SMTP {error.code}), {CHECK_URL}")
        case aiosmtplib.SMTPDataError() if error.code >= FIRST_PERMANENT:
            return PermanentError(f"the mail is refused (SMTP {error.code})")
        case aiosmtplib.SMTPResponseException():
            return TransientError(f"the mail server takes nothing for now (SMTP {error.code})")
        case _ if type(error) in LACKING:
            return TransientError(f"the mail server offers no STARTTLS or no login that is known, {CHECK_URL}")
        case TimeoutError():
            return TransientError("the time was up")
    return _of_connection(error)


def _of_connection(error: Exception) -> TransientError:
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return TransientError(f"the certificate is not valid ({cause.verify_message}), {CHECK_URL}")
    if isinstance(cause, ssl.SSLError):
        return TransientError(f"the TLS handshake failed, {CHECK_URL}")
    if isinstance(cause, socket.gaierror):
        return TransientError(f"the name of the mail server has no address, {CHECK_URL}")
    if isinstance(cause, ConnectionRefusedError):
        return TransientError(f"the connection was refused, {CHECK_URL}")
    return TransientError(f"the connection failed ({type(error).__name__})")

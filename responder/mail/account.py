"""The mailbox of the settings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from responder.core.outbound.gateway import MailReader, MailTrust
from responder.errors import ConfigurationError, PermanentError
from responder.settings.model import Settings
from responder.settings.urls import ServerUrl, read_mailbox_url
from responder.wiring import make_gateway

NO_MAILBOX = (
    "RESPONDER_IMAP_URL is not set: give the address of the mailbox that the gateway writes to,"
    " imaps://user:password@host/INBOX"
)
NOTHING_TO_SIGN_IN_WITH = (
    "RESPONDER_IMAP_URL has no password: put it there, or into RESPONDER_IMAP_PASSWORD, "
    "or into a file named by RESPONDER_IMAP_PASSWORD_FILE"
)
NO_MAILS = "the gateway writes no mails: remove RESPONDER_IMAP_URL"
SWITCHED = {"false": "", "true": ""}  # words of RESPONDER_IMAP_REQUIRE_DKIM that name no server


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A mailbox, and where its mails go; ``password`` is called at each connection."""

    url: ServerUrl
    password: Callable[[], str] = field(repr=False)
    done: str | None = None
    failed: str | None = None
    poll_s: float = 15.0


def account_of(settings: Settings) -> Account:
    """The mailbox of the settings, and its folders.

    Raises ConfigurationError, with the remedy, if there is none or its password cannot be read.
    """
    if settings.imap_url is None:
        raise ConfigurationError(NO_MAILBOX)
    url = read_mailbox_url(settings.imap_url.get_secret_value())
    try:
        _password(settings, url.password)
    except PermanentError as error:
        raise ConfigurationError(str(error)) from None
    return Account(
        url=url,
        password=lambda: _password(settings, url.password),
        done=settings.imap_done,
        failed=settings.imap_failed,
        poll_s=settings.imap_poll_s,
    )


def reader_of(settings: Settings, secret: bytes) -> MailReader:
    """The reader that tells the gateway's mails from others. Raises ConfigurationError if it writes none."""
    required = settings.imap_require_dkim
    trust = MailTrust(
        senders=settings.imap_senders,
        needs_signature=required != "false",
        receiver=SWITCHED.get(required, required),
        footer=settings.imap_footer or "",
    )
    reader = make_gateway(settings, secret).mail_reader(trust)
    if reader is None:
        raise ConfigurationError(NO_MAILS)
    return reader


def _password(settings: Settings, of_url: str | None) -> str:
    """The current password, since one in a file may have changed. Raises PermanentError if there is none."""
    if settings.imap_password_file:
        return _read(settings.imap_password_file)
    password = settings.imap_password.get_secret_value() if settings.imap_password else of_url
    if not password:
        raise PermanentError(NOTHING_TO_SIGN_IN_WITH)
    return password


def _read(path: Path) -> str:
    try:
        password = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeError) as error:
        raise PermanentError(
            f"{path}: cannot be read ({type(error).__name__}),"
            " RESPONDER_IMAP_PASSWORD_FILE names the file of the password"
        ) from None
    if not password:
        raise PermanentError(f"{path}: it is empty, write the mailbox's password into it")
    return password

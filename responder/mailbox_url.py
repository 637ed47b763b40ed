"""Addresses of mailboxes: taken apart, and refused where they would send a password in the clear."""

from dataclasses import dataclass, field

from pydantic import SecretStr

from responder.server_url import is_loopback, meant, take_apart

EXPECTED = (
    "imaps://user:password@host/INBOX, or imap:// for STARTTLS; a special character of user or password is written as % and its code (@ as %40),"
    " or the password is set as RESPONDER_IMAP_PASSWORD; imap://…?plain=yes, without encryption, on this machine alone"
)
PORTS = {"imaps": 993, "imap": 143}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailboxUrl:
    """Where a mailbox is, and how it is reached: with TLS from the first byte, by STARTTLS, or plain."""

    host: str
    port: int
    user: str = field(repr=False)
    password: str | None = field(repr=False)
    folder: str
    is_tls: bool
    is_plain: bool

    @property
    def place(self) -> str:
        """The address without its user."""
        return f"{'imaps' if self.is_tls else 'imap'}://{self.host}:{self.port}/{self.folder}"


def place_of(url: SecretStr | None) -> str | None:
    """The mailbox of the settings, without its user; None if none is set."""
    return read_mailbox_url(url.get_secret_value()).place if url else None


def read_mailbox_url(url: str) -> MailboxUrl:
    """The parts of an address; ValueError if it is none.

    >>> read_mailbox_url("imaps://shop%40example.com:pw@mail.example.com/INBOX/SMS").folder
    'INBOX/SMS'
    """
    parts, is_plain = take_apart(url)
    host, user = parts.hostname or "", meant(parts.username)
    if parts.scheme not in PORTS or user is None:
        raise ValueError("no mailbox")
    if is_plain and (parts.scheme != "imap" or not is_loopback(host)):
        raise ValueError("a password in the clear")
    return MailboxUrl(
        host=host,
        port=parts.port or PORTS[parts.scheme],
        user=user,
        password=meant(parts.password),
        folder=meant(parts.path.strip("/")) or "INBOX",
        is_tls=parts.scheme == "imaps",
        is_plain=is_plain,
    )

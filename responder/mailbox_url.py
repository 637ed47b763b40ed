"""Addresses of mailboxes: taken apart, and refused where they would send a password in the clear."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

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


def read_mailbox_url(url: str) -> MailboxUrl:
    """The parts of an address; ValueError if it is none.

    >>> read_mailbox_url("imaps://shop%40example.com:pw@mail.example.com/INBOX/SMS").folder
    'INBOX/SMS'
    """
    parts = urlsplit(url.strip())
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    is_plain = query.pop("plain", "no").lower() == "yes"
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or parts.port == 0 or parts.fragment or query:
        raise ValueError("no mailbox")
    if is_plain and (parts.scheme != "imap" or not _is_here(parts.hostname)):
        raise ValueError("a password in the clear")
    return MailboxUrl(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username, errors="strict"),
        password=unquote(parts.password, errors="strict") if parts.password else None,
        folder=unquote(parts.path.strip("/"), errors="strict") or "INBOX",
        is_tls=parts.scheme == "imaps",
        is_plain=is_plain,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Addresses of servers, as settings have them: taken apart, and whether they lead to this machine."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr


def take_apart(url: str) -> tuple[SplitResult, bool]:
    """The parts of an address, and whether it ends in ``?plain=yes``; ValueError where it asks for anything else, or has no host.

    >>> take_apart("imap://shop@localhost?plain=yes")[1]
    True
    """
    parts = urlsplit(url.strip())
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    is_plain = query.pop("plain", "no").lower() == "yes"
    if not parts.hostname or parts.port == 0 or parts.fragment or query:
        raise ValueError("no address of a server")
    return parts, is_plain


def meant(typed: str | None) -> str | None:
    """What a user or password means, whose special characters are written as ``%`` and their codes; None where none is typed.

    >>> meant("ops%40example.com"), meant("")
    ('ops@example.com', None)
    """
    return unquote(typed, errors="strict") if typed else None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on a host.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


MAILBOX_EXPECTED = (
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


SMTP_EXPECTED = (
    "smtps://user:password@host, or smtp://user:password@host for STARTTLS, or smtp://host for a server that asks for none; a special character"
    " of user or password is written as % and its code (@ as %40); smtp://…?plain=yes, without encryption, with a user on this machine alone"
)
WITH_TLS, WITH_USER, RELAY = 465, 587, 25  # the usual ports


@dataclass(frozen=True, kw_only=True, slots=True)
class SmtpUrl:
    """Where a mail server is, and how it is reached: with TLS from the first byte, by STARTTLS, or plain."""

    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    is_tls: bool
    is_plain: bool

    @property
    def place(self) -> str:
        """The address without its user."""
        return f"{'smtps' if self.is_tls else 'smtp'}://{self.host}:{self.port}"


def read_smtp_url(url: str) -> SmtpUrl:
    """The parts of an address; ValueError if it is none.

    >>> read_smtp_url("smtp://ops%40example.com:pw@mail.example.com").port
    587
    """
    parts, is_plain = take_apart(url)
    host = parts.hostname or ""
    is_tls = parts.scheme == "smtps"
    has_user = bool(parts.username)
    if parts.scheme not in {"smtp", "smtps"} or parts.path.strip("/"):
        raise ValueError("no mail server")
    if has_user is not bool(parts.password) or (is_plain and (is_tls or (has_user and not is_loopback(host)))):
        raise ValueError("a user without a password, or a password in the clear")
    return SmtpUrl(
        host=host,
        port=parts.port or (WITH_TLS if is_tls else WITH_USER if has_user else RELAY),
        user=meant(parts.username),
        password=meant(parts.password),
        is_tls=is_tls,
        is_plain=is_plain,
    )

"""Addresses of mailboxes and mail servers in settings, and which hosts are this machine."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr


def _take_apart(url: str) -> tuple[SplitResult, bool]:
    """The parts of an address, and whether it ends in ``?plain=yes``; ValueError for any other query or without a host.

    >>> _take_apart("imap://shop@localhost?plain=yes")[1]
    True
    """
    parts = urlsplit(url.strip())
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    is_plain = query.pop("plain", "no").lower() == "yes"
    if not parts.hostname or parts.port == 0 or parts.fragment or query:
        raise ValueError("no address of a server")
    return parts, is_plain


def _meant(typed: str | None) -> str | None:
    """A user or password with its ``%`` codes resolved; None if none is typed.

    >>> _meant("ops%40example.com"), _meant("")
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerUrl:
    """Where a mailbox or mail server is, and whether to use TLS at once, STARTTLS or no encryption."""

    scheme: str
    host: str
    port: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    folder: str = ""
    is_plain: bool

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted from its first byte."""
        return self.scheme.endswith("s")

    @property
    def place(self) -> str:
        """The address without its user."""
        return f"{self.scheme}://{self.host}:{self.port}{f'/{self.folder}' if self.folder else ''}"


MAILBOX_EXPECTED = (
    "imaps://user:password@host/INBOX, or imap:// for STARTTLS; a special character of user or password"
    " is written as % and its code (@ as %40), or the password is set as RESPONDER_IMAP_PASSWORD;"
    " imap://…?plain=yes, without encryption, on this machine alone"
)
MAILBOX_PORTS = {"imaps": 993, "imap": 143}


def read_mailbox_url(url: str) -> ServerUrl:
    """The parts of a mailbox's address; ValueError if it is none.

    >>> read_mailbox_url("imaps://shop%40example.com:pw@mail.example.com/INBOX/SMS").folder
    'INBOX/SMS'
    """
    parts, is_plain = _take_apart(url)
    if parts.scheme not in MAILBOX_PORTS or not parts.username:
        raise ValueError("no mailbox")
    if is_plain and (parts.scheme != "imap" or not is_loopback(parts.hostname or "")):
        raise ValueError("a password in the clear")
    folder = _meant(parts.path.strip("/")) or "INBOX"
    return _server(parts, MAILBOX_PORTS[parts.scheme], folder=folder, is_plain=is_plain)


def place_of(url: SecretStr | None) -> str | None:
    """The mailbox of the settings, without its user; None if none is set."""
    return read_mailbox_url(url.get_secret_value()).place if url else None


SMTP_EXPECTED = (
    "smtps://user:password@host, or smtp://user:password@host for STARTTLS, or smtp://host for a server"
    " that asks for none; a special character of user or password is written as % and its code (@ as %40);"
    " smtp://…?plain=yes, without encryption, with a user on this machine alone"
)
WITH_TLS, WITH_USER, RELAY = 465, 587, 25  # the usual ports


def read_smtp_url(url: str) -> ServerUrl:
    """The parts of a mail server's address; ValueError if it is none.

    >>> read_smtp_url("smtp://ops%40example.com:pw@mail.example.com").port
    587
    """
    parts, is_plain = _take_apart(url)
    is_tls, has_user = parts.scheme == "smtps", bool(parts.username)
    if parts.scheme not in {"smtp", "smtps"} or parts.path.strip("/"):
        raise ValueError("no mail server")
    if has_user is not bool(parts.password) or (
        is_plain and (is_tls or (has_user and not is_loopback(parts.hostname or "")))
    ):
        raise ValueError("a user without a password, or a password in the clear")
    return _server(parts, WITH_TLS if is_tls else WITH_USER if has_user else RELAY, is_plain=is_plain)


def _server(parts: SplitResult, port: int, *, folder: str = "", is_plain: bool) -> ServerUrl:
    return ServerUrl(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or port,
        user=_meant(parts.username),
        password=_meant(parts.password),
        folder=folder,
        is_plain=is_plain,
    )

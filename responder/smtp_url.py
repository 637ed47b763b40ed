"""Addresses of mail servers: taken apart, and refused where they would send a password in the clear."""

from dataclasses import dataclass, field

from responder.server_url import is_loopback, meant, take_apart

EXPECTED = (
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

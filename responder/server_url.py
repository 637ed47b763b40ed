"""Addresses of servers, as settings have them: taken apart, and whether they lead to this machine."""

from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


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

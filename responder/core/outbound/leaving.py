"""What may leave: a text only to who wants it; a call of a webhook only where it may go, and signed."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, ip_address, ip_network
from urllib.parse import urlsplit

from responder.core.contact.effects import Purpose
from responder.core.contact.reasons import because
from responder.core.sms.message import Order

OPTED_OUT = because("opted_out")
TOO_LATE = because("too_late")
SHADOWED = because("in_service_shadow")
TO_RESERVED_WORDS = frozenset({Purpose.HELP, Purpose.WELCOME})  # answers that an older STOP does not hold back
DESPITE_OPT_OUT = TO_RESERVED_WORDS | {Purpose.CONFIRMATION}  # contract, guarantee 6
MARKETING = frozenset({Purpose.ANSWER})  # a rule's text may be an offer; any other is a service
PUNYCODE = re.compile(r"(^|\.)xn--", re.IGNORECASE)

# Our own list: ``ipaddress.is_global`` differs between versions of Python and lets some of these through.
REFUSED = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this host (RFC 1122)"),
        ("10.0.0.0/8", "private (RFC 1918)"),
        ("100.64.0.0/10", "shared with the provider (RFC 6598)"),
        ("127.0.0.0/8", "loopback (RFC 1122)"),
        ("168.63.129.16/32", "the inside of a cloud"),  # a public number that the host of a virtual machine answers
        ("169.254.0.0/16", "link-local (RFC 3927)"),
        ("172.16.0.0/12", "private (RFC 1918)"),
        ("192.0.0.0/24", "reserved for protocols (RFC 6890)"),
        ("192.0.2.0/24", "for documentation (RFC 5737)"),
        ("192.88.99.0/24", "a 6to4 relay (RFC 7526)"),
        ("192.168.0.0/16", "private (RFC 1918)"),
        ("198.18.0.0/15", "for benchmarks (RFC 2544)"),
        ("198.51.100.0/24", "for documentation (RFC 5737)"),
        ("203.0.113.0/24", "for documentation (RFC 5737)"),
        ("224.0.0.0/4", "multicast (RFC 5771)"),
        ("240.0.0.0/4", "reserved (RFC 1112)"),
        ("::1/128", "loopback (RFC 4291)"),
        ("::ffff:0:0/96", "an IPv4 address in disguise (RFC 4291)"),
        ("64:ff9b:1::/48", "a private translation to IPv4 (RFC 8215)"),
        ("fc00::/7", "private (RFC 4193)"),
        ("fe80::/10", "link-local (RFC 4291)"),
        ("ff00::/8", "multicast (RFC 4291)"),
        ("::/3", "no global unicast (RFC 4291)"),  # that is 2000::/3 alone; this and the next two are the rest
        ("4000::/2", "no global unicast (RFC 4291)"),
        ("8000::/1", "no global unicast (RFC 4291)"),
        ("2001::/23", "reserved for protocols (RFC 2928)"),
        ("2001:db8::/32", "for documentation (RFC 3849)"),
        ("2002::/16", "6to4 (RFC 7526)"),
        ("3fff::/20", "for documentation (RFC 9637)"),
    )
)
NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: every IPv4 address, as a network without IPv4 sees it
PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret (Standard Webhooks 1.0.0)
EXPECTED = f"expected '{PREFIX}' and then {SHORTEST} to {LONGEST} random bytes in base64"


@dataclass(frozen=True, kw_only=True, slots=True)
class LastStop:
    """A number's last opt-out: when it took effect by our clock, and its place among the number's texts.

    The place is None if the opt-out was no text of theirs. ``start`` is the place of a later text that agrees again.
    """

    at: datetime
    order: Order | None
    start: Order | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The text that a reply answers: its place among the number's texts, its arrival and its handling."""

    order: Order
    received_at: datetime
    handled_at: datetime | None


def is_ended(purpose: Purpose, queued_at: datetime, origin: Origin | None, stop: LastStop) -> bool:
    """Whether an opt-out ends a text that waits to leave; answers to newer reserved keywords still go out.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    >>> stop = LastStop(at=noon, order=Order(noon, 7))
    >>> [is_ended(Purpose.REMINDER, noon + timedelta(hours=hours), None, stop) for hours in (-1, 1)]
    [True, False]
    """
    if purpose is Purpose.CONFIRMATION:
        return False
    if origin is None:
        return queued_at < stop.at
    if stop.start and origin.order >= stop.start:
        return False
    is_older = origin.order < stop.order if stop.order else origin.received_at < stop.at
    if purpose in TO_RESERVED_WORDS:
        return is_older
    return is_older or (origin.handled_at or queued_at) < stop.at


def why_suppressed(
    purpose: Purpose,
    expires_at: datetime | None,
    now: datetime,
    *,
    opted_out: bool,
    in_doubt: bool = False,
    is_ended: bool = False,
) -> str | None:
    """Why a text may not go out now; None if it may. Asked in the transaction that claims it.

    ``in_doubt``: the originator wrote what may be a stop, and no person has decided. ``is_ended``: the text waited
    when the originator opted out.

    >>> from datetime import UTC
    >>> why_suppressed(Purpose.ANSWER, None, datetime.now(UTC), opted_out=True)
    'the originator opted out'
    """
    if is_ended or (opted_out and purpose not in DESPITE_OPT_OUT):
        return OPTED_OUT
    if in_doubt and purpose in MARKETING:
        return because("in_doubt")
    if expires_at is not None and now > expires_at:
        return TOO_LATE
    return None


def refusal(address: str) -> str | None:
    """Why no webhook may go to an address; None if it is a public one.

    >>> refusal("169.254.169.254"), refusal("64:ff9b::7f00:1"), refusal("8.8.8.8")
    ('link-local (RFC 3927)', 'loopback (RFC 1122)', None)
    """
    ip = ip_address(address)
    if ip in NAT64:
        return refusal(str(IPv4Address(int(ip) & 0xFFFFFFFF)))
    return next((why for network, why in REFUSED if ip in network), None)


def why_never_called(url: str) -> str | None:
    """Why a webhook is never called while private addresses are not allowed; None as far as its URL can tell.

    >>> why_never_called("http://crm.example.com/in"), why_never_called("https://10.0.0.1/in")
    ('plain http', 'an address that is private (RFC 1918)')
    """
    parts = urlsplit(url)
    if parts.scheme != "https":
        return "plain http"
    if (parts.hostname or "").rstrip(".") == "localhost":
        return "this machine itself"
    try:
        why = refusal(parts.hostname or "")
    except ValueError:  # a name, whose address is looked up when it is called
        return None
    return f"an address that is {why}" if why else None


def is_host(host: str) -> bool:
    """Whether a name is an address, or one that name servers can be asked for.

    >>> is_host("crm.example.com"), is_host("münchen.example"), is_host("xn--"), is_host("a..b")
    (True, True, False, False)
    """
    if ":" in host:
        return True
    name = host if host.isascii() and not PUNYCODE.search(host) else _in_ascii(host)
    return all(0 < len(label) < 64 for label in name.removesuffix(".").split("."))


def _in_ascii(host: str) -> str:
    """A name as name servers know it; empty if it is not valid."""
    import idna  # noqa: PLC0415  (large, and seldom needed)

    try:
        name = host if host.isascii() else idna.encode(host.lower()).decode()
        idna.decode(name)
    except idna.IDNAError:
        return ""
    return name


def decode_secret(secret: str) -> bytes:
    """The bytes of a webhook's secret; the ValueError says what is expected, never the secret.

    >>> decode_secret("whsec_c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldw==")
    b'sixteen bytes are too few'
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"the secret does not start with '{PREFIX}', {EXPECTED}")
    encoded = secret.removeprefix(PREFIX).rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the secret is not base64, {EXPECTED}") from None
    if not SHORTEST <= len(decoded) <= LONGEST:
        raise ValueError(f"the secret has {len(decoded)} bytes, {EXPECTED}")
    return decoded


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The signatures of a body, one for each secret, so that a receiver can change its secret."""
    if "." in message_id:
        raise ValueError("the id of a webhook call holds a dot, which would make what is signed ambiguous")
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    digests = (hmac.digest(decode_secret(secret), signed, hashlib.sha256) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def webhook_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt, all with the same id; without secrets nothing is signed."""
    headers = {"content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secrets:
        headers["webhook-signature"] = sign(secrets, message_id, timestamp, body)
    return headers

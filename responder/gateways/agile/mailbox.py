"""Agile Telecom by e-mail: which mails are the gateway's, and what they say."""

import hashlib
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import Protocol
from zoneinfo import ZoneInfo

from responder.core.outbound.gateway import OTHER_SENDER, UNSIGNED, Sample
from responder.core.sms.message import Channel, Inbound, MessageStatus, message_key
from responder.gateways.agile.mail import is_whole, read_forms
from responder.gateways.agile.mail_bounds import LARGEST_HEAD, excess
from responder.gateways.agile.messages import form_of

SENDERS = ("smsin@agiletelecom.com",)
SUBJECT = "Agile Telecom -- SMS received"
LABELS = {"From": "originator", "To": "destination", "Date/Time": "date_time", "Body": "text"}

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*+("|\Z)', re.DOTALL)  # an open one reaches to the end: nothing is read twice
DEEPEST_COMMENT = 5


class FormReader(Protocol):
    """Reads the fields of a form, as the gateway itself does."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""

    def read_message(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in the fields."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgileMailReader:
    """Reads mails.

    With ``needs_signature``, only those that the sender's domain has signed, by the word of the receiving server.
    """

    gateway: FormReader
    secret: bytes = field(repr=False)
    senders: Sequence[str] = SENDERS
    needs_signature: bool = False
    receiver: str = ""
    footer: str = ""

    def refusal(self, head: bytes) -> str | None:
        """Why a mail with this head is not the gateway's; None if it is."""
        if too_much := excess(head):
            return too_much
        try:
            fields = read_head(head)
            sender = author(fields)
            if sender not in self.senders:
                return OTHER_SENDER
            if self.needs_signature and not is_signed(fields, sender.rpartition("@")[2], self.receiver):
                return UNSIGNED
        except Exception as error:  # noqa: BLE001  (the library fails in more ways than it says)
            return f"its head cannot be read ({type(error).__name__})"
        return None

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        """The messages in a mail, keyed as by the webhook; a malformed one if it is not understood."""
        forms = read_forms(raw, self.footer) or [{}]
        return [self._inbound(form, number, raw, received_at) for number, form in enumerate(forms)]

    def sample(self, sample: Sample) -> bytes:
        """A mail that brings a text as the gateway would, and that this reader believes."""
        mail = EmailMessage()
        mail["From"] = sender = self.senders[0]
        mail["To"] = "sms@localhost"
        mail["Subject"] = SUBJECT
        mail["Date"] = format_datetime(sample.sent_at)
        mail["Message-ID"] = f"<{secrets.token_hex(16)}@localhost>"
        if self.needs_signature:
            signer = f"dkim=pass header.d={sender.rpartition('@')[2]}"
            mail["Authentication-Results"] = f"{self.receiver or 'localhost'}; {signer}"
        form = form_of(sample, self.gateway.zone)
        mail.set_content("".join(f"{label}: {form[name]}\n" for label, name in LABELS.items()))
        return mail.as_bytes(policy=SMTP)

    def _inbound(self, form: dict[str, str], number: int, raw: bytes, received_at: datetime) -> Inbound:
        message = self.gateway.read_message(form, raw, received_at, Channel.MAIL)
        if is_whole(form) and message.date_time:
            return message
        status = message.status if is_whole(form) else MessageStatus.MALFORMED
        return replace(message, key=self._key_of_mail(raw, number), status=status)

    def _key_of_mail(self, raw: bytes, number: int) -> str:
        """The key of a message known by its mail alone, the same however often that mail comes."""
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        name = str(read_head(head[:LARGEST_HEAD]).get("Message-ID", "")).strip()
        return message_key(self.secret, "mail", name, hashlib.sha256(body).hexdigest(), str(number))


def read_head(raw: bytes) -> Message:
    """The head of a mail, whatever is in it."""
    return BytesHeaderParser().parsebytes(raw)


def author(head: Message) -> str:
    """The one address in the header From, in small letters; empty if it names none or several."""
    fields = head.get_all("From", [])
    if len(fields) != 1:
        return ""
    addresses = {address.lower() for _, address in getaddresses([str(fields[0])])}
    return addresses.pop() if len(addresses) == 1 else ""


def is_signed(head: Message, domain: str, receiver: str) -> bool:
    """Whether, by the receiving server's word, a domain or one below it has signed a mail with DKIM.

    Only the topmost word counts, which that server put there; with ``receiver``, the topmost under that name.
    """
    for header in head.get_all("Authentication-Results", []):
        name, *results = _unquoted(str(header)).split(";")
        if not receiver or name.split()[:1] == [receiver.lower()]:
            return any(_is_below(signer, domain) for signer in _signers(results))
    return False


def _signers(results: Collection[str]) -> Iterator[str]:
    for result in results:
        if re.match(r"\s*dkim\s*=\s*pass\b", result, re.IGNORECASE):
            for word in result.lower().split():
                name, _, value = word.partition("=")
                if name == "header.d":
                    yield value
                elif name == "header.i" and "@" in value:
                    yield value.partition("@")[2]


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _unquoted(field: str) -> str:
    """A header without its quotes and comments, where anybody may write anything."""
    field = _QUOTED.sub(lambda quoted: " " if quoted[1] else '"', field)
    for _ in range(DEEPEST_COMMENT):
        field = _COMMENT.sub(" ", field)
    return "" if "(" in field or '"' in field else field.lower()

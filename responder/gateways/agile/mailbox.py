"""Agile Telecom by e-mail: which mails are the gateway's, and the messages in them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from responder.core.outbound.gateway import Gateway
from responder.core.sms.message import Channel, Inbound, MessageStatus, message_key
from responder.gateways.agile.mail import is_whole, read_forms
from responder.gateways.agile.mail_bounds import LARGEST_HEAD, excess
from responder.gateways.agile.mail_origin import author, is_signed, read_head

SENDERS = ("smsin@agiletelecom.com",)
OTHER_SENDER = "it has another sender"
UNSIGNED = "it bears no signature of its sender that the receiving server has found good"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailReader:
    """Reads mails; with ``needs_signature``, only those of which the receiving server says that the sender's domain has signed them."""

    gateway: Gateway
    secret: bytes = field(repr=False)
    senders: Sequence[str] = SENDERS
    needs_signature: bool = False
    receiver: str = ""

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
        except Exception as error:  # noqa: BLE001  (the standard library's readers have more ways to fail than they tell)
            return f"its head cannot be read ({type(error).__name__})"
        return None

    def read(self, raw: bytes, received_at: datetime) -> list[Inbound]:
        """The messages in a mail, each under the key that it has by the webhook; one that is malformed if the mail is not understood."""
        return [self._inbound(form, number, raw, received_at) for number, form in enumerate(read_forms(raw) or [{}])]

    def _inbound(self, form: dict[str, str], number: int, raw: bytes, received_at: datetime) -> Inbound:
        message = self.gateway.read_inbound(form, raw, received_at, Channel.MAIL)
        if is_whole(form) and message.date_time:
            return message
        status = message.status if is_whole(form) else MessageStatus.MALFORMED
        return replace(message, key=self._key_of_mail(raw, number), status=status)

    def _key_of_mail(self, raw: bytes, number: int) -> str:
        """The key of a message that nothing but its mail tells from others: the same however often that mail is read or delivered."""
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        name = str(read_head(head[:LARGEST_HEAD]).get("Message-ID", "")).strip()
        return message_key(self.secret, "mail", name, hashlib.sha256(body).hexdigest(), str(number))

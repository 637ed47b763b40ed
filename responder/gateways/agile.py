"""Agile Telecom: inbound by form, replies by the universal send API."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from responder.core.address import canonical
from responder.core.effects import Step
from responder.core.gateway import Call, Response
from responder.core.message import KEY_LENGTH, Channel, Inbound, MessageStatus, message_key, text_for_key
from responder.core.retry import LONGEST_WAIT_S, read_retry_after
from responder.core.text import clean
from responder.core.timestamps import read_date_time
from responder.errors import PermanentError, ResponderError, TransientError, UncertainError

UNIVERSAL_URL = "https://lora-api.agiletelecom.com/api/message-server/sms/send"
LONGEST_FIELD = 64  # characters of an address or a time that are kept; no real one comes near
LONGEST_TEXT = 10_000  # characters of a text that are kept
LONGEST_REASON = 60  # characters of a reason in the gateway's words

Row = tuple[type[ResponderError], str]

HTTP: Mapping[int, Row] = {  # what a status says that is no success; one that is not here: see _failure
    301: (PermanentError, "the API has moved, check RESPONDER_AGILE_URL"),
    307: (PermanentError, "the API has moved, check RESPONDER_AGILE_URL"),
    308: (PermanentError, "the API has moved, check RESPONDER_AGILE_URL"),
    400: (PermanentError, "the request is not what the API expects"),
    401: (PermanentError, "the API key is not accepted, check RESPONDER_AGILE_API_KEY"),
    402: (PermanentError, "the credit is used up, top it up with the gateway"),
    403: (PermanentError, "this machine's address or this account is not allowed, check the allowlist in the gateway's portal"),
    404: (PermanentError, "the API is not there, check RESPONDER_AGILE_URL"),
    408: (UncertainError, "the gateway stopped waiting for the request"),  # or for something behind it: nobody can tell which
    409: (UncertainError, "the gateway knows the id of the message already"),  # so an earlier attempt may have been taken
    413: (PermanentError, "the message is too large"),
    415: (PermanentError, "the API expects another content type, check RESPONDER_AGILE_URL"),
    422: (PermanentError, "the API cannot make sense of a field"),
    429: (TransientError, "too many requests"),  # the limit stands before everything else
}
RESULT: Mapping[int, Row] = {  # what the statusCode of a result says, which was not accepted: so certainly not taken
    400: (PermanentError, "the destination or the text is not accepted"),
    401: (PermanentError, "the sender is not allowed for this destination, check RESPONDER_SENDER"),
    402: (PermanentError, "the credit is used up, top it up with the gateway"),
    403: (PermanentError, "the destination is blocked or opted out at the gateway"),
    429: (TransientError, "too many messages for the account or the route"),
    500: (TransientError, "an internal error of the gateway"),
}
CODE: Mapping[int, Row] = {  # what the code of an error says, whatever the status
    1: (PermanentError, "the credentials are not accepted, check RESPONDER_AGILE_API_KEY"),
    2: (PermanentError, "the credit is used up, top it up with the gateway"),
    4: (PermanentError, "the destination is no number"),
    6: (PermanentError, "the text is missing"),
    7: (PermanentError, "the text is too long or has characters that are not supported"),
    9: (UncertainError, "a timeout inside the gateway"),
    10: (PermanentError, "the sender is missing, check RESPONDER_SENDER"),
    11: (PermanentError, "the account is not known, check RESPONDER_AGILE_API_KEY"),
    13: (PermanentError, "the destination is missing"),
    18: (PermanentError, "the sender is wrong or not allowed, check RESPONDER_SENDER"),
    24: (PermanentError, "the text is not allowed"),
    100: (PermanentError, "this machine's address is not allowed, check the allowlist in the gateway's portal"),
}
OVERLOADED = 8  # "server error", as opposed to 9, the one whose outcome is open; with status 503 it says that nothing was begun


@dataclass(frozen=True, kw_only=True, slots=True)
class AgileTelecom:
    """Agile Telecom; without an API key its replies are simulated, without a sender they come from the number that was texted."""

    name = "agile"
    ack = b"+OK"

    secret: bytes = field(repr=False)
    zone: ZoneInfo
    api_key: str | None = field(default=None, repr=False)
    url: str = UNIVERSAL_URL
    sender: str | None = None

    def read_inbound(self, form: Mapping[str, str], raw: bytes, received_at: datetime, channel: Channel) -> Inbound:
        """The message in a form; one without originator or destination comes back as malformed."""
        fields = _fields(form)
        originator, destination = (canonical(clean(fields.get(end, ""))) for end in ("originator", "destination"))
        date_time, text = clean(fields.get("date_time", "")).strip(), clean(fields.get("text", ""))
        is_whole = bool(originator and destination)
        named_by = (destination, originator, date_time, text_for_key(text)) if is_whole else ("", *chain(*sorted(fields.items())))
        return Inbound(
            key=message_key(self.secret, *named_by) if date_time else secrets.token_hex(KEY_LENGTH // 2),
            channel=channel,
            gateway=self.name,
            originator=originator[:LONGEST_FIELD],
            destination=destination[:LONGEST_FIELD],
            text=text[:LONGEST_TEXT],
            date_time=date_time[:LONGEST_FIELD],
            sent_at=read_date_time(date_time, self.zone, received_at),
            received_at=received_at,
            raw=raw,
            status=MessageStatus.RECEIVED if is_whole else MessageStatus.MALFORMED,
        )

    def build_outbound(self, step: Step) -> Call | None:
        """The call that sends a reply; None while replies are simulated."""
        if self.api_key is None:
            return None
        message = {
            "destination": step.to,
            "sender": self.sender or step.sender,
            "body": step.content,
            "messageId": step.key,
            "enableNotification": True,
            "skipRcsOverride": True,
        }
        headers = {"content-type": "application/json", "x-api-key": self.api_key}
        return Call(url=self.url, headers=headers, body=json.dumps(message).encode())

    def read_response(self, response: Response) -> str | None:
        """The gateway's own id of the message; an error says what became of it, in our words and never in its contents."""
        answer = _read(response.body)
        results = list(_results(answer))
        if _is_success(response.status) and any(result.get("accepted") is True for result in results):
            return _id(answer)
        refused = next((result for result in results if result.get("accepted") is False), None)
        kind, why = _refusal(refused) if refused else _failure(response, answer)
        reason = f"{why} (HTTP {response.status})"
        raise TransientError(reason, retry_after_s=_retry_after(response, answer)) if kind is TransientError else kind(reason)


def _fields(form: Mapping[str, str]) -> dict[str, str]:
    """The fields by their names in small letters; of those that differ in nothing else, the first counts."""
    fields: dict[str, str] = {}
    for name, value in form.items():
        fields.setdefault(name.strip().lower(), value)
    return fields


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, cut off, or nested to do harm
        return {}
    return answer if isinstance(answer, dict) else {}


def _results(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the answer says of each message; the answer itself, where it lists nothing (the vendor's pages disagree on the form)."""
    results = answer.get("results")
    if isinstance(results, dict) and "accepted" not in results:
        results = list(results.values())
    listed = results if isinstance(results, list) else [results]
    found: list[Mapping[str, Any]] = [result for result in listed if isinstance(result, dict)]
    yield from found or [answer]


def _id(answer: Mapping[str, Any]) -> str | None:
    found = answer.get("messageId")
    return clean(found)[:LONGEST_FIELD] or None if isinstance(found, str) else None


def _refusal(result: Mapping[str, Any]) -> Row:
    """What is said of a message that was not accepted, with the gateway's reasons."""
    kind, why = RESULT.get(_number(result.get("statusCode")), (PermanentError, "the gateway did not accept the message"))
    reasons = result.get("reasons")
    words = [reason for reason in reasons if _is_plain(reason)] if isinstance(reasons, list) else []
    return kind, f"{why}: {', '.join(map(str, words))}" if words else why


def _failure(response: Response, answer: Mapping[str, Any]) -> Row:
    """What an answer says that has no word on the message itself."""
    code = _number(answer.get("code")) if answer.get("status") in ("error", "fail") else 0
    if code in CODE:
        return CODE[code]
    status = response.status
    if status == 503 and (code == OVERLOADED or "retry-after" in response.headers):
        return TransientError, "the gateway takes nothing at the moment"  # it says so itself, and means the request as a whole
    if status in HTTP:
        return HTTP[status]
    if 400 <= status < 500:
        return PermanentError, "the gateway refused the request"
    if _is_success(status):
        return UncertainError, "the gateway answered without saying whether it took the message"
    return UncertainError, "the gateway failed without saying whether it took the message"


def _retry_after(response: Response, answer: Mapping[str, Any]) -> float | None:
    """The longest wait that the gateway asks for, in a header or in its answer."""
    asked = answer.get("retryAfter")
    told = min(asked, LONGEST_WAIT_S) if isinstance(asked, int | float) and asked >= 0 else None
    return max((float(wait) for wait in (told, read_retry_after(response.headers)) if wait is not None), default=None)


def _number(value: object) -> int:
    """A code, however it is written; 0 if it is none."""
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() and len(str(value)) < 5 else 0


def _is_plain(reason: object) -> bool:
    """Whether a reason is a word or a few: nothing that could repeat a number or a text may reach a log."""
    is_word = isinstance(reason, str) and reason.isascii() and len(reason) <= LONGEST_REASON
    return is_word and all(c.isalpha() or c in " _-" for c in str(reason))

"""What becomes of a reply: one table of every answer the gateway gives, each row with its reason.

A reply was certainly not taken and may be tried again (TransientError), was refused for good (PermanentError),
nothing of ours is taken, so that the queue waits for a person (AccessError), or nobody can tell (UncertainError).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from responder.errors import AccessError, BlockedError, PermanentError, ResponderError, TransientError, UncertainError

KEY = "check RESPONDER_AGILE_API_KEY"
URL = "check RESPONDER_AGILE_URL and RESPONDER_AGILE_API"
SENDER = "check RESPONDER_SENDER"
ALLOWLIST = "check the allowlist in the gateway's portal"
CREDIT = "the credit is used up, top it up with the gateway"

OURS = "says it of us, not of the message: the next reply would hear the same"
BEFORE = "the limit stands before everything else, so nothing was begun"
ITS_OWN = "says it of this message, and would say it again"
NO_WORD = "no word on the message itself, which may have been taken before"


class Said(StrEnum):
    """Which part of an answer decides: the first of these that it has."""

    RESULT = "the result of the message has statusCode"
    CODE = "status 'error' or 'fail' with code"
    BUSY = "a time to wait, or code 8, with HTTP"
    HTTP = "HTTP"
    HUNDRED = "any other HTTP status of the hundred"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One kind of answer, what becomes of the reply, the words for an operator, and why."""

    said: Said
    number: int
    error: type[ResponderError]
    words: str
    why: str


def _row(said: Said, number: int, error: type[ResponderError], words: str, why: str) -> Row:
    return Row(said=said, number=number, error=error, words=words, why=why)


# fmt: off
TABLE = (
    _row(Said.RESULT, 0, PermanentError, "the gateway did not accept the message",
         "accepted is false, without a number that tells more"),
    _row(Said.RESULT, 400, PermanentError, "the destination or the text is not accepted", ITS_OWN),
    _row(Said.RESULT, 401, PermanentError, f"the sender is not allowed for this destination, {SENDER}",
         "other destinations may allow it"),
    _row(Said.RESULT, 402, AccessError, CREDIT, OURS),
    _row(Said.RESULT, 403, BlockedError, "the destination is blocked or opted out at the gateway",
         "the vendor says: never again"),
    _row(Said.RESULT, 429, TransientError, "too many messages for the account or the route",
         "accepted is false, and it passes"),
    _row(Said.RESULT, 500, TransientError, "an internal error of the gateway",
         "accepted is false, so it was certainly not taken"),
    _row(Said.CODE, 1, AccessError, f"the credentials are not accepted, {KEY}", OURS),
    _row(Said.CODE, 2, AccessError, CREDIT, OURS),
    _row(Said.CODE, 4, PermanentError, "the destination is no number", ITS_OWN),
    _row(Said.CODE, 6, PermanentError, "the text is missing", ITS_OWN),
    _row(Said.CODE, 7, PermanentError, "the text is too long or has characters that are not supported", ITS_OWN),
    _row(Said.CODE, 9, UncertainError, "a timeout inside the gateway", "something behind it may have gone on"),
    _row(Said.CODE, 10, PermanentError, f"the sender is missing, {SENDER}", ITS_OWN),
    _row(Said.CODE, 11, AccessError, f"the account is not known, {KEY}", OURS),
    _row(Said.CODE, 13, PermanentError, "the destination is missing", ITS_OWN),
    _row(Said.CODE, 14, PermanentError, "the API sees no message in the request, " + URL, ITS_OWN),
    _row(Said.CODE, 15, PermanentError, "the ids do not go with the destinations", ITS_OWN),
    _row(Said.CODE, 18, PermanentError, f"the sender is wrong or not allowed, {SENDER}",
         "replies from another number may be allowed"),
    _row(Said.CODE, 20, PermanentError, "the id of the request is not allowed", ITS_OWN),
    _row(Said.CODE, 21, PermanentError, "the length of the ids is not allowed", ITS_OWN),
    _row(Said.CODE, 22, PermanentError, "the header of the text is incorrect", ITS_OWN),
    _row(Said.CODE, 23, PermanentError, "the time to send at is incorrect", ITS_OWN),
    _row(Said.CODE, 24, PermanentError, "the text is not allowed", ITS_OWN),
    _row(Said.CODE, 100, AccessError, f"this machine's address is not allowed, {ALLOWLIST}", OURS),
    _row(Said.BUSY, 503, TransientError, "the gateway takes nothing at the moment",
         "it means the request as a whole, and says so itself"),
    _row(Said.HTTP, 301, AccessError, f"the API has moved, {URL}", OURS),
    _row(Said.HTTP, 307, AccessError, f"the API has moved, {URL}", OURS),
    _row(Said.HTTP, 308, AccessError, f"the API has moved, {URL}", OURS),
    _row(Said.HTTP, 400, PermanentError, "the request is not what the API expects", ITS_OWN),
    _row(Said.HTTP, 401, AccessError, f"the API key is not accepted, {KEY}", OURS),
    _row(Said.HTTP, 402, AccessError, CREDIT, OURS),
    _row(Said.HTTP, 403, AccessError, f"this machine's address or this account is not allowed, {ALLOWLIST}", OURS),
    _row(Said.HTTP, 404, AccessError, f"the API is not there, {URL}",
         "a wrong host or path says it, or an account of another kind"),
    _row(Said.HTTP, 405, AccessError, f"the API takes no messages there, {URL}", OURS),
    _row(Said.HTTP, 408, UncertainError, "the gateway stopped waiting for the request",
         "or for something behind it: nobody can tell which"),
    _row(Said.HTTP, 409, UncertainError, "the gateway knows the id of the message already",
         "so an earlier attempt may have been taken"),
    _row(Said.HTTP, 410, AccessError, f"the API is no longer there, {URL}", OURS),
    _row(Said.HTTP, 413, PermanentError, "the message is too large", ITS_OWN),
    _row(Said.HTTP, 415, AccessError, f"the API expects another content type, {URL}", OURS),
    _row(Said.HTTP, 422, PermanentError, "the API cannot make sense of a field", ITS_OWN),
    _row(Said.HTTP, 429, TransientError, "too many requests", BEFORE),
    _row(Said.HUNDRED, 2, UncertainError, "the gateway answered without saying whether it took the message", NO_WORD),
    _row(Said.HUNDRED, 3, UncertainError, "the gateway points elsewhere without saying whether it took the message",
         NO_WORD),
    _row(Said.HUNDRED, 4, PermanentError, "the gateway refused the request",
         "the vendor says of none of these to try again"),
    _row(Said.HUNDRED, 5, UncertainError, "the gateway failed without saying whether it took the message", NO_WORD),
)
# fmt: on

ROWS: Mapping[tuple[Said, int], Row] = {(row.said, row.number): row for row in TABLE}

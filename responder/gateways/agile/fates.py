"""What becomes of a reply: one table of every answer the gateway gives, each row with its reason.

A reply was certainly not taken and may be tried again (TransientError), was refused for good (PermanentError),
nothing of ours is taken, so that the queue waits for a person (AccessError), or nobody can tell (UncertainError).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from responder.core.contact.reasons import Reason, because
from responder.errors import AccessError, BlockedError, PermanentError, ResponderError, TransientError, UncertainError

KEY = because("check", setting="RESPONDER_AGILE_API_KEY")
URL = because("check_both", one="RESPONDER_AGILE_URL", other="RESPONDER_AGILE_API")
SENDER = because("check", setting="RESPONDER_SENDER")
ALLOWLIST = because("check_allowlist")
CREDIT = because("credit_used_up")

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
    words: Reason
    why: str


def _row(
    said: Said, number: int, error: type[ResponderError], words: Reason, why: str, remedy: Reason | None = None
) -> Row:
    told = because("with_remedy", words=words, remedy=remedy) if remedy else words
    return Row(said=said, number=number, error=error, words=told, why=why)


# fmt: off
TABLE = (
    _row(Said.RESULT, 0, PermanentError, because("not_accepted"),
         "accepted is false, without a number that tells more"),
    _row(Said.RESULT, 400, PermanentError, because("number_or_text_refused"), ITS_OWN),
    _row(Said.RESULT, 401, PermanentError, because("sender_not_allowed_there"),
         "other destinations may allow it", SENDER),
    _row(Said.RESULT, 402, AccessError, CREDIT, OURS),
    _row(Said.RESULT, 403, BlockedError, because("blocked_there"), "the vendor says: never again"),
    _row(Said.RESULT, 429, TransientError, because("too_many_for_route"), "accepted is false, and it passes"),
    _row(Said.RESULT, 500, TransientError, because("internal_error"),
         "accepted is false, so it was certainly not taken"),
    _row(Said.CODE, 1, AccessError, because("credentials_refused"), OURS, KEY),
    _row(Said.CODE, 2, AccessError, CREDIT, OURS),
    _row(Said.CODE, 4, PermanentError, because("no_number"), ITS_OWN),
    _row(Said.CODE, 6, PermanentError, because("no_text"), ITS_OWN),
    _row(Said.CODE, 7, PermanentError, because("bad_text"), ITS_OWN),
    _row(Said.CODE, 9, UncertainError, because("gateway_timeout"), "something behind it may have gone on"),
    _row(Said.CODE, 10, PermanentError, because("no_sender"), ITS_OWN, SENDER),
    _row(Said.CODE, 11, AccessError, because("unknown_account"), OURS, KEY),
    _row(Said.CODE, 13, PermanentError, because("no_destination"), ITS_OWN),
    _row(Said.CODE, 14, PermanentError, because("no_message_seen"), ITS_OWN, URL),
    _row(Said.CODE, 15, PermanentError, because("ids_do_not_fit"), ITS_OWN),
    _row(Said.CODE, 18, PermanentError, because("sender_wrong"),
         "replies from another number may be allowed", SENDER),
    _row(Said.CODE, 20, PermanentError, because("request_id_refused"), ITS_OWN),
    _row(Said.CODE, 21, PermanentError, because("id_length_refused"), ITS_OWN),
    _row(Said.CODE, 22, PermanentError, because("text_header_wrong"), ITS_OWN),
    _row(Said.CODE, 23, PermanentError, because("send_time_wrong"), ITS_OWN),
    _row(Said.CODE, 24, PermanentError, because("text_not_allowed"), ITS_OWN),
    _row(Said.CODE, 100, AccessError, because("address_not_allowed"), OURS, ALLOWLIST),
    _row(Said.BUSY, 503, TransientError, because("gateway_busy"),
         "it means the request as a whole, and says so itself"),
    _row(Said.HTTP, 301, AccessError, because("api_moved"), OURS, URL),
    _row(Said.HTTP, 307, AccessError, because("api_moved"), OURS, URL),
    _row(Said.HTTP, 308, AccessError, because("api_moved"), OURS, URL),
    _row(Said.HTTP, 400, PermanentError, because("request_unexpected"), ITS_OWN),
    _row(Said.HTTP, 401, AccessError, because("key_refused"), OURS, KEY),
    _row(Said.HTTP, 402, AccessError, CREDIT, OURS),
    _row(Said.HTTP, 403, AccessError, because("address_or_account_refused"), OURS, ALLOWLIST),
    _row(Said.HTTP, 404, AccessError, because("api_not_there"),
         "a wrong host or path says it, or an account of another kind", URL),
    _row(Said.HTTP, 405, AccessError, because("api_takes_none"), OURS, URL),
    _row(Said.HTTP, 408, UncertainError, because("gateway_stopped_waiting"),
         "or for something behind it: nobody can tell which"),
    _row(Said.HTTP, 409, UncertainError, because("id_known_already"), "so an earlier attempt may have been taken"),
    _row(Said.HTTP, 410, AccessError, because("api_gone"), OURS, URL),
    _row(Said.HTTP, 413, PermanentError, because("message_too_large"), ITS_OWN),
    _row(Said.HTTP, 415, AccessError, because("other_content_type"), OURS, URL),
    _row(Said.HTTP, 422, PermanentError, because("field_senseless"), ITS_OWN),
    _row(Said.HTTP, 429, TransientError, because("too_many_requests"), BEFORE),
    _row(Said.HUNDRED, 2, UncertainError, because("answered_otherwise"), NO_WORD),
    _row(Said.HUNDRED, 3, UncertainError, because("points_elsewhere"), NO_WORD),
    _row(Said.HUNDRED, 4, PermanentError, because("request_refused"),
         "the vendor says of none of these to try again"),
    _row(Said.HUNDRED, 5, UncertainError, because("gateway_failed"), NO_WORD),
)
# fmt: on

ROWS: Mapping[tuple[Said, int], Row] = {(row.said, row.number): row for row in TABLE}

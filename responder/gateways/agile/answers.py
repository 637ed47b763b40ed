"""What the gateway's answers to a text mean, in a table: which fates there are, and what it says of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from responder.core.contact.reasons import Reason, because
from responder.core.outbound.fates import LONGEST_WAIT_S, read_retry_after
from responder.core.outbound.gateway import Response, Taken
from responder.errors import AccessError, BlockedError, PermanentError, ResponderError, TransientError, UncertainError
from responder.gateways.agile.messages import Api, as_mapping, identifier, loads, number, plain_words, send_url

KEY = because("check", setting="RESPONDER_AGILE_API_KEY")
URL = because("check_both", one="RESPONDER_AGILE_URL", other="RESPONDER_AGILE_API")
SENDER = because("check", setting="RESPONDER_SENDER")
ALLOWLIST = because("check_allowlist")
CREDIT = because("credit_used_up")

OURS = "says it of us, not of the message: the next reply would hear the same"
BEFORE = "the limit stands before everything else, so nothing was begun"
ITS_OWN = "says it of this message, and would say it again"
NO_WORD = "no word on the message itself, which may have been taken before"
OVERLOADED = 8  # "server error", as opposed to 9, the one whose outcome is open
JSEND = ("error", "fail")
NEWER, OLDER = "/message-server/sms", "/services/sms"  # the newer API asks for its credit in the older way
LARGEST = Decimal(1_000_000_000)  # a number beyond is no credit


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


def read_response(response: Response) -> Taken:
    """What the gateway says of a message that it took; otherwise an error, in our words only."""
    answer = _unwrapped(as_mapping(loads(response.body)))
    results = list(_results(answer))
    accepted = next((result for result in results if result.get("accepted") is True), None)
    if _is_success(response.status) and (accepted is not None or _is_processed(answer)):
        result = accepted or answer
        theirs = identifier(answer.get("messageId")) or identifier(result.get("id"))
        return Taken(
            gateway_id=theirs, segments=number(result.get("parts")) or number(answer.get("processedSmsParts")) or None
        )
    refused = next((result for result in results if result.get("accepted") is False), None)
    row = _row_of(response, answer, refused)
    reason = because("gateway_said", words=row.words, reasons=_reasons(refused), status=response.status)
    if row.error is TransientError:
        raise TransientError(reason, retry_after_s=_retry_after(response, answer))
    raise row.error(reason)


def _unwrapped(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer, with what JSend wraps into ``data``."""
    return {**as_mapping(answer.get("data")), **answer}


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _results(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The result for each message, or the answer itself if it lists none: the vendor's pages disagree."""
    results = answer.get("results")
    if isinstance(results, dict) and "accepted" not in results:
        results = list(results.values())
    listed = results if isinstance(results, list) else [results]
    found: list[Mapping[str, Any]] = [result for result in listed if isinstance(result, dict)]
    yield from found or [answer]


def _is_processed(answer: Mapping[str, Any]) -> bool:
    return "results" not in answer and "accepted" not in answer and (number(answer.get("processedMessages")) or 0) > 0


def _row_of(response: Response, answer: Mapping[str, Any], refused: Mapping[str, Any] | None) -> Row:
    """The first row that applies; each hundred of statuses has one for all that no other row names."""
    status = response.status
    if refused is not None and (code := number(refused.get("statusCode"))):
        return ROWS.get((Said.RESULT, code), ROWS[Said.RESULT, 0])
    code = number(answer.get("code")) if answer.get("status") in JSEND else None
    is_busy = code == OVERLOADED or "retry-after" in response.headers
    last = (Said.HUNDRED, status // 100) if refused is None else (Said.RESULT, 0)
    tried = ((Said.CODE, code or 0), (Said.BUSY, status if is_busy else 0), (Said.HTTP, status), last)
    return next((ROWS[said] for said in tried if said in ROWS), ROWS[Said.HUNDRED, 5])


def _reasons(refused: Mapping[str, Any] | None) -> str:
    reasons = refused.get("reasons") if refused else None
    words = ", ".join(filter(None, map(plain_words, reasons))) if isinstance(reasons, list) else ""
    return f": {words}" if words else ""


def _retry_after(response: Response, answer: Mapping[str, Any]) -> float | None:
    """The longest wait that the gateway asks for, in a header or in its answer."""
    wait = answer.get("retryAfter")
    in_body = min(wait, LONGEST_WAIT_S) if isinstance(wait, int | float) and wait >= 0 else None
    return max(
        (float(wait) for wait in (in_body, read_retry_after(response.headers)) if wait is not None), default=None
    )


def credit_url(api: Api, given: str | None) -> str:
    """Where to ask for the credit: beside the address that sends.

    >>> credit_url(Api.UNIVERSAL, None)
    'https://lora-api.agiletelecom.com/api/services/sms/credit'
    >>> credit_url(Api.LEGACY, "https://secure.agiletelecom.com")
    'https://secure.agiletelecom.com/services/sms/credit'
    """
    beside = send_url(api, given).removesuffix("/send")
    if beside.endswith(NEWER):
        beside = beside.removesuffix(NEWER) + OLDER
    return f"{beside}/credit"


def read_credit(response: Response) -> Decimal:
    """The credit in an answer, in euros; an error says in our words why there is none."""
    answer = _unwrapped(as_mapping(loads(response.body)))
    if _is_success(response.status):
        amount = _amount(answer.get("credit"))
        if amount is None:
            raise PermanentError(because("credit_unreadable", status=response.status))
        return amount
    row = _row_of(response, answer, None)
    if row.error is AccessError:
        raise AccessError(because("gateway_said", words=row.words, reasons="", status=response.status))
    raise TransientError(because("credit_untold", status=response.status))


def _amount(value: object) -> Decimal | None:
    """A number, even written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST else None

"""Reads the answers of both APIs: to a send, and to a request for the credit left."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from responder.core.contact.reasons import because
from responder.core.outbound.gateway import Response, Taken
from responder.core.outbound.retry import LONGEST_WAIT_S, read_retry_after
from responder.errors import AccessError, PermanentError, TransientError
from responder.gateways.agile.fates import ROWS, Row, Said
from responder.gateways.agile.outbound import Api, send_url
from responder.gateways.agile.values import as_mapping, identifier, loads, number, plain_words

OVERLOADED = 8  # "server error", as opposed to 9, the one whose outcome is open
JSEND = ("error", "fail")
NEWER, OLDER = "/message-server/sms", "/services/sms"  # the newer API asks for its credit in the older way
LARGEST = Decimal(1_000_000_000)  # a number beyond is no credit


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
    """Whether an HTTP status is one of the hundred that say yes."""
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
    """Whether the legacy API says by a count alone that it took the message."""
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
    """The gateway's reasons for a refusal, to end our own with."""
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

"""The credit that is left: where to ask for it, and how to read the answer."""

from decimal import Decimal, InvalidOperation

from responder.core.outbound.gateway import Response
from responder.errors import AccessError, PermanentError, TransientError
from responder.gateways.agile.answers import is_success, row_of, unwrapped
from responder.gateways.agile.outbound import Api, send_url
from responder.gateways.agile.values import as_mapping, loads

NEWER, OLDER = "/message-server/sms", "/services/sms"  # the newer API asks for its credit in the older way
LARGEST = Decimal(1_000_000_000)  # a number beyond is no credit


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
    answer = unwrapped(as_mapping(loads(response.body)))
    if is_success(response.status):
        amount = _amount(answer.get("credit"))
        if amount is None:
            raise PermanentError(f"the answer has no credit in a form that is known (HTTP {response.status})")
        return amount
    row = row_of(response, answer, None)
    if row.error is AccessError:
        raise AccessError(f"{row.words} (HTTP {response.status})")
    raise TransientError(f"the gateway does not tell it (HTTP {response.status})")


def _amount(value: object) -> Decimal | None:
    """A number, even written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST else None

"""Who sent a mail, as far as its head can be believed."""

import re
from collections.abc import Collection, Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(
    r'"(?:[^"\\]|\\.?)*+("|\Z)', re.DOTALL
)  # one that is open reaches to the end, so that nothing is looked at twice
DEEPEST_COMMENT = 5


def read_head(raw: bytes) -> Message:
    """The head of a mail, whatever is in it."""
    return BytesHeaderParser().parsebytes(raw)


def author(head: Message) -> str:
    """The one address that the header From names, in small letters; nothing if it names none or several."""
    fields = head.get_all("From", [])
    if len(fields) != 1:
        return ""
    addresses = {address.lower() for _, address in getaddresses([str(fields[0])])}
    return addresses.pop() if len(addresses) == 1 else ""


def is_signed(head: Message, domain: str, receiver: str) -> bool:
    """Whether the receiving server says that a mail bears a good DKIM signature of a domain, or of one below it.

    Only the topmost word counts, which the receiving server has put there; with ``receiver``, the topmost under that name.
    """
    for field in head.get_all("Authentication-Results", []):
        name, *results = _unquoted(str(field)).split(";")
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
    """A header without what is quoted or commented, where anybody's words may stand."""
    field = _QUOTED.sub(lambda quoted: " " if quoted[1] else '"', field)
    for _ in range(DEEPEST_COMMENT):
        field = _COMMENT.sub(" ", field)
    return "" if "(" in field or '"' in field else field.lower()

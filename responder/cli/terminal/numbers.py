"""What commands about people share: the number as an operator types it, and who the operator is."""

import getpass

from responder.core.sms.address import number_from
from responder.errors import ConfigurationError
from responder.settings.model import load_settings
from responder.wiring import read_rules_in_force


async def read_number(typed: str) -> str:
    """The number that is meant, in E.164; without a plus it is one of the rules file's country. Raises ConfigurationError."""
    try:
        return number_from(typed, "" if typed.startswith("+") else await _country())
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


async def _country() -> str:
    return (await read_rules_in_force(load_settings())).country


def operator_name() -> str:
    """Whom the ledger names for what is done by hand: the user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"

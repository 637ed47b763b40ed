"""Asking the gateway how much credit is left: one worker does, every five minutes."""

import logging

from responder.core.gateway import Gateway
from responder.core.ports import Client, Clock
from responder.errors import AccessError, PermanentError, TransientError, UncertainError
from responder.store.credits import claim_question, forget_credits, note_credit, note_no_credit
from responder.store.database import Database

logger = logging.getLogger(__name__)


class CreditQuestion:
    """Asks for the credit; a failure is kept for those who look, and logged when it is a new one."""

    def __init__(self, *, database: Database, gateway: Gateway, client: Client, clock: Clock) -> None:
        self._database = database
        self._gateway = gateway
        self._client = client
        self._clock = clock
        self._failure: str | None = None

    async def once(self) -> None:
        """Ask, if it is time. Raises StorageError."""
        call, name = self._gateway.build_credit(), self._gateway.name
        if call is None:
            await forget_credits(self._database)
            return
        if not await claim_question(self._database, name, self._clock()):
            return
        try:
            amount = self._gateway.read_credit(await self._client.get(call))
        except (TransientError, PermanentError, AccessError, UncertainError) as error:
            await self._fail(str(error))
            return
        except Exception as error:  # noqa: BLE001  (whatever a system of somebody else's answers)
            await self._fail(f"its answer cannot be read ({type(error).__name__})")
            return
        await note_credit(self._database, name, amount, self._clock())
        self._failure = None

    async def _fail(self, failure: str) -> None:
        if failure != self._failure:
            logger.warning("the gateway does not tell the credit gateway=%s reason=%s", self._gateway.name, failure)
        self._failure = failure
        await note_no_credit(self._database, self._gateway.name, failure, self._clock())

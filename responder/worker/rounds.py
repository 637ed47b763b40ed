"""What is done again and again beside the jobs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from responder.errors import StorageError

logger = logging.getLogger(__name__)


async def rounds(name: str, every_s: float, once: Callable[[], Awaitable[None]]) -> None:
    """Do something every so many seconds, until cancelled; what fails is tried again in the next round, and told when it begins to fail."""
    is_failing = False
    while True:
        try:
            await once()
            is_failing = False
        except StorageError as error:
            if not is_failing:
                logger.warning("%s failed, it is tried again every %.0f s reason=%s", name, every_s, error)
            is_failing = True
        except Exception:
            if not is_failing:
                logger.exception("%s failed, it is tried again every %.0f s", name, every_s)
            is_failing = True
        await asyncio.sleep(every_s)

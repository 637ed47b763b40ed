"""What needs a person: messages that failed, and a gateway whose clock is off."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from responder.store.inbox.inbox import GIVE_UP_AFTER
from responder.wiring import Store
from tests.builders import inbound
from tests.conftest import StandingClock

DEATHS = [f"{GIVE_UP_AFTER} workers died while they handled it"] * 2
ROME = ZoneInfo("Europe/Rome")


async def fail(store: Store, *reasons: str) -> None:
    """Let a message come in for each reason, and fail."""
    for reason in reasons:
        message = inbound()
        await store.inbox.add([message], {})
        await store.inbox.fail(message.key, reason, message.received_at)


async def arrive(store: Store, clock: StandingClock, *offsets_s: float) -> None:
    """Let texts come in, each so many seconds after the time that the gateway, in Rome, gives them."""
    for offset_s in offsets_s:
        sent = clock() - timedelta(seconds=offset_s)
        date_time = sent.astimezone(ROME).strftime("%Y%m%d%H%M%S")
        await store.inbox.add([inbound(sent=sent, received=clock(), date_time=date_time)], {})

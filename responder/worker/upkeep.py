"""A worker's periodic work: housekeeping, gateway credit, alerts."""

import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from responder.core.outbound.gateway import Bell, Client, Clock
from responder.core.rules.rules import Rules
from responder.settings.model import Settings
from responder.settings.urls import place_of
from responder.wiring import Store, mail_server, make_gateway
from responder.worker.alerts import AlertWatch, Mailer
from responder.worker.housekeeping import CreditQuestion, Housekeeping, rounds

LOOK_EVERY_S = 10.0
MAIL_EVERY_S = 5.0
CREDIT_EVERY_S = 20.0  # whether it is time to ask


def periodic_work(
    settings: Settings, store: Store, client: Client, bell: Bell, rules: Callable[[], Rules], clock: Clock
) -> Sequence[Coroutine[Any, Any, None]]:
    """The periodic work, each in a coroutine that runs until cancelled, so that none waits for another."""
    housekeeping = Housekeeping(store=store, retention_days=settings.retention_days, clock=clock, rules=rules)
    credit = CreditQuestion(
        database=store.database, gateway=make_gateway(settings, store.secret), client=client, clock=clock
    )
    server = None if settings.shadow else mail_server(settings)
    alerts = AlertWatch(
        store=store,
        rules=rules,
        bell=bell,
        clock=clock,
        host=socket.gethostname(),
        is_mailing=server is not None,
        mailbox=place_of(settings.imap_url),
        zone=settings.gateway_timezone,
    )
    mailing = (
        [rounds("alert mails", MAIL_EVERY_S, Mailer(database=store.database, post=server, clock=clock).once)]
        if server
        else []
    )
    return (
        *mailing,
        housekeeping.run(),
        rounds("credit", CREDIT_EVERY_S, credit.once),
        rounds("alerts", LOOK_EVERY_S, alerts.once),
    )

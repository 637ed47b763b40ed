"""The mail process: takes messages in from the mailbox, and does nothing else with them."""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
from dataclasses import replace

from responder.errors import StorageError
from responder.intake import Intake
from responder.jobs import ArqBell, connect
from responder.mail.account import Account, Tries, account_of, reader_of
from responder.mail.mailbox import Mailbox
from responder.mail.watch import Watch
from responder.processes.children import watch_parent
from responder.processes.memory import collect_rarely
from responder.processes.tasks import Beside
from responder.settings.model import Settings
from responder.store.operations.sources import forget_mailbox, report_mailbox
from responder.wiring import Store, open_store, redis_url, utc_now, watch_secret

BELL_TIMEOUT_S = 1.0
REPORT_EVERY_S = 3.0
FINISH_S = 20.0  # for commits under way when the process has to stop

logger = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Take mails in until told to stop. Raises ConfigurationError or StorageError if it cannot start."""
    account = account_of(settings)
    url = redis_url(settings)
    async with open_store(settings) as store:
        bell = ArqBell(connect(url, timeout_s=BELL_TIMEOUT_S))
        intake = Intake(store.inbox, bell)
        watch = make_watch(settings, account, store, intake)
        collect_rarely()
        beside = Beside(watch.stop)
        taking, *_ = beside.start(intake.run(), bell.run(), _report(store, account, watch), watch_secret(store))
        with contextlib.ExitStack() as stack:
            _stop_on_signals(watch, stack)
            logger.info("mail starts place=%s", account.url.place)
            try:
                await watch.run()
            finally:
                intake.close()
                await asyncio.wait([taking], timeout=FINISH_S)
                await beside.end()
                await bell.close()
        beside.raise_death()


def make_watch(settings: Settings, account: Account, store: Store, intake: Intake) -> Watch:
    return Watch(
        open_mailbox=lambda stopping: Mailbox(account, stopping),
        reader=reader_of(settings, store.secret),
        intake=intake,
        tries=Tries(store.database, account.url.place),
        clock=utc_now,
    )


def _stop_on_signals(watch: Watch, stack: contextlib.ExitStack) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watch.stop)
        stack.callback(loop.remove_signal_handler, number)
    watch_parent(watch.stop)


async def _report(store: Store, account: Account, watch: Watch) -> None:
    """Report the intake's state every few seconds, at once when it changes, and its end."""
    name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        while True:
            # before the report, so that no change is missed
            changed = asyncio.create_task(watch.changed(REPORT_EVERY_S))
            with contextlib.suppress(StorageError):  # the next report follows; others say that the database is away
                report = replace(watch.status, name=name, place=account.url.place)
                await report_mailbox(store.database, report, utc_now())
            await changed
    finally:
        with contextlib.suppress(StorageError):
            await asyncio.shield(forget_mailbox(store.database, name))

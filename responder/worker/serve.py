"""The worker process: handles what came in, and carries out what follows."""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from responder.clients.http import HttpClient
from responder.core.operations.troubles import SEEN_WITHIN
from responder.core.outbound.gateway import Clock, Job
from responder.core.rules.rules import Rules
from responder.core.rules.sections import Event
from responder.errors import StorageError, TransientError
from responder.jobs import JOB_OF, ArqBell, JobBody, NearBell, connect, redis_policy
from responder.pace import Pace
from responder.processes.children import watch_parent
from responder.processes.memory import collect_rarely
from responder.processes.tasks import Beside
from responder.rulefile.in_force import RulesInForce
from responder.settings.model import Settings
from responder.store.base.database import Database
from responder.store.inbox.commit import Commits
from responder.store.outbound.holds import lift_hold
from responder.store.queue.entering import put_hearers
from responder.version import full_version
from responder.wiring import Store, make_gateway, open_rules, open_store, redis_url, utc_now, watch_secret
from responder.worker.delivery import Deliverer, Ways
from responder.worker.handling import Handler
from responder.worker.supervisor import FINISH_S, Supervisor, Sweep, arq_worker, job_bodies
from responder.worker.upkeep import periodic_work
from responder.worker.waiting import Awaiting, Reminders
from responder.worker.webhooks import Webhooks

POLL_TIMEOUT_S = 2.0  # a Redis that is frozen for longer counts as lost
BELL_TIMEOUT_S = 1.0
REPORT_EVERY_S = 3.0
FIRST_REPORT_S = 0.5  # a Redis that is away by then is reported as away
POLICY = "noeviction"

logger = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Work until told to stop. Raises ConfigurationError and RulesError, and StorageError at the start."""
    url = redis_url(settings)
    name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
    async with open_store(settings) as store, HttpClient(allow_private=settings.allow_private_webhooks) as client:
        in_force = await open_rules(settings, store, decides=True)
        await lift_hold(store.database, utc_now())
        notified = NotifiedWebhooks(store.database, in_force.rules)
        await notified.keep()
        bell = ArqBell(connect(url, timeout_s=BELL_TIMEOUT_S))
        near = NearBell(bell)
        pace = make_pace(url, settings, store)
        bodies, sweep = make_jobs(settings, store, client, near, pace, in_force.rules, utc_now)
        near.open({job: bodies[job] for job in (*JOB_OF.values(), Job.REMINDERS)})
        collect_rarely()
        supervisor = Supervisor(lambda: arq_worker(connect(url, timeout_s=POLL_TIMEOUT_S), bodies, sweep, name))
        with contextlib.ExitStack() as stack:
            stop = _stopping(near, supervisor, stack)
            signs = SignsOfLife(store=store, name=name, in_force=in_force, supervisor=supervisor, notified=notified)
            forget = (supervisor.forget_times, pace.forget)
            works = (
                bell.run(),
                signs.run(),
                in_force.watch(signs.send),
                _check_policy(bell),
                watch_secret(store),
                *periodic_work(settings, store, client, bell, in_force.rules, utc_now, forget),
            )
            beside = Beside(stop)
            beside.start(*works)
            try:
                await supervisor.run()
            finally:
                await near.finish(FINISH_S)
                await beside.end()
                with contextlib.suppress(StorageError):
                    await store.installation.forget_worker(name)
                await bell.close()
                await pace.close()
            beside.raise_death()


def make_jobs(
    settings: Settings,
    store: Store,
    client: HttpClient,
    bell: NearBell,
    pace: Pace,
    rules: Callable[[], Rules],
    clock: Clock,
) -> tuple[dict[str, JobBody], JobBody]:
    """The jobs of a worker by name, and its sweep."""
    database = store.database
    commits = Commits(database, store.secret)
    handler = Handler(
        database=database, inbox=store.inbox, commits=commits, secret=store.secret, bell=bell, rules=rules, clock=clock
    )
    awaiting = Awaiting(database=database, rules=rules, bell=bell, clock=clock)
    deliverer = Deliverer(
        steps=store.steps,
        ways=Ways(gateway=make_gateway(settings, store.secret), client=client, pace=pace, rules=rules),
        webhooks=Webhooks(database=database, client=client, rules=rules, clock=clock, awaiting=awaiting),
        bell=bell,
        clock=clock,
        is_simulating=not settings.provider.sends,
        is_shadow=settings.shadow,
    )
    reminders = Reminders(
        database=database, rules=rules, bell=bell, clock=clock, sender=settings.sender, secret=store.secret
    )
    sweep = Sweep(
        database=database,
        inbox=store.inbox,
        reports=store.reports,
        bell=bell.far,  # for any worker: what it finds may be more than one can do
        clock=clock,
        rules=rules,
        reminders=reminders,
        awaiting=awaiting,
    )
    return job_bodies(handler, deliverer, reminders), sweep.sweep


def make_pace(url: str, settings: Settings, store: Store) -> Pace:
    """The pace of texts, shared by all workers that are alive."""

    async def count_workers() -> int:
        return len(await store.installation.live_workers(utc_now() - SEEN_WITHIN))

    return Pace(url, settings.send_rate, count_workers)


def _stopping(near: NearBell, supervisor: Supervisor, stack: contextlib.ExitStack) -> Callable[[], None]:
    """Stops when the process is told to, and when it is called."""

    def stop() -> None:
        near.close()
        supervisor.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
        stack.callback(loop.remove_signal_handler, number)
    watch_parent(stop)
    return stop


@dataclass
class NotifiedWebhooks:
    """Stores which webhooks hear of deliveries, whenever the rules in force change that."""

    database: Database
    rules: Callable[[], Rules]
    _kept: frozenset[str] | None = field(init=False, default=None)

    async def keep(self) -> None:
        notified = self.rules().webhooks_for(Event.DELIVERY_CHANGED)
        if notified != self._kept:
            await put_hearers(self.database, notified)
            self._kept = notified


@dataclass(kw_only=True)
class SignsOfLife:
    """Reports every few seconds, and when Redis is lost or found, that the worker is alive."""

    store: Store
    name: str
    in_force: RulesInForce
    supervisor: Supervisor
    notified: NotifiedWebhooks

    async def run(self) -> None:
        """Report until cancelled; at first as soon as Redis answers, so that one report says that we are ready."""
        await self._changed(within_s=FIRST_REPORT_S, reported=False)
        while True:
            reported = self.supervisor.has_redis
            await self.send()
            await self._changed(within_s=REPORT_EVERY_S, reported=reported)

    async def _changed(self, *, within_s: float, reported: bool) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.supervisor.changed(reported=reported), within_s)

    async def send(self) -> None:
        rules = self.in_force.status()
        with contextlib.suppress(StorageError):  # there is a next report, and others log that the database is away
            await self.store.installation.report_worker(
                self.name,
                rules.hash,
                utc_now(),
                has_redis=self.supervisor.has_redis,
                rules_are_ok=rules.is_ok,
                version=full_version(),
            )
            await self.notified.keep()


async def _check_policy(bell: ArqBell) -> None:
    """Warn of a Redis that evicts jobs when it is full: nothing would be lost, but everything late."""
    with contextlib.suppress(TransientError):
        policy = await redis_policy(bell.redis)
        if policy != POLICY:
            logger.warning(
                "redis evicts jobs when it is full, set its maxmemory-policy to %s policy=%s", POLICY, policy
            )

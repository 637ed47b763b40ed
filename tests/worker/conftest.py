"""A worker's parts on a store of each kind, with a bell that remembers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from arq.connections import ArqRedis
from sqlalchemy import Table, select
from sqlalchemy.engine import Row

from responder.core.outbound.gateway import Job
from responder.core.rules.rules import Rules
from responder.core.sms.message import Inbound
from responder.jobs import connect
from responder.rulefile import read_rules
from responder.store.base.tables import metadata
from responder.store.inbox.commit import Commits
from responder.wiring import Store
from responder.worker.handling import Handler
from tests.conftest import StandingClock
from tests.worker.own_redis import OwnRedis

TABLES = metadata.tables

RULES = """
version: 1
languages: [en, it]
lists:
  news: {title: Weekly news}
  offers: {title: Offers}
webhooks:
  crm: {url: "https://crm.example.com/hook"}
rules:
  - name: news-on
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome to {{ list.title }}."
      - webhook: crm
  - name: news-off
    when: {text: News OFF}
    then:
      - unsubscribe: news
      - reply: "You left {{ list.title }}."
  - name: offers-on
    when: {text: Offers ON}
    then:
      - subscribe: offers
  - name: yes
    when: {answer: confirm}
    then:
      - appointment: confirm
      - reply: "See you at {{ appointment.starts_at | time }}."
  - name: "no"
    when: {answer: cancel}
    then:
      - appointment: cancel
  - name: name
    when: {starts_with: my name is}
    then:
      - set: {name: "{{ rest }}"}
      - reply: "Hello {{ rest }}."
fallback:
  then:
    - hand_off: unrecognised
"""


class RememberingBell:
    """Remembers what it was rung for."""

    def __init__(self) -> None:
        self.rings: list[Job] = []

    def ring(self, job: Job) -> None:
        self.rings.append(job)


@dataclass(repr=False)  # asyncio's runner makes the repr of what a fixture gives, and that of rules is a megabyte
class Work:
    """A worker's handler on a store, and short ways to look at what it did."""

    store: Store
    clock: StandingClock
    rules: Rules
    bell: RememberingBell = field(default_factory=RememberingBell)

    def handler(self, commits: Commits | None = None) -> Handler:
        return Handler(
            database=self.store.database,
            inbox=self.store.inbox,
            commits=commits or Commits(self.store.database, self.store.secret),
            secret=self.store.secret,
            bell=self.bell,
            rules=lambda: self.rules,
            clock=self.clock,
        )

    async def receive(self, *inbound: Inbound) -> None:
        for message in inbound:
            await self.store.inbox.add([message], {})

    async def handle(self, *inbound: Inbound) -> None:
        await self.receive(*inbound)
        await self.handler().handle()

    async def rows(self, table: str, *order: str) -> Sequence[Row[Any]]:
        chosen: Table = TABLES[table]
        async with self.store.database.read() as connection:
            return (await connection.execute(select(chosen).order_by(*(chosen.c[name] for name in order)))).all()

    async def lists_of(self, originator: str) -> dict[str, str]:
        return {
            row.list: row.status for row in await self.rows("subscriptions", "list") if row.originator == originator
        }

    async def replies(self) -> list[str]:
        return [row.content for row in await self.rows("steps", "seq") if row.kind == "reply"]

    async def decided(self) -> list[tuple[str, str, str | None]]:
        return [(row.text, row.status, row.rule) for row in await self.rows("messages", "seq")]


@pytest.fixture
def work(store: Store, clock: StandingClock) -> Work:
    return Work(store=store, clock=clock, rules=read_rules(RULES, "rules.yaml", {}))


@pytest.fixture
async def redis(redis_socket: str) -> AsyncIterator[ArqRedis]:
    """The Redis of the whole run, emptied."""
    redis = connect(redis_socket, timeout_s=1)
    await redis.flushall()
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.fixture
async def own_redis() -> AsyncIterator[OwnRedis]:
    """A Redis of the test's own, to kill and to freeze."""
    server = OwnRedis()
    yield server
    await server.remove()

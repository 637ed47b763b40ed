"""A worker's reports: they also bring other processes the rules in force."""

import os
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import insert, text

from responder.core.contact.effects import StepKind, StepStatus
from responder.core.outbound.fates import Report, Reported
from responder.rulefile.in_force import RulesInForce
from responder.store.base.history import RuleVersions
from responder.store.base.tables import steps
from responder.store.outbound.claims import Fate
from responder.store.queue.entering import step_rows
from responder.worker.serve import NotifiedWebhooks, SignsOfLife
from responder.worker.supervisor import Supervisor
from tests.builders import reply_step
from tests.conftest import NOON
from tests.worker.conftest import Work

QUIET = "version: 1\nwebhooks: {ops: {url: https://ops.example.com/in}}\n"
ASKING = "version: 1\nwebhooks: {ops: {url: https://ops.example.com/in, events: [delivery.changed]}}\n"


class Living:
    """A worker with a rules file, as far as it says that it lives."""

    def __init__(self, work: Work, folder: Path) -> None:
        self.work = work
        self.file = folder / "rules.yaml"
        self.in_force = RulesInForce(
            self.file, dict, RuleVersions(work.store.database), work.clock, decides=True, settled_s=0.01
        )
        notified = NotifiedWebhooks(work.store.database, self.in_force.rules)
        self.signs = SignsOfLife(
            store=work.store,
            name="w1",
            in_force=self.in_force,
            supervisor=Supervisor(_never_made),
            notified=notified,
        )

    async def edit(self, written: str) -> None:
        """Replace the file, as careful editors do, and let the worker see it."""
        (self.file.parent / "new").write_text(written)
        os.replace(self.file.parent / "new", self.file)  # noqa: PTH105  (as it is known)
        await self.in_force.look()
        await self.signs.send()

    async def told(self) -> list[str]:
        """The webhooks that were told of a reply whose delivery the gateway reports."""
        store = self.work.store
        async with store.database.write() as connection:
            await connection.execute(insert(steps), step_rows([reply_step("k-1")], NOON))
        await store.steps.claim(StepKind.REPLY, "w", NOON, 1)
        await store.steps.record([Fate(key="k-1", status=StepStatus.SENT)], "w", NOON)
        await store.reports.add(
            [Report(ids=("k-1",), reported=Reported.DELIVERED, word="DELIVERED", received_at=NOON)], NOON
        )
        return [row.recipient for row in await self.work.rows("steps", "seq") if row.kind == StepKind.WEBHOOK]


def _never_made() -> NoReturn:
    raise AssertionError


@pytest.fixture
async def living(work: Work, tmp_path: Path) -> Living:
    living = Living(work, tmp_path)
    living.file.write_text(QUIET)
    await living.in_force.start()
    await living.signs.send()
    return living


async def test_a_webhook_that_begins_to_ask_for_deliveries_is_told_of_them_without_a_restart(living: Living) -> None:
    await living.edit(ASKING)
    assert await living.told() == ["ops"]


async def test_a_webhook_that_asks_no_more_is_told_no_more(living: Living) -> None:
    await living.edit(ASKING)
    await living.edit(QUIET)
    assert await living.told() == []


async def rename(living: Living, table: str, to: str) -> None:
    async with living.work.store.database.write() as connection:
        await connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


async def test_what_the_database_did_not_take_is_kept_by_the_next_sign(living: Living) -> None:
    await rename(living, "installation", "away")
    await living.edit(ASKING)
    await rename(living, "away", "installation")
    await living.signs.send()
    assert await living.told() == ["ops"]

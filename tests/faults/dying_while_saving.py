"""An operator's save in a process of its own, which is killed at one point of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from responder.core.rules.rules import Rules
from responder.desk.desk import Desk
from responder.desk.editing.drafts import keep_typed, save_draft
from responder.desk.editing.rules_file import RulesFile
from responder.rulefile import load_rules
from responder.store.base.database import Database
from tests.conftest import store_on
from tests.faults.mortal import end


class SavePoint(StrEnum):
    """Where saving can be cut off."""

    BEFORE = "after who and why are kept, before the file is written"
    WRITTEN = "after the file is written, before its history is"
    TOLD = "after the history"
    NEVER = "by somebody else, at any moment"


@dataclass(frozen=True, kw_only=True, slots=True)
class MortalFile(RulesFile):
    """A rules file whose process ends before it is written, or as soon as it is."""

    point: SavePoint = SavePoint.NEVER

    async def save(self, text: str, based_on: str) -> None:
        if self.point is SavePoint.BEFORE:
            end()
        await RulesFile.save(self, text, based_on)
        if self.point is SavePoint.WRITTEN:
            end()


@dataclass(frozen=True)
class Saving:
    """Texts that an operator saves, one after the other, and where that ends."""

    url: str
    path: Path
    texts: tuple[str, ...]
    why: str
    point: SavePoint


def save(saving: Saving) -> None:
    """Save each text, and end at the point."""
    asyncio.run(_save(saving))


async def _save(saving: Saving) -> None:
    desk = await desk_on(Database(saving.url), saving.path)
    file = MortalFile(path=saving.path, point=saving.point)
    for text in saving.texts:
        await keep_typed(desk, file, "Anna", text)
        await save_draft(desk, file, "Anna", saving.why)
    if saving.point is SavePoint.TOLD:
        end()


async def desk_on(database: Database, path: Path) -> Desk:
    """A desk whose rules are those of the file."""
    store = await store_on(database)

    async def rules() -> Rules:
        return load_rules(path, {})

    return Desk(database=database, secret=store.secret, rules=rules, clock=lambda: datetime.now(UTC))

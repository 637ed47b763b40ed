"""What was, and who changed it: the rules that were in force, drafts and pauses, and the history of appointments."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.operations.drafts import Draft
from responder.core.operations.records import (
    AppointmentEvent,
    RuleChange,
    Source,
    Version,
    read_sources,
    written_sources,
)
from responder.core.rules.hours import RulePause
from responder.store.base.bulk import execute_many
from responder.store.base.database import Database
from responder.store.base.records import Listing, as_row, begins_so, from_row
from responder.store.base.tables import appointment_events, rule_changes, rule_drafts, rule_pauses, rule_versions

_ADD = insert(appointment_events)
_LAST_FIRST = (rule_versions.c.in_force_at.desc(), rule_versions.c.first_in_force_at.desc())
_LAST_CHANGE = select(rule_changes).order_by(rule_changes.c.seq.desc()).limit(1)
_NEWEST = select(rule_versions).order_by(*_LAST_FIRST).limit(1)


def event(
    place: tuple[str, int],
    at: datetime,
    what: str,
    by: str,
    *,
    message_key: str | None = None,
    old_status: str | None = None,
    new_status: str | None = None,
    detail: str = "",
) -> dict[str, Any]:
    """A line of the history as a row. Its place is the appointment and the number of the change."""
    change = {"message_key": message_key, "old_status": old_status, "new_status": new_status, "detail": detail}
    return {"appointment_id": place[0], "number": place[1], "at": at, "what": what, "by": by, **change}


async def add_events(connection: AsyncConnection, events: Sequence[Mapping[str, Any]]) -> None:
    await execute_many(connection, _ADD, events)


async def last_numbers(connection: AsyncConnection, identifiers: Collection[str]) -> dict[str, int]:
    """The number of the last change of each appointment, even if it was deleted."""
    if not identifiers:
        return {}
    number = func.max(appointment_events.c.number)
    query = select(appointment_events.c.appointment_id, number).where(
        appointment_events.c.appointment_id.in_(identifiers)
    )
    found = (await connection.execute(query.group_by(appointment_events.c.appointment_id))).all()
    return {identifier: int(last) for identifier, last in found}


async def read_history(database: Database, identifier: str) -> list[AppointmentEvent]:
    """The history of an appointment, from its beginning."""
    query = (
        select(appointment_events)
        .where(appointment_events.c.appointment_id == identifier)
        .order_by(appointment_events.c.seq)
    )
    return [from_row(AppointmentEvent, row) for row in await database.rows(query)]


def list_changes() -> Listing[RuleChange]:
    """Each time that rules came into force, or one paused: which rules, since when, who did it and why."""
    return Listing(
        query=select(rule_changes),
        order=(rule_changes.c.seq,),
        read=lambda row: from_row(RuleChange, row),
        name=rule_changes.c.seq,
    )


class RuleVersions:
    """The versions of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert

    async def keep(self, version_hash: str, sources: Sequence[Source], now: datetime) -> None:
        """Say that a version comes into force."""
        async with self._database.write() as connection:
            newest = (await connection.execute(_NEWEST)).first()
            is_back = newest is None or newest.hash != version_hash  # by whom and why is that of another time
            by, why = await _saved_by(connection, version_hash)
            changes = {"in_force_at": now, **({"by": by, "why": why} if is_back or by else {})}
            await connection.execute(self._put(version_hash, sources, changes))
            await _note_change(connection, RuleChange(hash=version_hash, since=now, by=by, why=why))

    async def say_why(self, version_hash: str, sources: Sequence[Source], by: str, why: str, now: datetime) -> None:
        """Say who made a version that comes into force, and why."""
        async with self._database.write() as connection:
            await connection.execute(self._put(version_hash, sources, {"in_force_at": now, "by": by, "why": why}))
            await _note_change(connection, RuleChange(hash=version_hash, since=now, by=by, why=why))

    def _put(self, version_hash: str, sources: Sequence[Source], changes: Mapping[str, object]) -> Insert:
        row = {"hash": version_hash, "sources": written_sources(sources), "first_in_force_at": changes["in_force_at"]}
        put = self._insert(rule_versions).values({**row, **changes})
        done: Insert = put.on_conflict_do_update(index_elements=["hash"], set_=changes)
        return done

    async def history(self, limit: int) -> list[Version]:
        """The versions, the one that came into force last before all."""
        query = select(rule_versions).order_by(*_LAST_FIRST).limit(limit)
        return [from_row(Version, row, sources=read_sources(row.sources)) for row in await self._database.rows(query)]

    async def pauses(self, now: datetime) -> Mapping[str, RulePause]:
        """The rules that are paused now, by their names."""
        return await read_pauses(self._database, now)

    async def find_beginning(self, beginning: str) -> Sequence[str]:
        """The hashes that begin so: at most two, to tell whether there is just one."""
        query = select(rule_versions.c.hash).where(begins_so(rule_versions.c.hash, beginning)).limit(2)
        return [row.hash for row in await self._database.rows(query)]

    async def find(self, version_hash: str) -> Version | None:
        """The version with this hash; None if it never was in force."""
        query = select(rule_versions).where(rule_versions.c.hash == version_hash)
        row = await self._database.row(query)
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None

    async def newest(self) -> Version | None:
        """The version that came into force last; None if none ever did."""
        row = await self._database.row(_NEWEST)
        return from_row(Version, row, sources=read_sources(row.sources)) if row else None


async def _saved_by(connection: AsyncConnection, version_hash: str) -> tuple[str | None, str | None]:
    """Whose draft came into force by being saved, and why; it ends here, also where who saved it is gone."""
    of_draft = rule_drafts.c.saving == version_hash
    saved = (await connection.execute(select(rule_drafts).where(of_draft).limit(1))).first()
    if saved is None:
        return None, None
    await connection.execute(delete(rule_drafts).where(of_draft))
    return saved.operator, saved.why


async def _note_change(connection: AsyncConnection, change: RuleChange) -> None:
    """Write down that other rules come into force than before, or by whom, if they did so before that was said."""
    last = (await connection.execute(_LAST_CHANGE)).first()
    if last is None or last.hash != change.hash:
        await connection.execute(insert(rule_changes).values(as_row(change, rule_changes)))
    elif last.by is None and change.by:
        of_last = update(rule_changes).where(rule_changes.c.seq == last.seq)
        await connection.execute(of_last.values(by=change.by, why=change.why))


async def read_pauses(database: Database, now: datetime) -> Mapping[str, RulePause]:
    """The pauses that have not ended, by the names of their rules."""
    query = select(rule_pauses).where(rule_pauses.c.until > now).order_by(rule_pauses.c.rule)
    return {row.rule: from_row(RulePause, row) for row in await database.rows(query)}


async def put_pause(database: Database, pause: RulePause, act: str) -> None:
    """Pause a rule, or change the pause that it has; those that ended are forgotten. ``act`` is for the history."""
    row = as_row(pause, rule_pauses)
    put = database.insert(rule_pauses).values(row)
    async with database.write() as connection:
        await connection.execute(delete(rule_pauses).where(rule_pauses.c.until <= pause.since))
        await connection.execute(put.on_conflict_do_update(index_elements=["rule"], set_=row))
        await _note_act(connection, pause.since, pause.by, act)


async def end_pause(database: Database, rule: str, now: datetime, *, by: str, act: str) -> bool:
    """End the pause of a rule, and tell whether it had one. ``act`` is for the history."""
    ended = delete(rule_pauses).where(rule_pauses.c.rule == rule, rule_pauses.c.until > now)
    async with database.write() as connection:
        if not (await connection.execute(ended)).rowcount:
            return False
        await _note_act(connection, now, by, act)
        return True


async def _note_act(connection: AsyncConnection, now: datetime, by: str, act: str) -> None:
    """Write down what a person did to the rules in force; where none ever were, there is nothing yet to tell of."""
    last = (await connection.execute(_LAST_CHANGE)).first()
    if last is not None:
        change = RuleChange(hash=last.hash, since=now, by=by, why=act)
        await connection.execute(insert(rule_changes).values(as_row(change, rule_changes)))


async def read_draft(database: Database, operator: str) -> Draft | None:
    """The draft of an operator; None if there is none."""
    query = select(rule_drafts).where(rule_drafts.c.operator == operator)
    row = await database.row(query)
    return from_row(Draft, row) if row else None


async def put_draft(database: Database, draft: Draft, before: Draft | None) -> bool:
    """Keep a draft in place of the one before; False, with nothing done, if that is not there any more."""
    row = as_row(draft, rule_drafts)
    put = (
        update(rule_drafts).where(_is(before)).values(row)
        if before
        else database.insert(rule_drafts).values(row).on_conflict_do_nothing()
    )
    async with database.write() as connection:
        return bool((await connection.execute(put)).rowcount)


async def drop_draft(database: Database, draft: Draft) -> None:
    """Forget a draft, unless it was changed meanwhile."""
    async with database.write() as connection:
        await connection.execute(delete(rule_drafts).where(_is(draft)))


async def begin_saving(database: Database, draft: Draft, version_hash: str, why: str) -> bool:
    """Say that a draft is being saved, before its file is; whoever finds the file then knows by whom, and why."""
    return await put_draft(database, replace(draft, saving=version_hash, why=why), draft)


def _is(draft: Draft) -> ColumnElement[bool]:
    return and_(rule_drafts.c.operator == draft.operator, rule_drafts.c.text == draft.text)

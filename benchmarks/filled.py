"""A database of an installation that has been used for a year, filled by generated rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.load import OURS, form
from responder.core.outbound.gateway import Job, Posted
from responder.rulefile import load_rules
from responder.settings.model import Settings
from responder.store.base.database import Database
from responder.store.base.tables import metadata
from responder.store.consent.ledger import EventRow, append, event_row
from responder.store.inbox.commit import Commits
from responder.wiring import Store, make_gateway, migrate_database, open_store
from responder.worker.handling import Handler

TOGETHER = 20_000  # rows in one statement
EVENTS_TOGETHER = 1_000  # of the ledger in one transaction
YEAR = timedelta(days=365)
A_TEXT_OF = 3  # messages of each phone, about
FIRST_PHONE = 1_000_000  # as ``form`` numbers them
PHONE = f"'+39330' || ({FIRST_PHONE} + (n * 7919) % {{phones}})"
KEY = "'000000000000000000000' || (10000000000 + n)"
Values = Mapping[str, str]
"""SQL for the columns of a table by row number ``n``; ``one`` is the row of the first message, which the others copy."""

MESSAGES: Values = {
    "key": KEY,
    "originator": PHONE,
    "received_at": "{at}",
    "order_at": "{at}",
    "handled_at": "{at}",
    "status": "CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'handled' END",
    "rule": "CASE WHEN n % 100000 = 7 THEN 'seldom' WHEN n % 50 = 0 THEN 'fallback' ELSE one.rule END",
}
REPLIES: Values = {
    "key": f"{KEY} || ':0'",
    "message_key": KEY,
    "originator": PHONE,
    "recipient": PHONE,
    "status": "CASE WHEN n % 5000 = 0 THEN 'uncertain' WHEN n % 1000 = 0 THEN 'failed' ELSE 'sent' END",
    "gateway_id": "'g' || n",
    "submitted_at": "{at}",
    "created_at": "{at}",
    "updated_at": "{at}",
    "api": "'universal'",
}
CALLS: Values = {
    **{name: REPLIES[name] for name in ("message_key", "originator", "created_at", "updated_at")},
    "key": f"{KEY} || ':1'",
    "recipient": "'crm'",
    "kind": "'webhook'",
    "status": "CASE WHEN n % 5000 = 0 THEN 'dead' ELSE 'delivered' END",
}
CONTACTS: Values = {"originator": PHONE}
NEWS: Values = {"originator": PHONE, "since": "{at}", "order_at": "{at}"}
OFFERS: Values = {**NEWS, "list": "'offers'"}
HANDOFFS: Values = {
    "message_key": KEY,
    "originator": PHONE,
    "reason": "'unrecognised'",
    "opened_at": "{at}",
    "holds_marketing": "n < 0",
}
USES: Values = {"originator": PHONE, "of": "'reply:fallback'", "used_at": "{at}"}
APPOINTMENTS: Values = {
    "id": "'a' || n",
    "originator": PHONE,
    "starts_at": "{soon}",
    **dict.fromkeys(("name", "service", "location", "language"), "''"),
    "status": "'scheduled'",
    "updated_at": "{at}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """How many messages are stored; of the other rows there are as many as in a year of use."""

    messages: int

    @property
    def phones(self) -> int:
        return max(self.messages * 3 // 10, 1)

    def of_tables(self) -> list[tuple[str, Values, int]]:
        """The rows of each table, and how many."""
        return [
            ("messages", MESSAGES, self.messages),
            ("steps", REPLIES, self.messages),
            ("steps", CALLS, self.messages),
            ("contacts", CONTACTS, self.phones),
            ("subscriptions", NEWS, self.phones),
            ("subscriptions", OFFERS, self.phones // 2),
            ("handoffs", HANDOFFS, self.messages // 9),
            ("uses", USES, self.phones // 3),
            ("appointments", APPOINTMENTS, self.messages // 10),
        ]

    @property
    def events(self) -> int:
        """Of the ledger."""
        return self.messages * 3 // 4


class Silent:
    """A bell that nobody hears."""

    def ring(self, job: Job) -> None:
        """Do nothing."""


def make_handler(settings: Settings, store: Store) -> Handler:
    """A worker's handler alone."""
    rules = load_rules(settings.rules, {})
    commits = Commits(store.database, store.secret)
    return Handler(
        database=store.database, inbox=store.inbox, commits=commits, secret=store.secret, bell=Silent(),
        rules=lambda: rules, clock=lambda: datetime.now(UTC),
    )  # fmt: skip


async def begin(settings: Settings) -> None:
    """Make a database with one message, which was handled."""
    await migrate_database(settings)
    async with open_store(settings) as store:
        gateway = make_gateway(settings, store.secret)
        posted = Posted(body=b"", form=form(0), received_at=datetime.now(UTC))
        await store.inbox.add(gateway.read_inbound(posted).inbound, {})
        await make_handler(settings, store).handle()


async def fill(settings: Settings, messages: int) -> None:
    """Fill a database that was begun, and let it take its statistics."""
    amounts, now = Amounts(messages=messages), datetime.now(UTC)
    async with open_store(settings) as store, store.database.patient() as database:
        for table, values, count in amounts.of_tables():
            await _fill(database, table, values, count, amounts.phones, now)
        for first in range(0, amounts.events, EVENTS_TOGETHER):
            count = min(EVENTS_TOGETHER, amounts.events - first)
            async with database.write() as connection:
                await _agree(connection, store.secret, first, count, amounts, now)
        async with database.write() as connection:
            await connection.exec_driver_sql("ANALYZE")


async def fill_for_one(settings: Settings, number: str, texts: int) -> None:
    """Add the texts of one number that sends all day, each with a reply, a call, a hand-off and a consent event."""
    now, key = datetime.now(UTC), f"'{number[-9:]}000000000000' || (10000000000 + n)"
    one = {"originator": f"'{number}'", "message_key": key}
    async with open_store(settings) as store, store.database.patient() as database:
        for table, values, suffix in (
            ("messages", MESSAGES, ""), ("steps", REPLIES, ":0"), ("steps", CALLS, ":1"), ("handoffs", HANDOFFS, ""),
        ):  # fmt: skip
            own = {**one, "key": f"{key} || '{suffix}'", **({"recipient": one["originator"]} if suffix == ":0" else {})}
            theirs = {**values, **{name: sql for name, sql in own.items() if name in values}}
            await _fill(database, table, theirs, texts, 1, now)
        async with database.write() as connection:
            await append(connection, [_agreed(number, n, texts, now) for n in range(texts)], store.secret)


async def _fill(database: Database, table: str, values: Values, count: int, phones: int, now: datetime) -> None:
    """Insert generated rows; what is not given is as in the first row, or absent."""
    columns = metadata.tables[table].c
    copied = {column.name: f'one."{column.name}"' for column in columns if column.name != "seq"}
    has_one = table not in {"handoffs", "uses", "appointments"}
    seconds = YEAR.total_seconds() / count
    at, soon = (now - YEAR).timestamp(), (now - YEAR * 0.9).timestamp()
    if database.is_sqlite:
        moment = "strftime('%Y-%m-%d %H:%M:%f', {} + n * {}, 'unixepoch') || '000'"
        numbers = "(WITH RECURSIVE c (n) AS (SELECT {} UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c)"
    else:
        moment, numbers = "to_timestamp({} + n * {})", "generate_series({}::bigint, {}) AS s (n)"
    moments = {"at": moment.format(at, seconds), "soon": moment.format(soon, seconds)}
    given = {name: sql.format(phones=phones, **moments) for name, sql in values.items()}
    row = {**copied, **given} if has_one else given
    of_one = f'(SELECT * FROM "{table}" LIMIT 1) AS one' if has_one else "(SELECT 1) AS one"  # noqa: S608  (our own)
    names, chosen = ", ".join(f'"{name}"' for name in row), ", ".join(row.values())
    for first in range(1, count + 1, TOGETHER):
        some = numbers.format(first, min(first + TOGETHER - 1, count))
        async with database.write() as connection:
            await connection.exec_driver_sql(f'INSERT INTO "{table}" ({names}) SELECT {chosen} FROM {some}, {of_one}')  # noqa: S608


async def _agree(
    connection: AsyncConnection, secret: bytes, first: int, count: int, amounts: Amounts, now: datetime
) -> None:
    """Add to the ledger, as it does itself."""
    phones = (FIRST_PHONE + number * 7919 % amounts.phones for number in range(first, first + count))
    rows = [_agreed(f"+39330{phone}", number, amounts.events, now) for number, phone in enumerate(phones, first)]
    await append(connection, rows, secret)


def _agreed(originator: str, number: int, events: int, now: datetime) -> EventRow:
    """The event with this number of so many."""
    return event_row(
        event="opt_out" if number % 2 else "opt_in", list="news", at=now - YEAR * (1 - number / events),
        channel="sms_keyword", originator=originator, destination=OURS, text="News ON", folded="NEWS ON",
        gateway="agile", rule="news-on", message_key=f"{number:032d}",
    )  # fmt: skip

"""The intake on a real Dovecot and a real SQLite inbox, in this process."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from responder.core.operations.troubles import MailboxState
from responder.core.outbound.gateway import Job
from responder.core.sms.message import Inbound
from responder.errors import StorageError
from responder.gateways.agile import AgileTelecom
from responder.gateways.agile.mailbox import AgileMailReader
from responder.intake import Intake
from responder.mail.account import Account, Patience, Tries
from responder.mail.mailbox import Mailbox
from responder.mail.watch import Watch
from responder.settings.urls import read_mailbox_url
from responder.store.base.database import Database
from responder.store.base.tables import messages
from responder.wiring import Store, utc_now
from tests.conftest import store_on, wait_until
from tests.mail.dovecot import PASSWORD, PROGRAM, WITHOUT_IDLE, Dovecot, dovecot

NO_DOVECOT = "no dovecot: install the package dovecot-imapd"
QUICK = Patience(first_delay_s=0.05, longest_delay_s=0.2, refused_s=0.2)


@pytest.fixture(scope="session")
def any_server() -> Iterator[Dovecot]:
    """A server that knows everything, for tests that leave it running."""
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot() as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[Dovecot]:
    """A server that a test may stop."""
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Dovecot]:
    """A server without IDLE and MOVE."""
    if not PROGRAM:
        pytest.skip(NO_DOVECOT)
    with dovecot(WITHOUT_IDLE) as server:
        yield server


class Bell:
    """Counts the rings."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self, job: Job) -> None:
        assert job is Job.HANDLE
        self.rings += 1


class FailingInbox:
    """An inbox that fails as often as it is told to, and then goes through."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.failures = 0

    async def add(self, inbound: Sequence[Inbound], answer_ms: Mapping[str, int]) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageError("the disk is full")
        await self._store.inbox.add(inbound, answer_ms)


@dataclass
class Shop:
    """An installation with one mailbox."""

    store: Store
    server: Dovecot
    user: str
    account: Account
    reader: AgileMailReader
    inbox: FailingInbox
    bell: Bell = field(default_factory=Bell)
    patience: Patience = QUICK

    @classmethod
    def on(cls, store: Store, server: Dovecot) -> "Shop":
        user = server.user()
        gateway = AgileTelecom(secret=store.secret, zone=ZoneInfo("Europe/Rome"))
        account = Account(url=read_mailbox_url(server.url(user)), password=lambda: PASSWORD)
        reader = AgileMailReader(gateway=gateway, secret=store.secret)
        return cls(store=store, server=server, user=user, account=account, reader=reader, inbox=FailingInbox(store))

    def reach(
        self, scheme: str = "plain", *, port: int | None = None, folder: str = "INBOX", password: str = PASSWORD
    ) -> None:
        """Go another way to the mailbox."""
        url = read_mailbox_url(self.server.url(self.user, scheme, folder))
        self.account = replace(self.account, url=replace(url, port=port or url.port), password=lambda: password)

    def watch(self) -> Watch:
        intake = Intake(self.inbox, self.bell)
        return Watch(
            open_mailbox=self._open,
            reader=self.reader,
            intake=intake,
            tries=Tries(self.store.database, self.account.url.place),
            clock=utc_now,
            patience=self.patience,
        )

    def _open(self, stopping: threading.Event) -> Mailbox:
        return Mailbox(self.account, stopping)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watch]:
        """The intake at work."""
        watch = self.watch()
        running = [asyncio.create_task(watch.intake.run()), asyncio.create_task(watch.run())]
        try:
            yield watch
        finally:
            watch.stop()
            await asyncio.wait_for(running[1], 15)
            watch.intake.close()
            await asyncio.wait_for(running[0], 15)

    def deliver(self, *mails: bytes) -> None:
        self.server.deliver(self.user, *mails)

    async def rows(self) -> list[tuple[str, str, str]]:
        """Status, originator and text of each message, in the order of its arrival."""
        query = select(messages.c.status, messages.c.originator, messages.c.text).order_by(
            messages.c.order_at, messages.c.seq
        )
        async with self.store.database.read() as connection:
            return [(row.status, row.originator, row.text) for row in (await connection.execute(query)).all()]

    async def texts(self) -> list[str]:
        return [text for _, _, text in await self.rows()]

    async def has(self, count: int, limit_s: float = 30) -> None:
        """Wait until so many messages are committed."""

        async def enough() -> bool:
            return len(await self.rows()) >= count

        await wait_until(enough, limit_s, f"{count} messages")

    async def is_marked(self, count: int, folder: str = "INBOX", limit_s: float = 30) -> None:
        """Wait until this many mails are flagged or moved. Asked in a thread, since the intake shares the loop."""

        def marked() -> int:
            if folder != "INBOX":
                return self.server.count(self.user, folder)
            return sum(b"\\Flagged" in flags for flags in self.server.flags(self.user))

        async def enough() -> bool:
            return await asyncio.to_thread(marked) == count

        await wait_until(enough, limit_s, f"{count} marked mails")


async def is_connected(watch: Watch) -> None:
    """Wait until the mailbox is open."""
    await wait_until(lambda: watch.status.state is MailboxState.CONNECTED, what="a connection")


@pytest.fixture
async def own_store(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Store]:
    """An open store on SQLite."""
    path = tmp_path / "responder.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield await store_on(database)
    await database.close()


@pytest.fixture
async def shop(own_store: Store, any_server: Dovecot) -> Shop:
    """An installation whose mailbox is empty, on a server that goes on."""
    return Shop.on(own_store, any_server)

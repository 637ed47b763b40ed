"""The mailbox of the settings, and how patiently it is watched: how long, how much at once, how often it is tried."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from responder.core.outbound.gateway import MailReader, MailTrust
from responder.errors import ConfigurationError, PermanentError
from responder.settings.model import Settings
from responder.settings.urls import ServerUrl, read_mailbox_url
from responder.store.base.database import Database
from responder.store.operations.sources import MailTries, keep_tries, read_tries
from responder.wiring import make_gateway

NO_MAILBOX = (
    "RESPONDER_IMAP_URL is not set: give the address of the mailbox that the gateway writes to,"
    " imaps://user:password@host/INBOX"
)
NOTHING_TO_SIGN_IN_WITH = (
    "RESPONDER_IMAP_URL has no password: put it there, or into RESPONDER_IMAP_PASSWORD, "
    "or into a file named by RESPONDER_IMAP_PASSWORD_FILE"
)
NO_MAILS = "the gateway writes no mails: remove RESPONDER_IMAP_URL"
SWITCHED = {"false": "", "true": ""}  # words of RESPONDER_IMAP_REQUIRE_DKIM that name no server
HEADS_AT_ONCE = 500
MAILS_AT_ONCE = 100
BYTES_AT_ONCE = 4 * 1024 * 1024
MOST_TRIES = 3  # of a mail that is read alone, after which it is left alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A mailbox, and where its mails go; ``password`` is called at each connection."""

    url: ServerUrl
    password: Callable[[], str] = field(repr=False)
    done: str | None = None
    failed: str | None = None
    poll_s: float = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What is read of a mail before its text."""

    uid: int
    fields: bytes = field(repr=False)
    size: int
    arrived_at: datetime


def account_of(settings: Settings) -> Account:
    """The mailbox of the settings, and its folders.

    Raises ConfigurationError, with the remedy, if there is none or its password cannot be read.
    """
    if settings.imap_url is None:
        raise ConfigurationError(NO_MAILBOX)
    url = read_mailbox_url(settings.imap_url.get_secret_value())
    try:
        _password(settings, url.password)
    except PermanentError as error:
        raise ConfigurationError(str(error)) from None
    return Account(
        url=url,
        password=lambda: _password(settings, url.password),
        done=settings.imap_done,
        failed=settings.imap_failed,
        poll_s=settings.imap_poll_s,
    )


def reader_of(settings: Settings, secret: bytes) -> MailReader:
    """The reader that tells the gateway's mails from others. Raises ConfigurationError if it writes none."""
    required = settings.imap_require_dkim
    trust = MailTrust(
        senders=settings.imap_senders,
        needs_signature=required != "false",
        receiver=SWITCHED.get(required, required),
        footer=settings.imap_footer or "",
    )
    reader = make_gateway(settings, secret).mail_reader(trust)
    if reader is None:
        raise ConfigurationError(NO_MAILS)
    return reader


def _password(settings: Settings, of_url: str | None) -> str:
    """The current password, since one in a file may have changed. Raises PermanentError if there is none."""
    if settings.imap_password_file:
        return _read(settings.imap_password_file)
    password = settings.imap_password.get_secret_value() if settings.imap_password else of_url
    if not password:
        raise PermanentError(NOTHING_TO_SIGN_IN_WITH)
    return password


def _read(path: Path) -> str:
    try:
        password = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeError) as error:
        raise PermanentError(
            f"{path}: cannot be read ({type(error).__name__}),"
            " RESPONDER_IMAP_PASSWORD_FILE names the file of the password"
        ) from None
    if not password:
        raise PermanentError(f"{path}: it is empty, write the mailbox's password into it")
    return password


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait in a quiet mailbox, and after failures, growing from first to longest."""

    first_look_s: float = 2.0  # mail that comes between a search and IDLE may be reported only at its end
    look_s: float = 25.0
    connection_s: float = 1800.0  # then everything is searched again, for mails that somebody has unmarked
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0
    refused_s: float = 300.0  # a server that refuses a password may lock out those who try often


def groups(uids: Sequence[int], breaks: Counter[int]) -> Iterator[Sequence[int]]:
    """The UIDs in groups whose heads are read at once. A mail that a connection broke on is read alone."""
    group: list[int] = []
    for uid in uids:
        if group and (len(group) >= HEADS_AT_ONCE or breaks[uid] or breaks[group[-1]]):
            yield group
            group = []
        group.append(uid)
    if group:
        yield group


def portions(heads: Sequence[Head], breaks: Counter[int]) -> Iterator[Sequence[Head]]:
    """The mails in portions that are read at once. A mail that a connection broke on is read alone."""
    portion: list[Head] = []
    size = 0
    for head in heads:
        if portion and (len(portion) >= MAILS_AT_ONCE or size + head.size > BYTES_AT_ONCE or breaks[head.uid]):
            yield portion
            portion, size = [], 0
        portion.append(head)
        size += head.size
        if breaks[head.uid]:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class Tries:
    """The tries at the mails of one mailbox, by their UIDs; methods raise StorageError."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place
        self._uid_validity: int | None = None
        self.of_heads: Counter[int] = Counter()
        self.of_mails: Counter[int] = Counter()

    async def opened(self, uid_validity: int) -> bool:
        """Whether the mailbox has other UIDs than this process knew; then the tries are those of the one before."""
        if uid_validity == self._uid_validity:
            return False
        kept = await read_tries(self._database, self._place)
        is_same = kept is not None and kept.uid_validity == uid_validity
        self.of_heads, self.of_mails = (
            (Counter(kept.of_heads), Counter(kept.of_mails)) if kept and is_same else (Counter(), Counter())
        )
        self._uid_validity = uid_validity
        return True

    def forget_others(self, waiting: Collection[int]) -> None:
        """Forget the mails that no longer wait: somebody has seen to them."""
        for tries in (self.of_heads, self.of_mails):
            for uid in tries.keys() - set(waiting):
                del tries[uid]

    async def begin(self, uids: Collection[int]) -> None:
        """Count a try at the heads of these mails, before they are read; a failure to do so is no try."""
        counted = self.of_heads + Counter(uids)
        await self._keep(counted)
        self.of_heads = counted

    async def finish(self) -> None:
        """Write down that what was begun is through, or how often it was not."""
        await self._keep(self.of_heads)

    async def forget(self) -> None:
        """Let the next process try everything anew."""
        self.of_heads.clear()
        self.of_mails.clear()
        if self._uid_validity is not None:
            await self._keep(self.of_heads)

    async def _keep(self, of_heads: Counter[int]) -> None:
        kept = MailTries(uid_validity=self._uid_validity or 0, of_heads=of_heads, of_mails=self.of_mails)
        await keep_tries(self._database, self._place, kept)

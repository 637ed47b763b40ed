"""A mailbox on an IMAP server: list what waits, read it, mark it.

Its methods wait for the server, so they run in a thread.
"""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from responder.errors import PermanentError, TransientError
from responder.mail.account import Account, Head

CONNECT_S, ANSWER_S = 10.0, 60.0
LARGEST_MAIL = 1024 * 1024  # bytes that are read of a mail; an SMS has some hundreds
WINDOW = 50_000  # mails searched at a time, so that an answer stays within what the library reads as one line
SLICE_S = 0.5  # how soon a wait notices that it should end
WAITING = ("UNFLAGGED", "UNDELETED")
FLAGGED, SEEN, DELETED = b"\\Flagged", b"\\Seen", b"\\Deleted"
PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\b", re.IGNORECASE)  # RFC 5530
BROKEN_OFF = (AttributeError, ValueError, KeyError, IndexError)  # what the library raises over half an answer
LARGEST_HEAD = 64 * 1024 + 1  # bytes that are read of a head: one more than its readers take
HEAD = f"BODY.PEEK[HEADER.FIELDS (FROM AUTHENTICATION-RESULTS)]<0.{LARGEST_HEAD}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What the server says of a mailbox that was opened."""

    uid_validity: int
    mails: int
    has_idle: bool


class _Client(IMAPClient):  # type: ignore[misc]  # the library has no types
    """The library's client, but it looks into its buffer before it waits.

    What arrived with the server's consent to IDLE is there, not at the socket.
    """

    looks_first = False

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> Any:  # noqa: ANN401  (the library's own)
        if self.looks_first:
            self.looks_first = False
            return [sock]
        return super()._poll_socket(sock, timeout)


class Mailbox:
    """One connection to a mailbox.

    Methods raise TransientError when it breaks, and PermanentError with the remedy when it is refused.
    """

    def __init__(self, account: Account, stopping: threading.Event) -> None:
        self._account = account
        self._stopping = stopping
        self._client: Any = None
        self._mails = 0

    def open(self) -> Opened:
        """Connect, log in, and find or make the folders."""
        url = self._account.url
        with _imap_errors():
            self._connect()
            self._client.login(url.user or "", self._account.password())
            for folder in {self._account.done, self._account.failed} - {None}:
                if not self._client.folder_exists(folder):
                    with _refused(f"the server makes no folder {folder!r}: make it by hand, or give another name"):
                        self._client.create_folder(folder)
            with _refused(f"the server has no folder {url.folder!r}: check the end of RESPONDER_IMAP_URL"):
                selected = self._client.select_folder(url.folder)
        if b"READ-ONLY" in selected:
            raise PermanentError("the mailbox can only be read: give its user the right to flag and to move mails")
        self._mails = int(selected[b"EXISTS"])
        return Opened(
            uid_validity=int(selected.get(b"UIDVALIDITY", 0)),
            mails=self._mails,
            has_idle=self._client.has_capability("IDLE"),
        )

    def _connect(self) -> None:
        url = self._account.url
        secure = None if url.is_plain else ssl.create_default_context()
        timeout = SocketTimeout(connect=CONNECT_S, read=ANSWER_S)
        self._client = _Client(
            url.host, url.port, ssl=url.is_tls, ssl_context=secure if url.is_tls else None, timeout=timeout
        )
        self._client.normalise_times = False
        if secure and not url.is_tls:
            self._client.starttls(secure)

    def waiting(self, after: int | None) -> list[int]:
        """The UIDs of unmarked mails above ``after``, or of all that were there at the start."""
        with _imap_errors():
            if after is not None:
                found = set(self._client.search(["UID", f"{after + 1}:*", *WAITING]))
            else:
                starts = range(1, self._mails + 1, WINDOW)
                ends = [*(str(start - 1) for start in starts[1:]), "*"]
                found = {
                    uid
                    for start, end in zip(starts, ends, strict=False)
                    for uid in self._client.search([f"{start}:{end}", *WAITING])
                }
        return sorted(uid for uid in found if uid > (after or 0))  # a range n:* always includes the last mail

    def heads(self, uids: Sequence[int]) -> list[Head]:
        """The heads of mails, without those that are gone."""
        with _imap_errors():
            fetched = self._client.fetch(uids, [HEAD, "RFC822.SIZE", "INTERNALDATE"])
            return [head for uid in uids if (head := _head(uid, fetched.get(uid, {})))]

    def read(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Mails as they came, except those that are gone; they stay unread."""
        with _imap_errors():
            fetched = self._client.fetch(uids, [f"BODY.PEEK[]<0.{LARGEST_MAIL}>"])
            return {uid: raw for uid in uids if (raw := _body(fetched.get(uid, {}))) is not None}

    def settle(self, uids: Sequence[int], *, is_done: bool) -> None:
        """Mark mails as taken in, or as kept for a person.

        They are moved if there is a folder for them, or else flagged.
        """
        folder = self._account.done if is_done else self._account.failed
        with _imap_errors():
            if not uids:
                return
            if not folder:
                self._client.add_flags(uids, [FLAGGED, SEEN] if is_done else [FLAGGED], silent=True)
            elif self._client.has_capability("MOVE"):
                self._client.move(uids, folder)
            else:
                self._client.copy(uids, folder)
                self._client.add_flags(uids, [DELETED], silent=True)
                if self._client.has_capability("UIDPLUS"):  # without it, others' deleted mails would go too
                    self._client.uid_expunge(uids)

    def wait(self, limit_s: float) -> bool:
        """Wait until something happens in the mailbox or the time is up; True if the server reported something."""
        if not self._client.has_capability("IDLE"):
            self._stopping.wait(min(limit_s, self._account.poll_s))
            with _imap_errors():
                self._client.noop()
            return True
        with _imap_errors():
            self._client.idle()
            self._client.looks_first = True
            untagged: list[Any] = self._client.idle_check(timeout=SLICE_S)
            while limit_s > 0 and not untagged and not self._stopping.is_set():
                untagged = self._client.idle_check(timeout=SLICE_S)
                # Also when it returns at once, as it does when the connection ends; idle_done then raises.
                limit_s -= SLICE_S
            return bool(untagged + self._client.idle_done()[1])

    def append(self, raw: bytes) -> None:
        with _imap_errors():
            self._client.append(self._account.url.folder, raw)

    def close(self) -> None:
        """Log out if the server still listens, and close."""
        if self._client:
            with contextlib.suppress(IMAPClientError, OSError, ValueError):
                self._client.logout()
            self.abort()

    def abort(self) -> None:
        """Break the connection and end any wait on it; safe from another thread."""
        if self._client:
            with contextlib.suppress(IMAPClientError, OSError, ValueError, AttributeError):
                self._client.socket().shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(IMAPClientError, OSError, ValueError, AttributeError):
                self._client.shutdown()


def _head(uid: int, fetched: dict[bytes, Any]) -> Head | None:
    fields, arrived_at = _body(fetched), fetched.get(b"INTERNALDATE")
    if fields is None or arrived_at is None:
        return None
    return Head(uid=uid, fields=fields, size=int(fetched.get(b"RFC822.SIZE", 0)), arrived_at=arrived_at)


def _body(fetched: dict[bytes, Any]) -> bytes | None:
    found = next((value for name, value in fetched.items() if name.upper().startswith(b"BODY[")), None)
    return found if isinstance(found, bytes) else None


@contextlib.contextmanager
def _refused(reason: str) -> Iterator[None]:
    """Give a reason for a command that the server refuses; a broken connection is not a refusal."""
    try:
        yield
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        raise PermanentError(reason) from None


@contextlib.contextmanager
def _imap_errors() -> Iterator[None]:
    """Turn the library's exceptions into ours, without a word of the server's, which might name the user."""
    try:
        yield
    except LoginError as error:
        if PASSING.search(str(error)):
            raise TransientError("the server lets nobody in at the moment") from None
        raise PermanentError(
            "the server refuses the user or the password: check RESPONDER_IMAP_URL;"
            " some servers want a password for apps"
        ) from None
    except CapabilityError:
        raise PermanentError("the server offers no STARTTLS: write imaps:// in RESPONDER_IMAP_URL") from None
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(
            f"the server's certificate is not trusted ({error.verify_message}): check the host, or set SSL_CERT_FILE"
        ) from None
    except IMAPClientError as error:
        raise TransientError(f"the server broke off or refused a command ({type(error).__name__})") from None
    except (OSError, EOFError, *BROKEN_OFF) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise TransientError(f"no connection ({reason})") from None

"""The rules file in the hands of people: read to the byte, changed whole, never over somebody else's change."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.drafts import digest_of
from responder.core.rules.rules import Rules
from responder.desk.desk import Invalid, Overtaken, Refused
from responder.errors import ConfigurationError, RulesError
from responder.rulefile import read_rules
from responder.rulefile.reading.folder import Folder, Unreadable, decoded
from responder.rulefile.reading.nodes import LARGEST_FILE
from responder.rulefile.sources import one_writer, write_whole

LONGEST_WHY = 200  # characters


class FileChanged(Overtaken):
    """Somebody else changed the file meanwhile; ``theirs`` is what stands in it now."""

    def __init__(self, theirs: str) -> None:
        super().__init__("the rules file was changed meanwhile, by somebody else or by a program: nothing was saved")
        self.theirs = theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesFile:
    """The main rules file; ``is_for_looking`` says that nobody may change it from here."""

    path: Path
    environment: Callable[[], Mapping[str, str]] = field(repr=False, default=dict)
    is_for_looking: bool = False

    @property
    def name(self) -> str:
        """Its name without its folder."""
        return self.path.name

    def why_not_saved(self) -> str | None:
        """Why it cannot be changed from here; None if it can."""
        if self.is_for_looking:
            return because("rules_for_looking")
        target = self.path.resolve()
        if not os.access(target, os.W_OK) or not os.access(target.parent, os.W_OK):
            return because("file_read_only", file=self.name)
        return None

    async def read(self) -> str:
        """The exact text, byte order mark and line ends included. Raises Refused."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        try:
            with self.path.open("rb") as file:
                return decoded(file.read(LARGEST_FILE + 1))
        except OSError as error:
            raise Refused(because("file_unreadable", file=self.name, reason=str(error.strerror))) from error
        except Unreadable as error:
            raise Refused(because("file_not_text", file=self.name, reason=str(error))) from error

    async def rules_of(self, text: str) -> Rules:
        """The rules that the file would have with this text. Raises RulesError with all that is wrong."""
        files = Folder(self.path.parent)
        return await asyncio.to_thread(read_rules, text, str(self.path), self.environment(), files)

    async def check(self, text: str) -> Rules:
        """The rules that the file would have, if it may be saved so. Raises Refused and Invalid."""
        if reason := self.why_not_saved():
            raise Refused(reason)
        if len(text.encode("utf-8", "surrogatepass")) > LARGEST_FILE:
            raise Invalid(because("file_too_large", most=LARGEST_FILE >> 20))
        try:
            return await self.rules_of(text)
        except RulesError as error:
            raise Invalid(*map(str, error.mistakes)) from error
        except ConfigurationError as error:
            raise Invalid(reason_of(error)) from error

    async def save(self, text: str, based_on: str) -> None:
        """Put a text that was checked in place of the one it is based on. Raises FileChanged and Refused."""
        await asyncio.to_thread(self._replace, text, based_on)

    def _replace(self, text: str, based_on: str) -> None:
        try:
            with one_writer(self.path):
                theirs = self._read()
                if digest_of(theirs) != based_on:
                    raise FileChanged(theirs)
                write_whole(self.path, text.encode())
        except OSError as error:
            raise Refused(because("file_unwritable", file=self.name, reason=why_not_written(error))) from error


def why_not_written(error: OSError) -> str:
    """What kept a file from being replaced, with the remedy where there is one.

    >>> why_not_written(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    """
    if error.errno == errno.EBUSY:  # a container has the file alone from outside, and a mount cannot be replaced
        return because("file_mounted")
    return str(error.strerror)

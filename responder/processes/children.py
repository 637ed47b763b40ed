"""Child processes: started, restarted when they die, and ended with the process that started them."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from responder.processes.forked import Door, Forked
from responder.processes.tasks import Beside, first_of
from responder.settings.environment import PARENT_FD, environment_with, parent_fd

logger = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "responder")
GOOD_LIFE_S = 10.0  # a child that lived this long starts again after the first delay


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A process to keep running; ``env`` comes on top of our own environment.

    One that serves at a door begins when somebody knocks.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    forked: Forked | None = None
    door: Door | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait before a restart, growing from first to longest, and for children to end."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 5.0
    stop_limit_s: float = 30.0


async def supervise(
    children: Sequence[Child], patience: Patience | None = None, works: Sequence[Coroutine[Any, Any, None]] = ()
) -> None:
    """Keep the children running until SIGTERM or SIGINT, then end them in order.

    Meanwhile the works run. If one dies, the children end too, and its error is raised.
    """
    supervisor = Supervisor(children, patience or Patience())
    beside = Beside(supervisor.stop)
    beside.start(*works)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    try:
        await supervisor.run()
    finally:
        await beside.end()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    beside.raise_death()


class Supervisor:
    """Keeps children running. A pipe tells them when it is gone, however it ended."""

    def __init__(self, children: Sequence[Child], patience: Patience) -> None:
        self._children = children
        self._patience = patience
        self._stopping = asyncio.Event()
        self._running: dict[str, Process | Forked] = {}
        self._forked = {child.name: child.forked for child in children if child.forked}

    def stop(self) -> None:
        """Let ``run`` end the children."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep the children running until ``stop``."""
        reading, writing = os.pipe()  # children inherit the reading end alone, so it ends with this process
        keepers = [asyncio.create_task(self._keep_while_wanted(child, reading)) for child in self._children]
        for keeper in keepers:
            keeper.add_done_callback(lambda _: self.stop())  # it ends early only by a fault of ours, raised below
        try:
            await self._stopping.wait()
            self._ask_to_end()
            await asyncio.wait(keepers, timeout=self._patience.stop_limit_s)
        finally:
            self._stopping.set()
            self._kill()
            await asyncio.wait(keepers)
            os.close(reading)
            os.close(writing)
        for keeper in keepers:
            keeper.result()

    async def _keep_while_wanted(self, child: Child, pipe: int) -> None:
        try:
            await self._keep(child, pipe)
        finally:
            if child.door:
                child.door.shut()
            if forked := self._forked.pop(child.name, None):
                forked.dismiss()

    async def _keep(self, child: Child, pipe: int) -> None:
        loop = asyncio.get_running_loop()
        delay_s = self._patience.first_delay_s
        while await self._is_wanted(child):
            born_at = loop.time()
            status = await self._live(child, pipe)
            if self._stopping.is_set():
                return
            if loop.time() - born_at > GOOD_LIFE_S:
                delay_s = self._patience.first_delay_s
            logger.warning("child ended name=%s status=%s restart_in_s=%.1f", child.name, status, delay_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay_s)
            delay_s = min(2 * delay_s, self._patience.longest_delay_s)

    async def _is_wanted(self, child: Child) -> bool:
        """Whether a child has to begin, once it has: not when we stop."""
        if child.door:
            await first_of(child.door.knocked(), self._stopping.wait())
        return not self._stopping.is_set()

    async def _live(self, child: Child, pipe: int) -> str:
        """One life of a child, and how it ended."""
        try:
            process = await self._begin(child, pipe)
        except OSError as error:
            return f"not started: {error.strerror}"
        self._running[child.name] = process
        if self._stopping.is_set():  # it started after the others were asked to end
            _signal(process, signal.SIGTERM)
        status = await process.wait()
        del self._running[child.name]
        return str(status)

    async def _begin(self, child: Child, pipe: int) -> Process | Forked:
        if forked := self._forked.pop(child.name, None):
            forked.begin(child.env)
            return forked
        env = environment_with({**child.env, PARENT_FD: str(pipe)})
        files = (pipe, child.door.number) if child.door else (pipe,)
        return await asyncio.create_subprocess_exec(*child.argv, env=env, stdin=DEVNULL, pass_fds=files)

    def _ask_to_end(self) -> None:
        for child in self._children:
            if process := self._running.get(child.name):
                _signal(process, signal.SIGTERM)

    def _kill(self) -> None:
        for name, process in self._running.items():
            logger.warning("child killed, since it did not end name=%s", name)
            _signal(process, signal.SIGKILL)


def watch_parent(on_gone: Callable[[], object]) -> None:
    """In a child, call back when the supervisor is gone; nothing happens in a process that has none."""
    pipe = parent_fd()
    if pipe is None:
        return
    os.set_inheritable(pipe, False)  # noqa: FBT003  (it takes no keyword)
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(pipe)
        logger.warning("parent is gone, ending")
        on_gone()

    loop.add_reader(pipe, gone)  # nothing is ever written there: readable means closed


def _signal(process: Process | Forked, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)

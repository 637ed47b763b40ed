"""responder doctor."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from responder.cli.doctor.surroundings import check_disk
from responder.core.contact.effects import StepKind, StepStatus
from responder.core.operations.records import Source
from responder.store.base.history import RuleVersions
from responder.store.consent.erasure import erase
from responder.store.outbound.claims import Fate
from responder.version import full_version
from responder.wiring import utc_now
from tests.builders import ANNA, BRUNO, inbound
from tests.cli.conftest import Installation, Outcome, run
from tests.cli.service.test_text import serving
from tests.conftest import NOON
from tests.going_wrong import DEATHS, arrive, fail
from tests.worker.conftest import RULES

WELL = (
    "settings",
    "disk",
    "rules",
    "redis",
    "service",
    "database",
    "workers",
    "messages",
    "deliveries",
    "handoffs",
    "version",
    "backup",
    "credit",
    "alerts",
)


@asynccontextmanager
async def policy_of(redis: str, policy: str) -> AsyncIterator[None]:
    """A Redis with another policy for a while."""
    reader, writer = await asyncio.open_unix_connection(redis.removeprefix("unix://"))

    async def change(to: str) -> None:
        writer.write(f"CONFIG SET maxmemory-policy {to}\r\n".encode())
        assert await reader.readline() == b"+OK\r\n"

    await change(policy)
    try:
        yield
    finally:
        await change("noeviction")
        writer.close()


@pytest.fixture
def well(here: Installation, redis_socket: str) -> Installation:
    """An installation with a Redis that answers."""
    here.set(REDIS_URL=redis_socket)
    return here


async def examined() -> tuple[Outcome, dict[str, list[tuple[str, str]]]]:
    """How doctor ended, and its findings by what was checked."""
    outcome = await run("doctor", "--json")
    findings: dict[str, list[tuple[str, str]]] = {}
    for record in outcome.records:
        findings.setdefault(record["check"], []).append((record["level"], record["text"]))
    return outcome, findings


async def finding(check: str) -> tuple[str, str]:
    """The one finding of a check."""
    _, findings = await examined()
    (found,) = findings[check]
    return found


async def test_a_running_installation_is_well(well: Installation, redis_socket: str) -> None:
    await well.store.installation.report_worker(
        "w1", well.work.rules.hash, utc_now(), has_redis=True, version=full_version()
    )
    async with serving(well, redis_socket):
        outcome, findings = await examined()
    levels = {check: [level for level, _ in found] for check, found in findings.items()}
    assert (outcome.code, levels.pop("replies")) == (0, ["warning"])
    assert levels == {check: ["ok"] for check in WELL}


async def test_each_line_for_a_person_begins_with_a_sign(well: Installation) -> None:
    outcome = await run("doctor")
    assert outcome.code == 1
    assert {line[:2] for line in outcome.out.splitlines()} == {"✓ ", "! ", "✗ "}


async def test_a_reader_that_has_enough_is_no_fault(well: Installation) -> None:
    pipeline = f"{sys.executable} -m responder doctor | sed '/^. database/q'"
    done = await asyncio.to_thread(subprocess.run, ["sh", "-c", pipeline], capture_output=True, timeout=60, check=True)
    assert ("database" in done.stdout.decode().splitlines()[-1], done.stderr) == (True, b"")


async def test_every_wrong_setting_is_told(well: Installation) -> None:
    well.set(PORT="five", AGILE_API="smoke")
    outcome, findings = await examined()
    assert outcome.code == 1
    assert {level for level, _ in findings["settings"]} == {"error"}
    assert len(findings["settings"]) == 2


async def test_a_misspelt_setting_is_warned_of(well: Installation) -> None:
    well.set(WEBHOOK_TOKN="x")
    _, findings = await examined()
    assert (
        "warning",
        "RESPONDER_WEBHOOK_TOKN is not a setting of this version, did you mean 'RESPONDER_WEBHOOK_TOKEN'?",
    ) in findings["settings"]


async def test_an_open_door_is_told(well: Installation) -> None:
    well.set(HOST="0.0.0.0")  # noqa: S104  (nothing listens)
    _, findings = await examined()
    assert all(level == "error" for level, _ in findings["settings"])
    assert any("RESPONDER_ADMIN_PASSWORD" in text for _, text in findings["settings"])


async def test_every_mistake_of_the_rules_is_told(well: Installation) -> None:
    well.write("rules.yaml", "version: 2\nrulez: []\n")
    outcome, findings = await examined()
    assert outcome.code == 1
    assert len(findings["rules"]) == 2
    assert findings["rules"][0][1].startswith("rules.yaml:1:10: ")


async def test_beside_mistakes_it_tells_which_rules_stay_in_force(well: Installation) -> None:
    await RuleVersions(well.store.database).keep("abc123", [Source(file="rules.yaml", text="version: 1")], NOON)
    well.write("rules.yaml", "version: 2\n")
    _, findings = await examined()
    assert [level for level, _ in findings["rules"]] == ["error", "warning"]
    assert "hash abc123, of 2026-11-23 12:00 UTC" in findings["rules"][1][1]


async def test_a_worker_that_refused_the_file_is_warned_of(well: Installation) -> None:
    await well.store.installation.report_worker(
        "w1", well.work.rules.hash, utc_now(), has_redis=True, rules_are_ok=False
    )
    level, text = await finding("workers")
    assert (level, "last good rules" in text) == ("warning", True)


async def test_a_service_that_does_not_answer_is_told(well: Installation) -> None:
    level, text = await finding("service")
    assert (level, "start it with 'responder run'" in text) == ("error", True)


async def test_a_redis_that_is_away_is_told(well: Installation) -> None:
    well.set(REDIS_URL=f"unix://{well.folder}/none.sock")
    assert (await finding("redis"))[0] == "error"


async def test_a_redis_of_our_own_need_not_run_yet(here: Installation) -> None:
    level, text = await finding("redis")
    assert (level, "starts its own" in text) == ("ok", True)


async def test_a_redis_that_evicts_is_warned_of(well: Installation, redis_socket: str) -> None:
    async with policy_of(redis_socket, "allkeys-lru"):
        level, text = await finding("redis")
    assert (level, "maxmemory-policy noeviction" in text) == ("warning", True)


async def test_a_missing_database_is_told_and_not_made(folder: Path) -> None:
    outcome, findings = await examined()
    assert (outcome.code, findings["database"][0][0]) == (1, "error")
    assert not (folder / "data" / "responder.db").exists()


async def test_without_a_worker_it_says_what_to_start(well: Installation) -> None:
    level, text = await finding("workers")
    assert (level, "responder worker" in text) == ("warning", True)


@pytest.mark.parametrize(("rules_hash", "has_redis"), [("other", True), (None, False)])
async def test_a_worker_with_old_rules_or_without_redis_is_warned_of(
    well: Installation, rules_hash: str | None, *, has_redis: bool
) -> None:
    await well.store.installation.report_worker(
        "w1", rules_hash or well.work.rules.hash, utc_now(), has_redis=has_redis
    )
    assert (await finding("workers"))[0] == "warning"


async def test_a_message_that_has_waited_long_is_an_error(well: Installation) -> None:
    await well.work.receive(inbound(received=utc_now() - timedelta(minutes=2)))
    assert (await finding("messages"))[0] == "error"


async def test_dead_and_uncertain_deliveries_are_counted(well: Installation) -> None:
    await well.work.handle(inbound("News ON"))
    for kind, status in ((StepKind.REPLY, StepStatus.UNCERTAIN), (StepKind.WEBHOOK, StepStatus.DEAD)):
        claimed = await well.store.steps.claim(kind, "w", NOON, 10)
        await well.store.steps.record([Fate(key=each.step.key, status=status) for each in claimed], "w", NOON)
    _, findings = await examined()
    assert [level for level, _ in findings["deliveries"]] == ["warning", "warning"]
    assert [text[:2] for _, text in findings["deliveries"]] == ["1 ", "1 "]


async def test_a_gateway_that_refuses_us_is_an_error_with_its_remedy(well: Installation) -> None:
    refusal = Fate(
        key="k-1",
        status=StepStatus.QUEUED,
        error="the API key is not accepted, check RESPONDER_AGILE_API_KEY",
        begins_hold=True,
    )
    await well.store.steps.record([refusal], "w", NOON)
    level, text = await finding("gateway")
    assert (level, "check RESPONDER_AGILE_API_KEY; they wait" in text) == ("error", True)


async def test_hand_offs_that_wait_are_counted_and_warned_of_after_a_day(well: Installation) -> None:
    assert await finding("handoffs") == ("ok", "nothing waits for a person")
    well.work.clock.now = utc_now()
    await well.work.handle(inbound("what?"), inbound("I want you to stop", BRUNO))
    level, text = await finding("handoffs")
    assert (level, "2 wait for a person" in text, "1 of them holds marketing back" in text) == ("ok", True, True)
    well.work.clock.advance(days=-2)
    await well.work.handle(inbound("hello?"))
    level, text = await finding("handoffs")
    assert (level, "responder handoffs list" in text) == ("warning", True)


async def test_reminders_without_a_number_to_come_from_are_warned_of(well: Installation) -> None:
    reminders = "appointments: {reminders: [{before: 1d, text: Tomorrow.}]}\n"
    well.write("rules.yaml", RULES + reminders)
    _, findings = await examined()
    assert "reminders" not in findings
    well.set(AGILE_API_KEY="key")
    level, text = await finding("reminders")
    assert (level, "set RESPONDER_SENDER" in text) == ("warning", True)
    well.set(SENDER="+393331234333")
    _, findings = await examined()
    assert "reminders" not in findings


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder where every user of the machine may go, as none below the tests' own is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def use(well: Installation, folder: Path, *, folder_mode: int, file_mode: int) -> Path:
    """Let the database lie in a folder, each with its rights."""
    database = folder / "responder.db"
    shutil.copy(well.folder / "data" / "responder.db", database)
    database.chmod(file_mode)
    folder.chmod(folder_mode)
    well.set(DATABASE_URL=f"sqlite:///{database}")
    return database


async def test_a_database_that_others_can_read_is_told_with_the_remedy(well: Installation, open_folder: Path) -> None:
    database = use(well, open_folder, folder_mode=0o755, file_mode=0o644)
    found = (await examined())[1]["files"]
    assert ("warning", f"{database}: other users of this machine can read it: run  chmod 600 {database}") in found


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o755, 0o600), (0o700, 0o644)])
async def test_a_database_that_nobody_else_can_reach_is_fine(
    well: Installation, open_folder: Path, folder_mode: int, file_mode: int
) -> None:
    use(well, open_folder, folder_mode=folder_mode, file_mode=file_mode)
    assert "files" not in (await examined())[1]


def test_a_database_that_is_made_is_for_its_user_alone(open_folder: Path) -> None:
    environment = {**os.environ, "RESPONDER_DATA_DIR": str(open_folder)}
    command = [
        sys.executable,
        "-c",
        "import os; os.umask(0o022); from responder.cli.main import main; main()",
        "migrate",
    ]
    subprocess.run(command, env=environment, check=True, cwd=open_folder, capture_output=True)
    assert {path.name: path.stat().st_mode & 0o077 for path in open_folder.iterdir()} == {"responder.db": 0}


async def test_messages_that_failed_are_told_with_the_reason_and_the_way_back(well: Installation) -> None:
    await fail(well.store, "ValueError: Anna said so", *DEATHS)
    outcome, findings = await examined()
    (level, text), *_ = [found for found in findings["messages"] if "could not" in found[1]]
    assert (outcome.code, level) == (1, "error")
    assert text.startswith(f"3 could not be handled: {DEATHS[0]} (2), ValueError (1); ")
    assert "responder messages retry --status failed" in text


async def test_a_failed_message_whose_text_is_gone_is_done_with(well: Installation) -> None:
    await fail(well.store, "ValueError: Anna said so")
    await erase(well.store.database, well.store.secret, ANNA, "op", NOON)
    assert (await finding("messages"))[0] == "ok"


async def test_a_clock_that_is_off_is_told_with_the_zone_that_would_fit(well: Installation) -> None:
    await arrive(well.store, well.work.clock, *[3600] * 10)
    level, text = await finding("clock")
    assert level == "error"
    assert "RESPONDER_GATEWAY_TIMEZONE (Europe/Rome) is not its zone, UTC would fit" in text
    well.set(GATEWAY_TIMEZONE="UTC")
    assert (await finding("clock"))[0] == "ok"


@pytest.mark.parametrize(("free", "level"), [(50 * 10**6, "error"), (10**9, "warning"), (50 * 10**9, "ok")])
def test_the_room_on_the_disk_is_judged(tmp_path: Path, free: int, level: str) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    (told,) = check_disk(tmp_path, lambda _folder: usage)
    assert (told.check, str(told.level)) == ("disk", level)

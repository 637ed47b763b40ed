"""Ten thousand reminders due at once leave at the set rate, once each, and delay no reply."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.end_to_end.service import Service
from tests.receiver import Received, receiving

MANY, RATE, REPLIES = 10_000, 300, 60
RULES = """
version: 1
languages: [en]
appointments:
  reminders: [{before: 24h, text: "Reply YES to confirm.", valid_for: 12h}]
rules:
  - name: hours
    when: {text: Hours}
    then: [{reply: "We are open from 9 to 18."}]
"""


class Watched(list[Received]):
    """Requests, and when each arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[str, float] = {}

    def append(self, request: Received) -> None:
        super().append(request)
        self.at[request.json()["destination"]] = time.monotonic()


def phone(number: int, *, reminded: bool) -> str:
    return f"+3933{int(reminded)}{number:07}"


def appointments(folder: Path) -> Path:
    """A file of appointments whose reminders are due since a moment ago."""
    starts_at = datetime.now(UTC) + timedelta(hours=24, minutes=-1)
    lines = [f"a{number},{phone(number, reminded=True)},{starts_at.isoformat()}" for number in range(MANY)]
    (folder / "appointments.csv").write_text("\n".join(["id,originator,starts_at", *lines]))
    return folder / "appointments.csv"


@pytest.mark.faults
async def test_reminders_leave_at_the_rate_and_hold_up_no_reply(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.requests = watched = Watched()
        (tmp_path / "rules.yaml").write_text(RULES)
        out = {
            "RESPONDER_SEND_RATE": f"{RATE}/s",
            "RESPONDER_AGILE_API_KEY": "key",
            "RESPONDER_AGILE_URL": f"{receiver.url}/send",
        }
        service = Service(folder=tmp_path, settings=out | {"RESPONDER_SENDER": "+393331234333"})
        try:
            await service.start()
            subprocess.run(  # noqa: ASYNC221
                [sys.executable, "-m", "responder", "appointments", "import", appointments(tmp_path)],
                cwd=tmp_path,
                check=True,
            )
            await receiver.wait_for(100, 30)
            asked = {}
            for number in range(REPLIES):
                originator = phone(number, reminded=False)
                asked[originator] = time.monotonic()
                assert await service.send("Hours", originator) == 200
                await wait_until(lambda of=originator: of in watched.at, 20, "the reply")  # type: ignore[misc]
            assert len(watched) < MANY, "the replies were to come in between"
            await receiver.wait_for(MANY + REPLIES, 120)
            await service.settled()
        finally:
            service.kill_all()
    delays = sorted(watched.at[originator] - began for originator, began in asked.items())
    print(f"replies in between: median {delays[REPLIES // 2]:.3f} s, last {delays[-1]:.3f} s")  # noqa: T201  (shown with -rP)
    assert delays[-1] < 2
    assert len({request.json()["destination"] for request in watched}) == len(watched) == MANY + REPLIES
    moments = sorted(watched.at.values())
    assert (MANY + REPLIES - 2 * RATE) / (moments[-1] - moments[0]) < RATE * 1.1

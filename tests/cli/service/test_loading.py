"""What a part of the service loads: only what it works with, since the rest takes time and memory at each start."""

import subprocess
import sys

import pytest

ELSEWHERE = (
    "typer",  # commands with options
    "rich",  # tables and bars
    "pygments",
    "sqlalchemy.orm",  # nowhere
    "alembic",  # to change an older database
    "valkey",  # nowhere: it comes with the package of the server's binary
    "imapclient",  # mail
    "aiosmtplib",  # alerts by e-mail
    "pyrage",  # backup
    "python_calamine",  # imports
    "responder.cli.app",
    "responder.cli.terminal.session",
    "responder.web.console",
)
OF_WEB = ("starlette", "uvicorn", "httptools", "prometheus_client", "responder.web")
OF_THE_WORKER = ("httpx", "responder.worker", "responder.clients.http")
PACE = "from responder.pace import *; Pace('unix:///nowhere', Rate(count=1, period=timedelta(seconds=1)), None)"
LOADED = {
    "run, before it knows its rules": ("import responder.cli.service.serving", (*OF_WEB, *OF_THE_WORKER, "arq")),
    "web": ("import responder.cli.service.serving, responder.web.server", OF_THE_WORKER),
    "worker": ("import responder.cli.service.serving, responder.worker.serve", OF_WEB),
    "the pace of texts": (f"from datetime import timedelta; {PACE}", OF_WEB),
}


@pytest.mark.parametrize(("program", "others"), LOADED.values(), ids=LOADED)
def test_a_part_loads_nothing_that_only_others_use(program: str, others: tuple[str, ...]) -> None:
    script = (
        f"import sys, responder.cli.main; {program}; print([m for m in {ELSEWHERE + others!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == "[]\n"

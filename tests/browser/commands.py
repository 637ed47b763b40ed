"""Commands of an installation that runs, as an operator types them."""

import asyncio
import json
import os
import sys
from typing import Any

from tests.end_to_end.service import Service


async def run_command(service: Service, *arguments: str, code: int = 0) -> str:
    """Run a command where the service runs, and tell what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RESPONDER_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "responder",
        *arguments,
        cwd=service.folder,
        env={**kept, "RESPONDER_PORT": str(service.port), **service.settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, wrong = await process.communicate()
    assert process.returncode == code, f"{arguments}: {out.decode()} {wrong.decode()}"
    return out.decode()


async def records(service: Service, *arguments: str) -> list[dict[str, Any]]:
    """The records that a command prints."""
    return [json.loads(line) for line in (await run_command(service, *arguments, "--json")).splitlines()]

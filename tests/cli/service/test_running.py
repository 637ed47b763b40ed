"""``run`` where something else is in its way."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from responder.cli.service.running import prepare, run_everything
from responder.errors import ConfigurationError
from responder.processes.forked import Door
from responder.settings.model import load_settings


async def test_a_port_that_somebody_else_listens_at_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("version: 1\n")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        names = {"RULES": tmp_path / "rules.yaml", "DATA_DIR": tmp_path / "data", "PORT": port}
        settings = load_settings({f"RESPONDER_{name}": str(value) for name, value in names.items()})
        taken = f"RESPONDER_PORT: {port} is taken on 127.0.0.1.*set another port"
        with closing(Door("console")) as door, pytest.raises(ConfigurationError, match=taken):
            await run_everything(settings, await prepare(settings), {}, door, port_free_within_s=0.0)

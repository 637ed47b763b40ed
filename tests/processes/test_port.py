"""The port of web: taken by something else, it is told with the remedy."""

import socket

import pytest

from responder.errors import ConfigurationError
from responder.processes.forked import wait_for_port


async def test_a_port_that_is_taken_is_told_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"RESPONDER_PORT: {port} is taken on 127.0.0.1.*set another port"):
            await wait_for_port("127.0.0.1", port)


async def test_a_free_port_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    await wait_for_port("127.0.0.1", port)

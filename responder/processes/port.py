"""The port that web listens on: whether something else has it."""

import asyncio
import errno
import socket
import time

from responder.errors import ConfigurationError


async def wait_for_port(host: str, port: int, limit_s: float = 0.0) -> None:
    """Wait until web's port is free; ConfigurationError if it stays taken."""
    gives_up_at = time.monotonic() + limit_s
    while _is_taken(host, port):
        if time.monotonic() >= gives_up_at:
            taken = f"RESPONDER_PORT: {port} is taken on {host}, by another responder or another program"
            raise ConfigurationError(f"{taken}: end that one, or set another port")
        await asyncio.sleep(0.1)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False

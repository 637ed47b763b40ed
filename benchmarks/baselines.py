"""``python -m benchmarks.baselines NAME …``: the programs to compare with, as lean as their users would write them."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn
import uvloop
from arq import func
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import ConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from responder.jobs import dumps, loads
from responder.worker.supervisor import MAX_JOBS, READ_LIMIT

HEAD: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", b"3")],
}
BODY: Message = {"type": "http.response.body", "body": b"+OK"}
TUNED: dict[str, Any] = {
    "poll_delay": 0.02,
    "max_jobs": MAX_JOBS,
    "queue_read_limit": READ_LIMIT,
    "keep_result": 0,
    "log_results": False,
    "job_serializer": dumps,
    "job_deserializer": loads,
}
QUEUE = "arq:queue"
HEALTH = f"{QUEUE}:health-check"


async def bare(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer +OK, and look at nothing."""
    assert scope["type"] == "http"
    await send(HEAD)
    await send(BODY)


def one_job_each(redis_url: str) -> Starlette:
    """Read a form with Starlette, enqueue a job for it, and answer +OK."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.redis = redis_at(redis_url)
        yield
        await app.state.redis.aclose(close_connection_pool=True)

    async def take(request: Request) -> Response:
        async with request.form() as form:
            fields = {name: str(value) for name, value in form.items()}
        if await request.app.state.redis.enqueue_job("handle", fields) is None:
            raise RuntimeError("not enqueued")
        return PlainTextResponse("+OK")

    return Starlette(routes=[Route("/webhook/sms", take, methods=["POST"])], lifespan=lifespan)


def redis_at(url: str, settings: str = "default") -> ArqRedis:
    """A pool of connections to a Redis, as arq makes it, or tuned like ours."""
    pool = ConnectionPool.from_url(url)
    return ArqRedis(pool, job_serializer=dumps, job_deserializer=loads) if settings == "tuned" else ArqRedis(pool)


def serve(app: Any, port: int, lifespan: Any) -> None:  # noqa: ANN401  (any application, uvicorn's own words)
    """Run an application with uvicorn's settings as in responder."""
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
    )


async def empty(ctx: dict[Any, Any], *_arguments: Any, **_named: Any) -> None:  # noqa: ANN401  (arq's own signature)
    """Do nothing."""


async def work(redis_url: str, settings: str) -> None:
    """Run arq's worker on empty jobs until it is told to stop."""
    options = TUNED if settings == "tuned" else {}
    functions = [func(empty, name=name) for name in ("empty", "handle")]
    worker = Worker(functions=functions, redis_pool=redis_at(redis_url, settings), **options)
    with contextlib.suppress(asyncio.CancelledError):
        await worker.async_run()


async def post(port: int, count: int, together: int) -> None:
    """Send texts to a send API, some at once, and remember nothing of them."""
    numbers = iter(range(count))
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=together)) as client:

        async def send() -> None:
            for number in numbers:
                await client.post(f"http://127.0.0.1:{port}/send", json={"destination": str(number)})

        await asyncio.gather(*(send() for _ in range(together)))


def main(name: str, *arguments: str) -> None:
    """Run a program by its name."""
    match name, arguments:
        case "bare", (port,):
            serve(bare, int(port), "off")
        case "one-job-each", (port, redis_url):
            serve(one_job_each(redis_url), int(port), "on")
        case "arq", (redis_url, settings):
            uvloop.run(work(redis_url, settings))
        case "posts", (port, count, together):
            uvloop.run(post(int(port), int(count), int(together)))
        case _:
            raise SystemExit(
                "usage: python -m benchmarks.baselines bare PORT | one-job-each PORT REDIS_URL | arq "
                "REDIS_URL tuned|default | posts PORT COUNT TOGETHER"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])

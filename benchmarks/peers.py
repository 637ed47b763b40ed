"""``python -m benchmarks.peers NAME fill|work REDIS_URL …``: Celery and rq as they come, with empty jobs, if they are installed."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from redis import Redis

NAMES = ("celery", "rq")
QUEUES = {"celery": ("celery", "unacked"), "rq": ("rq:queue:default", "rq:wip:default")}
"""Where the jobs of each wait in Redis, and those that a worker has in hand."""


def is_installed(name: str) -> bool:
    """Whether a peer can be measured."""
    return find_spec(name) is not None


def waiting(name: str, redis: Redis) -> int:
    """How many jobs wait."""
    return int(str(redis.llen(QUEUES[name][0])))


def undone(name: str, redis: Redis) -> int:
    """How many wait, or are in hand."""
    in_hand = QUEUES[name][1]
    return waiting(name, redis) + int(str(redis.hlen(in_hand) if name == "celery" else redis.zcard(in_hand)))


def empty(_number: int) -> None:
    """Do nothing."""


def celery(redis_url: str) -> tuple[Any, Any]:
    """Celery's application, and the job."""
    app: Any = import_module("celery").Celery("peers", broker=redis_url.replace("unix://", "redis+socket://"))
    return app, app.task(empty, name="empty")


def main(name: str, act: str, redis_url: str, count: str = "0") -> None:
    """Let as many jobs wait, or work them off until told to stop."""
    if name == "celery":
        app, job = celery(redis_url)
        if act == "work":
            app.worker_main(["worker"])
        for number in range(int(count)):
            job.delay(number)
    else:
        rq: Any = import_module("rq")
        queue = rq.Queue(connection=Redis.from_url(redis_url))
        if act == "work":
            rq.Worker([queue], connection=queue.connection).work()
        for number in range(int(count)):
            queue.enqueue("benchmarks.peers.empty", number)


if __name__ == "__main__":
    main(*sys.argv[1:])

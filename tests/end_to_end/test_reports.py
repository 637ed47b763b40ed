"""A reply's whole way in a running service: by the legacy API, through a refused key, to the report that it was delivered."""

from pathlib import Path

import httpx

from tests.conftest import wait_until
from tests.end_to_end.service import Service, serving
from tests.receiver import receiving

PAYLOADS = Path(__file__).parent.parent / "gateways" / "agile"
REPLIES = "SELECT status, attempts FROM steps WHERE kind = 'reply'"


async def report(service: Service, key: str) -> httpx.Response:
    """Report on a reply as the gateway does, under our own id."""
    event = {
        "id": "msg_abc123",
        "globalId": key,
        "status": "DELIVERED",
        "statusCode": 0,
        "doneDate": "2026-05-14T10:23:14.221+0200",
    }
    async with httpx.AsyncClient(verify=False) as client:  # noqa: S501  (none is asked for)
        return await client.post(f"http://127.0.0.1:{service.port}/webhook/delivery", json=[event])


async def test_a_refused_key_keeps_the_reply_until_a_start_with_a_better_one_and_a_report_tells_its_delivery(
    tmp_path: Path,
) -> None:
    async with receiving() as receiver, serving(tmp_path, receiver, RESPONDER_AGILE_API="legacy") as service:
        receiver.status = 401
        await service.send("News ON", "+393301234567")

        async def is_told() -> bool:
            return "RESPONDER_AGILE_API_KEY" in str((await service.readyz()).get("gateway"))

        await wait_until(is_told, what="the refusal")
        assert service.query(REPLIES) == [("queued", 0)]
        assert await service.stop() == [0]
        receiver.status, receiver.body = 200, (PAYLOADS / "legacy_processed.json").read_bytes()
        await service.start()
        await wait_until(lambda: service.query(REPLIES) == [("sent", 1)], what="the reply")
        sent = [request.json()["messages"][0] for request in receiver.requests if request.path == "/send"][-1]
        assert (sent["destinations"], sent["ids"]) == (
            ["+393301234567"],
            [key for (key,) in service.query("SELECT key FROM steps WHERE kind = 'reply'")],
        )
        assert (await report(service, sent["ids"][0])).content == b"+OK"
        assert service.query("SELECT status, delivered_at IS NOT NULL FROM steps WHERE kind = 'reply'") == [
            ("delivered", 1)
        ]
        assert (await service.readyz())["gateway"] == "ok"

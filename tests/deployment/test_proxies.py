"""A real nginx and a real Caddy, by the examples of deploy/, in front of a real service."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.conftest import free_port, wait_until
from tests.deployment.proxies import STARTS, Proxy, found
from tests.end_to_end.service import SHOP, Service

pytestmark = [pytest.mark.tour, pytest.mark.asyncio(loop_scope="module")]
TOKEN = "token-of-the-webhook-that-no-log-may-show"
PASSWORD = "long enough, and easy to type"
GATEWAY = "127.0.0.7"  # an address of this machine, as if it were the gateway's
RULES = """version: 1
rules:
  - name: hello
    when: {text: hello}
    then: {reply: "Good morning."}
"""
INSECURE = ssl._create_unverified_context()  # noqa: S323  (the certificate of the test is its own)


@pytest.fixture(scope="module", params=sorted(STARTS))
def program(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if not found(name):
        pytest.skip(f"{name} is not installed")
    return name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(program: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Proxy, Service]]:
    """The proxy, and the service behind it."""
    port = free_port()
    folder, in_front = tmp_path_factory.mktemp("service"), tmp_path_factory.mktemp(program)
    proxy = STARTS[program](in_front, port)
    service = Service(folder, port=port)
    service.settings = {
        "RESPONDER_WEBHOOK_TOKEN": TOKEN,
        "RESPONDER_ADMIN_PASSWORD": PASSWORD,
        "RESPONDER_ALLOWED_IPS": GATEWAY,
        "RESPONDER_TRUSTED_PROXIES": "127.0.0.1",
        "RESPONDER_PUBLIC_URL": proxy.origin,
    }
    (folder / "rules.yaml").write_text(RULES)
    try:
        await service.start(300)
        yield proxy, service
    finally:
        proxy.stop()
        service.kill_all()


def client_at(address: str, proxy: Proxy) -> httpx.AsyncClient:
    """A client that calls from an address of this machine."""
    transport = httpx.AsyncHTTPTransport(verify=INSECURE, local_address=address)
    return httpx.AsyncClient(transport=transport, base_url=proxy.origin, timeout=10)


async def text(client: httpx.AsyncClient, originator: str = "+393331112222", **headers: str) -> httpx.Response:
    form = {"originator": originator, "destination": SHOP, "date_time": "20261123130000", "text": "hello"}
    return await client.post(f"/webhook/sms/{TOKEN}", data=form, headers=headers)


async def test_a_text_arrives_through_the_proxy(both: tuple[Proxy, Service]) -> None:
    proxy, service = both
    async with client_at(GATEWAY, proxy) as gateway:
        answer = await text(gateway)
    assert (answer.status_code, answer.content) == (200, b"+OK")
    await wait_until(lambda: service.query("SELECT rule FROM messages") == [("hello",)], what="the text to be handled")


async def test_only_the_gateways_address_may_call_the_webhook(both: tuple[Proxy, Service]) -> None:
    proxy, _ = both
    async with client_at("127.0.0.1", proxy) as stranger:
        assert (await text(stranger)).status_code == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_an_address_that_a_client_claims_is_not_believed(both: tuple[Proxy, Service], header: str) -> None:
    proxy, _ = both
    claimed = f"for={GATEWAY}" if header == "forwarded" else GATEWAY
    async with client_at("127.0.0.1", proxy) as stranger:
        assert (await text(stranger, **{header: claimed})).status_code == 404


async def test_people_sign_in_and_their_cookie_is_secure(both: tuple[Proxy, Service]) -> None:
    proxy, _ = both
    async with client_at("127.0.0.1", proxy) as browser:
        answer = await browser.post(
            "/sign-in", data={"name": "Anna", "password": PASSWORD}, headers={"origin": proxy.origin}
        )
        assert answer.status_code == 303
        assert "secure" in answer.headers["set-cookie"].lower()
        assert (await browser.get("/")).status_code == 200


async def test_the_feed_is_passed_on_as_it_comes(both: tuple[Proxy, Service]) -> None:
    proxy, _ = both
    async with client_at("127.0.0.1", proxy) as browser, client_at(GATEWAY, proxy) as gateway:
        await browser.post("/sign-in", data={"name": "Anna", "password": PASSWORD}, headers={"origin": proxy.origin})
        async with browser.stream("GET", "/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            await anext(lines)
            assert (await text(gateway, "+393335556666")).status_code == 200
            assert await _says(lines, "hello")


async def _says(lines: AsyncIterator[str], word: str) -> bool:
    async for line in lines:
        if word in line:
            return True
    return False


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz"])
async def test_the_state_of_the_service_is_for_this_machine_only(both: tuple[Proxy, Service], path: str) -> None:
    proxy, _ = both
    async with client_at(GATEWAY, proxy) as outside, client_at("127.0.0.1", proxy) as inside:
        assert (await outside.get(path)).status_code in {403, 404}
        assert (await inside.get(path)).status_code == 200


async def test_a_body_that_no_text_has_is_refused_by_the_proxy_or_the_service(both: tuple[Proxy, Service]) -> None:
    proxy, _ = both
    async with client_at(GATEWAY, proxy) as gateway:
        assert (await gateway.post(f"/webhook/sms/{TOKEN}", content=b"x" * 70_000)).status_code == 413


async def test_no_log_shows_the_token_also_while_the_service_is_away(both: tuple[Proxy, Service]) -> None:
    proxy, service = both
    async with client_at(GATEWAY, proxy) as gateway:
        assert await service.stop() == [0]
        assert (await text(gateway)).status_code == 502
        assert (await gateway.post(f"/webhook/delivery/{TOKEN}", data={"x": "1"})).status_code == 502
        assert (await gateway.post(f"{proxy.origin}//webhook/sms/{TOKEN}?a=1", data={"x": "1"})).status_code == 502
        await service.start(300)
    proxy.process.terminate()
    proxy.process.wait(10)
    assert TOKEN not in proxy.wrote()
    assert "/sms/-" in proxy.wrote()
    assert TOKEN not in service.said()

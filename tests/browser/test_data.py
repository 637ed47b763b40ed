"""Lists as data are what the commands print, and a message copied as a test passes (F2.3, and the one truth behind all doors)."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tests.browser.commands import records, run_command
from tests.browser.conftest import Opens
from tests.end_to_end.service import Service
from tests.receiver import Receiver

ANNA, BEA = "+393339000001", "+393339000002"
DAY = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
SAME = {
    "/messages.json": ("messages", "list"),
    "/messages.json?rule=news-on": ("messages", "list", "--rule", "news-on"),
    "/messages.json?status=handled": ("messages", "list", "--status", "handled"),
    "/inbox.json": ("handoffs", "list"),
    "/deliveries.json": ("deliveries", "list"),
    "/deliveries.json?status=sent": ("deliveries", "list", "--status", "sent"),
    "/lists/news.json": ("subscribers", "list", "--list", "news"),
    f"/appointments.json?day={DAY}": ("appointments", "board", "--day", DAY),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(service: Service, receiver: Receiver) -> Service:
    """A run with a record of every kind."""
    (service.folder / "day.csv").write_text(f"id,originator,starts_at,name\na1,{ANNA},{DAY}T10:00,Anna\n")
    await run_command(service, "appointments", "import", "day.csv")
    for text, number in (("News ON", ANNA), ("News OFF", BEA), ("Are you there?", BEA), ("order 1", BEA)):
        await service.send(text, number)
        await service.settled()
    return service


@pytest.mark.parametrize("path", SAME)
async def test_a_list_as_data_is_what_its_command_prints(filled: Service, window: Opens, path: str) -> None:
    desk = await window(filled, "/status")
    told = await records(filled, *SAME[path])
    assert await desk.data(path) == told
    assert told, "an empty list would prove nothing"


async def test_a_message_copied_as_a_test_passes_in_the_file(filled: Service, window: Opens) -> None:
    key = (await records(filled, "messages", "list", "--rule", "news-on"))[0]["key"]
    desk = await window(filled, f"/messages/{key}")
    copied = await desk.page.locator("#as-test").text_content()
    file = filled.folder / "with-test.yaml"
    file.write_text(f"{(filled.folder / 'rules.yaml').read_text()}tests:\n{copied}")
    await run_command(filled, "test", "with-test.yaml")

"""What was given up and why, and tried again at the press of a button (F11)."""

from tests.browser.commands import records
from tests.browser.conftest import Opens, Serves
from tests.receiver import ACCEPTED, Receiver

ORDERS = 10


async def test_ten_calls_that_were_given_up_go_again_under_the_ids_they_had(
    serve: Serves, receiver: Receiver, window: Opens
) -> None:
    receiver.status = 410  # it wants no more calls
    service = await serve()
    for number in range(ORDERS):
        await service.send(f"order {number}", f"+39333400{number:04}")
    await service.settled()
    desk = await window(service, "/deliveries")
    assert await desk.h1() == "Deliveries"
    await desk.page.get_by_role("combobox", name="Webhook").select_option("crm")
    await desk.press("Filter")
    shown = await desk.page.locator("tbody tr td.figure").all_inner_texts()
    told = await records(service, "deliveries", "list", "--status", "dead")
    assert sorted(shown) == sorted(str(one["attempts"]) for one in told)
    assert len(told) == ORDERS
    receiver.requests.clear()
    receiver.status, receiver.body = 200, ACCEPTED
    await desk.press(f"Retry {ORDERS}")
    await desk.sees(f"{ORDERS} calls are tried again")
    await receiver.wait_for(ORDERS, 60)
    assert {request.headers["webhook-id"] for request in receiver.requests} == {one["key"] for one in told}
    await service.settled()
    await desk.go("/deliveries")
    await desk.sees("Nothing was given up")


async def test_an_uncertain_reply_is_retried_alone_and_its_page_says_what_may_happen(
    serve: Serves, receiver: Receiver, window: Opens
) -> None:
    receiver.drops = True  # the body has gone out, and no answer comes
    service = await serve()
    await service.send("News ON", "+393334100001")
    await service.settled(60)
    receiver.drops = False
    desk = await window(service, "/deliveries?tab=uncertain")
    await desk.sees("the phone may have the text already")
    assert await desk.page.get_by_role("button", name="Retry").count() == 1
    assert await desk.page.locator("form[action='/deliveries/retry']").count() == 0
    await desk.press("Retry")
    await desk.sees("It is tried again")

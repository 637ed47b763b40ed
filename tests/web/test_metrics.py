"""GET /metrics."""

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from responder.core.consent.standing import SubscriberChange
from responder.core.contact.known import SubscriptionStatus
from responder.core.rules.sections import AlertKind, Trouble
from responder.store.base.tables import steps
from responder.store.consent.reading import OPTED_OUT, SUBSCRIPTIONS
from responder.store.consent.stopping import opt_out
from responder.store.consent.subscribers import put_subscribers
from responder.store.operations.alerts import Telling, note_troubles
from responder.store.operations.sources import claim_question, note_credit
from responder.store.outbound.holds import begin_hold
from responder.store.queue.entering import step_rows
from responder.web.app import Tallies
from tests.builders import ANNA, BRUNO, inbound, minutes, reply_step
from tests.going_wrong import DEATHS, arrive, fail
from tests.web.conftest import WebSide

NUMBERS = itertools.count(1)


async def figures(web: WebSide) -> dict[str, float]:
    """The figures by their names."""
    lines = (await web.get("/metrics")).text.splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


async def test_it_is_what_prometheus_reads(web: WebSide) -> None:
    response = await web.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE responder_rules_reload_ok gauge" in response.text


async def test_texts_are_counted_by_rule_and_status(web: WebSide) -> None:
    await web.store.inbox.add([inbound("ciao", received=web.clock())], {})
    assert (await figures(web))['responder_texts_last_day{rule="",status="received"}'] == 1


async def test_the_room_on_the_disk_is_told(web: WebSide) -> None:
    assert (await figures(web))["responder_disk_free_bytes"] > 0


@pytest.mark.parametrize("given", [None, "Bearer wrong", "the token", "Basic the token"])
async def test_without_its_token_there_are_no_figures(web: WebSide, given: str | None) -> None:
    web.metrics_token = "the token"
    response = await web.get("/metrics", headers={"authorization": given} if given else {})
    assert (response.status_code, "responder_" in response.text) == (404, False)


async def test_with_its_token_there_are_figures(web: WebSide) -> None:
    web.metrics_token = "the token"
    assert (await web.get("/metrics", headers={"authorization": "Bearer the token"})).status_code == 200


async def test_the_rules_in_force_are_told(web: WebSide) -> None:
    told = await figures(web)
    assert {name: value for name, value in told.items() if name.startswith("responder_rules")} == {
        "responder_rules": 3,
        "responder_rules_reload_ok": 1,
        "responder_rules_last_good_timestamp_seconds": web.rules.last_good_at.timestamp(),
        'responder_rules_info{hash="abc"}': 1,
    }


async def test_a_refused_file_is_told(web: WebSide) -> None:
    web.rules = replace(web.rules, mistakes=("rules.yaml:1:1: empty",))
    assert (await figures(web))["responder_rules_reload_ok"] == 0


async def test_workers_are_counted_by_what_ails_them(web: WebSide) -> None:
    for name, has_redis, rules_are_ok in (("w1", True, True), ("w2", False, True), ("w3", True, False)):
        await web.store.installation.report_worker(
            name, "abc", web.clock.now, has_redis=has_redis, rules_are_ok=rules_are_ok
        )
    told = await figures(web)
    assert [told[f"responder_workers{what}"] for what in ("", "_with_redis", "_rules_refused")] == [3, 2, 1]


async def test_a_gateway_that_refuses_us_is_told(web: WebSide) -> None:
    assert (await figures(web))["responder_gateway_ok"] == 1
    async with web.store.database.write() as connection:
        await begin_hold(connection, "no credit", web.clock.now, web.store.database.insert)
    assert (await figures(web))["responder_gateway_ok"] == 0


async def test_refused_requests_are_counted_by_reason(web: WebSide) -> None:
    web.refusals.totals["400"] = 3
    assert (await figures(web))['responder_requests_refused_total{reason="400"}'] == 3


async def test_the_wait_of_the_oldest_message_is_told(web: WebSide) -> None:
    await web.store.inbox.add([inbound(received=web.clock.now - minutes(2))], {})
    assert (await figures(web))["responder_oldest_waiting_seconds"] == 120


async def test_messages_that_failed_are_counted_by_their_reasons(web: WebSide) -> None:
    assert (await figures(web))["responder_messages_failed"] == 0
    await fail(web.store, "ValueError: Anna said so", *DEATHS)
    told = await figures(web)
    assert told["responder_messages_failed"] == 3
    by_reason = [
        told[f'responder_messages_failed_by_reason{{reason="{reason}"}}'] for reason in ("ValueError", DEATHS[0])
    ]
    assert by_reason == [1, 2]


async def test_how_far_the_gateways_clock_is_behind_is_told_once_ten_texts_tell_it(web: WebSide) -> None:
    await arrive(web.store, web.clock, *[-3600] * 9)
    assert "responder_gateway_clock_offset_seconds" not in await figures(web)
    await arrive(web.store, web.clock, -3600)
    assert (await figures(web))["responder_gateway_clock_offset_seconds"] == -3600


async def test_a_database_that_is_away_is_told_and_hides_nothing_else(web: WebSide) -> None:
    async with web.store.database.write() as connection:
        await connection.exec_driver_sql("DROP TABLE messages")
    told = await figures(web)
    assert (told["responder_database_up"], told["responder_rules"], "responder_workers" in told) == (0, 3, False)


async def test_a_mistake_anywhere_is_shown_in_readyz(web: WebSide) -> None:
    web.rules = replace(web.rules, mistakes=tuple(f"rules.yaml:{line}:1: wrong" for line in range(1, 30)))
    rules = (await web.get("/readyz")).json()["rules"]
    assert (rules["ok"], rules["mistakes"][0], len(rules["mistakes"])) == (False, "rules.yaml:1:1: wrong", 10)


async def test_a_worker_that_refused_its_file_is_shown_in_readyz(web: WebSide) -> None:
    await web.store.installation.report_worker("w1", "abc", web.clock.now, has_redis=True, rules_are_ok=False)
    assert (await web.get("/readyz")).json()["rules"]["ok"] is False


FIGURES = "api, status, count(*), sum(delivery_ms), sum(segments), sum(billed_segments)"


async def put_replies(
    web: WebSide, *statuses: str, ago: timedelta = timedelta(hours=1), took_ms: int | None = None, **other: object
) -> None:
    fare = {"submitted_at": web.clock.now - ago, "delivery_ms": took_ms, "api": "universal"} | other
    async with web.store.database.write() as connection:
        for status in statuses:
            [row] = step_rows([reply_step(f"k{next(NUMBERS)}-1")], web.clock.now)
            await connection.execute(steps.insert(), row | fare | {"status": status})


async def test_the_share_of_replies_delivered_in_a_day_is_told(web: WebSide) -> None:
    await put_replies(web, "delivered", "delivered", "delivered", "failed", "dead", "uncertain")
    await put_replies(web, "failed", ago=timedelta(hours=25))
    told = await figures(web)
    assert told['responder_delivered_ratio{api="universal"}'] == 0.75
    counts = {
        status: told[f'responder_replies_last_day{{api="universal",status="{status}"}}']
        for status in ("dead", "delivered", "failed", "uncertain")
    }
    assert counts == {"dead": 1, "delivered": 3, "failed": 1, "uncertain": 1}


async def test_without_a_reply_there_is_no_share(web: WebSide) -> None:
    assert not any(name.startswith("responder_delivered_ratio") for name in await figures(web))


async def test_the_replies_of_both_apis_can_be_compared(web: WebSide) -> None:
    await put_replies(web, "delivered", "failed", api="legacy", took_ms=1000)
    await put_replies(web, "delivered", api="universal", took_ms=1000)
    told = await figures(web)
    assert [told[f'responder_delivered_ratio{{api="{api}"}}'] for api in ("legacy", "universal")] == [0.5, 1]
    assert [told[f'responder_delivery_seconds_gcount{{api="{api}"}}'] for api in ("legacy", "universal")] == [2, 1]


async def test_segments_are_told_as_we_and_as_the_gateway_count_them(web: WebSide) -> None:
    await put_replies(web, "sent", "sent", billed_segments=2)
    await put_replies(web, "sent")
    told = await figures(web)
    counts = [told[f'responder_segments_last_day{{api="universal",counted_by="{who}"}}'] for who in ("us", "gateway")]
    assert counts == [2, 4]


async def test_how_long_replies_took_to_the_phone_is_told(web: WebSide) -> None:
    for took_ms in (1500, 5000, 5001, 4_000_000):
        await put_replies(web, "delivered", took_ms=took_ms)
    told = await figures(web)
    took, of = "responder_delivery_seconds", '{api="universal"}'
    buckets = [
        told[f'responder_delivery_seconds_bucket{{api="universal",le="{bound}"}}']
        for bound in ("2.0", "5.0", "10.0", "3600.0", "+Inf")
    ]
    assert (buckets, told[f"{took}_gcount{of}"], told[f"{took}_gsum{of}"]) == ([1, 2, 3, 3, 4], 4, 4011.501)


async def test_the_credit_is_told_with_its_time_once_it_is_known(web: WebSide) -> None:
    assert not any(name.startswith("responder_gateway_credit") for name in await figures(web))
    await claim_question(web.store.database, "agile", web.clock.now)
    await note_credit(web.store.database, "agile", Decimal("10.324"), web.clock.now)
    told = await figures(web)
    assert told['responder_gateway_credit{gateway="agile"}'] == 10.324
    assert told['responder_gateway_credit_timestamp_seconds{gateway="agile"}'] == web.clock.now.timestamp()


async def test_open_alerts_are_counted_by_kind(web: WebSide) -> None:
    seen = [Trouble(kind=AlertKind.WEBHOOK_OFF, subject=name, details={"reason": "x"}) for name in ("crm", "ops")]
    await note_troubles(web.store.database, seen, lambda _: Telling(), web.clock.now)
    told = await figures(web)
    assert (told['responder_alerts_open{kind="webhook_off"}'], told['responder_alerts_open{kind="credit_low"}']) == (
        2,
        0,
    )


async def test_who_is_on_each_list_is_counted(web: WebSide) -> None:
    web.rules = replace(web.rules, lists=("news", "offers"))
    wanted = [
        SubscriberChange(originator=ANNA, list="news"),
        SubscriberChange(originator=BRUNO, list="old", status=SubscriptionStatus.PENDING),
    ]
    await put_subscribers(web.store.database, web.store.secret, wanted, operator="mia", now=web.clock.now)
    await opt_out(web.store.database, web.store.secret, ANNA, reason="", operator="mia", now=web.clock.now)
    told = await figures(web)
    assert {name: value for name, value in told.items() if name.startswith("responder_subscriptions") and value} == {
        'responder_subscriptions{list="news",status="unsubscribed"}': 1,
        'responder_subscriptions{list="old",status="pending"}': 1,
    }
    assert told['responder_subscriptions{list="offers",status="subscribed"}'] == 0
    assert (told["responder_opted_out"], told["responder_under_review"]) == (1, 0)


@pytest.mark.parametrize(
    ("query", "index"), [(SUBSCRIPTIONS, "ix_subscriptions_list"), (OPTED_OUT, "ix_contacts_opted_out")]
)
async def test_counting_who_agreed_to_what_reads_an_index_alone(web: WebSide, query: Select[Any], index: str) -> None:
    asked = query.compile(dialect=sqlite.dialect())
    async with web.store.database.read() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")).mappings().all()
    assert f"USING COVERING INDEX {index}" in plan[0]["detail"]


async def test_the_database_counts_up_twice_a_minute_at_the_most(web: WebSide) -> None:
    tallies = Tallies(web.store.database, web.clock)
    first = await tallies.tally()
    await put_replies(web, "sent")
    web.clock.advance(seconds=29)
    assert await tallies.tally() is first
    web.clock.advance(seconds=1)
    later = await tallies.tally()
    assert later is not None
    assert later.deliveries["universal"].by_status == {"sent": 1}


async def test_counting_up_reads_an_index_alone(web: WebSide) -> None:
    query = (
        f"SELECT {FIGURES} FROM steps WHERE submitted_at IS NOT NULL AND submitted_at >= '2026' GROUP BY api, status"  # noqa: S608  (ours)
    )
    async with web.store.database.read() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")).mappings().all()
    assert "USING COVERING INDEX ix_steps_submitted" in plan[0]["detail"]

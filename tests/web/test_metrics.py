"""GET /metrics."""

from dataclasses import replace

from responder.store.holds import hold
from tests.builders import inbound, minutes
from tests.web.conftest import WebSide


async def figures(web: WebSide) -> dict[str, float]:
    """The figures by their names."""
    lines = (await web.get("/metrics")).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


async def test_it_is_what_prometheus_reads(web: WebSide) -> None:
    response = await web.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE responder_rules_reload_ok gauge" in response.text


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
        await web.store.installation.report_worker(name, "abc", web.clock.now, has_redis=has_redis, rules_are_ok=rules_are_ok)
    told = await figures(web)
    assert [told[f"responder_workers{what}"] for what in ("", "_with_redis", "_rules_refused")] == [3, 2, 1]


async def test_a_gateway_that_refuses_us_is_told(web: WebSide) -> None:
    assert (await figures(web))["responder_gateway_ok"] == 1
    async with web.store.database.write() as connection:
        await hold(connection, "no credit", web.clock.now, web.store.database.insert)
    assert (await figures(web))["responder_gateway_ok"] == 0


async def test_the_wait_of_the_oldest_message_is_told(web: WebSide) -> None:
    await web.store.inbox.add([inbound(received=web.clock.now - minutes(2))], {})
    assert (await figures(web))["responder_oldest_waiting_seconds"] == 120


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

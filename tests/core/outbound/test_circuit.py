"""The circuit of an endpoint: left alone after failures, one call tells whether it is back, switched off after five days."""

from datetime import timedelta

from responder.core.outbound.fates import AT_ONCE, LONGEST_PAUSE, PAUSE, Endpoint
from tests.builders import minutes
from tests.conftest import NOON

CRM = Endpoint(name="crm", address="a")


def failing(times: int, endpoint: Endpoint = CRM) -> Endpoint:
    for _ in range(times):
        endpoint = endpoint.after_failure(NOON)
    return endpoint


def test_an_endpoint_that_failed_a_few_times_is_called_as_before() -> None:
    assert failing(4).places(NOON) == AT_ONCE


def test_after_five_failures_in_a_row_an_endpoint_is_left_alone_then_gets_one_call() -> None:
    endpoint = failing(5)
    assert [endpoint.places(NOON), endpoint.places(NOON + PAUSE)] == [0, 1]


def test_an_endpoint_that_asks_for_time_gets_it_and_no_more_than_ten_minutes() -> None:
    asked, greedy = (CRM.after_failure(NOON, asked_to_wait_s=seconds) for seconds in (60, 86_400))
    assert [asked.places(NOON + minutes(0.9)), asked.places(NOON + minutes(1))] == [0, AT_ONCE]
    assert greedy.open_until == NOON + LONGEST_PAUSE


def test_five_days_of_failures_switch_an_endpoint_off() -> None:
    endpoint = failing(20)
    assert endpoint.after_failure(NOON + timedelta(days=4, hours=23)).disabled_at is None
    off = endpoint.after_failure(NOON + timedelta(days=5))
    assert (off.disabled_at, off.places(NOON + timedelta(days=9)), "five days" in (off.reason or "")) == (
        NOON + timedelta(days=5),
        0,
        True,
    )


def test_two_failures_five_days_apart_switch_nothing_off() -> None:
    assert failing(1).after_failure(NOON + timedelta(days=6)).disabled_at is None


def test_410_switches_an_endpoint_off_at_once() -> None:
    assert CRM.after_failure(NOON, is_gone=True).disabled_at == NOON


def test_an_endpoint_that_is_switched_off_is_so_once() -> None:
    off = CRM.after_failure(NOON, is_gone=True)
    assert off.after_failure(NOON + minutes(1), is_gone=True).disabled_at == NOON

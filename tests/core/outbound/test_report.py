"""What reports make of a reply's fate, in whatever order they come."""

from datetime import timedelta
from itertools import permutations

import pytest

from responder.core.contact.effects import StepStatus
from responder.core.outbound.fates import Report, Reported, status_after, together
from tests.conftest import NOON

SENT, FAILED, DELIVERED, UNKNOWN = Reported.SENT, Reported.FAILED, Reported.DELIVERED, Reported.UNKNOWN


def whole(reported: Reported) -> Report:
    return Report(ids=("a",), reported=reported, word=reported, received_at=NOON)


def part(number: int, reported: Reported, of: int = 2) -> Report:
    return Report(
        ids=("a",),
        reported=reported,
        word=reported,
        received_at=NOON + timedelta(seconds=number),
        part=number,
        parts=of,
    )


def decided(*reports: Report) -> Reported:
    (found,) = {report.reported for order in permutations(reports) if (report := together(order))}
    return found


def test_no_report_decides_nothing() -> None:
    assert together([]) is None


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ((UNKNOWN, SENT), SENT),
        ((SENT, DELIVERED), DELIVERED),
        ((SENT, FAILED), FAILED),
        ((FAILED, DELIVERED), DELIVERED),
        ((DELIVERED, DELIVERED, SENT), DELIVERED),
    ],
)
def test_the_strongest_report_decides_in_every_order(reports: tuple[Reported, ...], outcome: Reported) -> None:
    assert decided(*map(whole, reports)) is outcome


def test_a_reply_in_parts_is_delivered_once_every_part_is() -> None:
    assert decided(part(1, DELIVERED)) is SENT
    assert decided(part(1, DELIVERED), part(1, DELIVERED)) is SENT
    assert decided(part(1, DELIVERED), part(2, DELIVERED)) is DELIVERED


def test_a_reply_in_parts_has_failed_once_any_part_has() -> None:
    assert decided(part(1, DELIVERED, 3), part(2, FAILED, 3), part(3, SENT, 3)) is FAILED


def test_a_part_of_which_nothing_is_known_says_nothing() -> None:
    assert decided(part(1, UNKNOWN)) is UNKNOWN


@pytest.mark.parametrize("status", [status for status in StepStatus if status is not StepStatus.SIMULATED])
def test_delivered_is_a_proof_whatever_was_thought_before(status: StepStatus) -> None:
    assert status_after(status, DELIVERED) is StepStatus.DELIVERED


@pytest.mark.parametrize("reported", Reported)
def test_no_report_undoes_a_delivery_or_makes_a_simulated_reply_a_real_one(reported: Reported) -> None:
    assert status_after(StepStatus.DELIVERED, reported) is StepStatus.DELIVERED
    assert status_after(StepStatus.SIMULATED, reported) is StepStatus.SIMULATED


@pytest.mark.parametrize(
    ("status", "after"),
    [("sent", "failed"), ("uncertain", "failed"), ("sending", "failed"), ("queued", "queued"), ("dead", "dead")],
)
def test_a_failure_changes_what_went_out(status: str, after: str) -> None:
    assert status_after(StepStatus(status), FAILED) == after


@pytest.mark.parametrize(
    ("status", "after"),
    [("queued", "sent"), ("sending", "sent"), ("uncertain", "sent"), ("failed", "failed"), ("dead", "dead")],
)
def test_what_the_gateway_proves_to_have_is_not_sent_again(status: str, after: str) -> None:
    assert status_after(StepStatus(status), SENT) == after

"""A clinic on a database of each kind."""

import pytest

from responder.wiring import Store
from tests.appointments.clinic import Clinic
from tests.conftest import StandingClock


@pytest.fixture
def clinic(store: Store, clock: StandingClock) -> Clinic:
    return Clinic(store=store, clock=clock)

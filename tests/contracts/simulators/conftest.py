"""The simulators on one clock, and callers that are logged in."""

from __future__ import annotations

import pytest

from infra.simulators.energised import EnergisedSimulator
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from tests.contracts.simulators.any_values import (
    Caller,
    TurnedClock,
    any_energised,
    any_salesforce,
    any_sap,
    in_session,
    logged_in,
    with_cpo_token,
    with_token,
)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def salesforce(clock: TurnedClock) -> SalesforceSimulator:
    return any_salesforce(clock)


@pytest.fixture
def sf(salesforce: SalesforceSimulator) -> Caller:
    """Calls Salesforce with a valid token."""
    return logged_in(salesforce)


@pytest.fixture
def energised(clock: TurnedClock) -> EnergisedSimulator:
    return any_energised(clock)


@pytest.fixture
def be(energised: EnergisedSimulator) -> Caller:
    """Calls be.ENERGISED with a valid token."""
    return with_token(energised)


@pytest.fixture
def sap(clock: TurnedClock) -> SapSimulator:
    return any_sap(clock)


@pytest.fixture
def od(sap: SapSimulator) -> Caller:
    """Calls SAP in a session with its token."""
    return in_session(sap)


@pytest.fixture
def cpo(energised: EnergisedSimulator) -> Caller:
    """Calls the CPO API of be.ENERGISED with a valid token."""
    return with_cpo_token(energised)

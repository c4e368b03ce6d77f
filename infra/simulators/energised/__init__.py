"""ChargePoint be.ENERGISED, its legacy REST API, modelled on public documents."""

from infra.simulators.energised.simulator import EnergisedSimulator

__all__ = ["EnergisedSimulator"]

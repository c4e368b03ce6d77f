"""What a function is told of the webhook that an org's Salesforce calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class WebhookSettings:
    """Where one org's Salesforce sends its platform events itself, for want of an Event Relay.

    All but the secret has to be what its `SalesforceSettings` say: the workers go by those.
    """

    secret_id: str
    """Secrets Manager name of `{"current": "whsec_…", "previous": "whsec_…"}`."""
    event_source: str
    """`source` under which its events go on to the workers."""
    assigned_event: str = "ChargeCardAssigned__e"
    status_event: str = "OrderStatusChanged__e"
    wallbox_assigned_event: str = "WallboxAssigned__e"
    review_event: str = "InstallationReviewed__e"

    @property
    def queues(self) -> Mapping[str, str]:
        """API name of an event -> the queue of the use case that it starts."""
        return {
            self.assigned_event: "card_event",
            self.status_event: "status_callback",
            self.wallbox_assigned_event: "wallbox_event",
            self.review_event: "wallbox_review",
        }

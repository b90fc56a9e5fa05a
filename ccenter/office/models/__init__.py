"""The tables of the office, a file per subject."""

from ccenter.office.models.filters import SavedFilter
from ccenter.office.models.jobs import Job
from ccenter.office.models.record import AuditEntry, StoredAnswer
from ccenter.office.models.rights import Branch, Right
from ccenter.office.models.version import Versioned
from ccenter.office.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "AuditEntry",
    "Branch",
    "Job",
    "Right",
    "SavedFilter",
    "StoredAnswer",
    "Versioned",
    "Webhook",
    "WebhookDelivery",
]

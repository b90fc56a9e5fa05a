"""The tables of the office, a file per subject."""

from ccenter.office.models.record import AuditEntry, StoredAnswer
from ccenter.office.models.rights import Branch, Right
from ccenter.office.models.version import Versioned

__all__ = ["AuditEntry", "Branch", "Right", "StoredAnswer", "Versioned"]

"""What writing a row of the centre's own settings takes: checked, written, in the audit log. In the caller's transaction."""

from typing import Any, TypeVar

from django.db.models import Model

from ccenter.office.audit import audit, changed, state_of
from ccenter.office.models import Versioned
from ccenter.office.services import touch

Row = TypeVar("Row", bound=Model)


def add(user: Any, entity: str, row: Row, **many: Any) -> Row:
    """`many`: rows on the other side, by field. Raises ValidationError by field."""
    row.full_clean(validate_unique=False)
    row.save(force_insert=True)
    for name, others in many.items():
        getattr(row, name).set(others)
    known = {name: value for name, value in state_of(row).items() if value not in (None, "", [])}
    audit(user, f"{entity}.add", row, {name: (None, value) for name, value in known.items()})
    return row


def change(user: Any, entity: str, row: Row, values: dict[str, Any], **many: Any) -> Row:
    """Writes what differs. Raises ValidationError by field."""
    before = state_of(row)
    for name, value in values.items():
        setattr(row, name, value)
    changes = changed(before, row)
    if changes:
        row.full_clean(validate_unique=False)
        row.save(update_fields=list(values))
    for name, others in many.items():
        there = sorted(one.pk for one in getattr(row, name).all())
        if there != (wanted := sorted(one.pk for one in others)):
            getattr(row, name).set(others)
            changes[name] = (there, wanted)
            if list(changes) == [name] and isinstance(row, Versioned):
                touch(row)
    if changes:
        audit(user, f"{entity}.change", row, changes)
    return row


def delete(user: Any, entity: str, row: Model) -> None:
    """Raises ProtectedError while others hang on it."""
    audit(user, f"{entity}.delete", row)
    row.delete()

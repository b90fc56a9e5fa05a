"""The audit log: who did what to which row, when, from what to what."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from ccenter.office.models import AuditEntry

Changes = Mapping[str, tuple[Any, Any]]
LONGEST = 500  # characters of a text kept


def audit(user: Any, action: str, row: Model, changes: Changes | None = None) -> AuditEntry:
    """Writes down what was done, in the transaction of the doing. `user` None: the system by itself.

    `action` "orders.approve"; `changes` {field: (from, to)}, as `changed` finds them. Rows among the values become keys.
    """
    return AuditEntry.objects.create(
        user=user if user is not None and user.is_authenticated else None,
        action=action,
        entity=row._meta.label_lower,
        key=str(row.pk),
        label=str(row)[:100],
        changes={field: [_plain(before), _plain(after)] for field, (before, after) in (changes or {}).items()},
    )


def state_of(row: Model, without: Iterable[str] = ()) -> dict[str, Any]:
    """The columns of a row as they are now, for `changed` later. Without key and `version`."""
    left_out = {"version", *without}
    return {
        f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in left_out and not f.primary_key
    }


def changed(before: Mapping[str, Any], row: Model) -> dict[str, tuple[Any, Any]]:
    """{field: (from, to)} of the columns that differ from `before` (of `state_of`)."""
    now = {name: getattr(row, name) for name in before}
    return {name: (value, now[name]) for name, value in before.items() if now[name] != value}


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    if isinstance(value, bytes | memoryview):
        return f"({len(value)} bytes)"
    return value

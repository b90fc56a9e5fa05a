"""Own fields of customers: who sees which, and conditions on their values."""

from typing import Any

from django.db.models import JSONField, Q, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.lookups import GreaterThanOrEqual, IContains, IsNull, LessThanOrEqual

from ccenter.calls.rights import Role, role_of
from crm.models import CustomField

OPERATIONS = ("is", "from", "to", "has", "empty")


def definitions() -> list[CustomField]:
    """Those in use, in the order of the form. One query."""
    return list(CustomField.objects.filter(active=True))


def visible(user: Any) -> list[CustomField]:
    """Those in use that this user sees; all for an admin, and for None, the system. At most two queries, once a user object."""
    if user is None or role_of(user) is Role.ADMIN:
        return definitions()
    groups = list(user.groups.values_list("pk", flat=True))
    return list(CustomField.objects.filter(Q(visible_to=None) | Q(visible_to__in=groups), active=True).distinct())


def findable(user: Any) -> list[int]:
    """Keys of the fields by whose texts this user finds customers. One query."""
    rows = CustomField.objects.filter(active=True, searchable=True).order_by()
    if user is not None and role_of(user) is not Role.ADMIN:
        rows = rows.filter(Q(visible_to=None) | Q(visible_to__user=user.pk)).distinct()
    return list(rows.values_list("pk", flat=True))


def shown(values: dict[str, Any], fields: list[CustomField]) -> dict[str, Any]:
    """Of a customer's values those of these fields; null where there is none."""
    return {field.code: values.get(field.code) for field in fields}


def condition(field: CustomField, operation: str, value: Any) -> Any:
    """A condition on customers, for `filter`. `value` as it is kept.

    Operations: is, from and to (both inclusive), has (a part of a text), empty (true or false).
    """
    if operation == "is":
        return Q(fields__contains={field.code: value})
    if operation == "has":
        return IContains(KeyTextTransform(field.code, "fields"), value)
    here = KeyTransform(field.code, "fields")
    if operation == "empty":
        return IsNull(here, value)
    # jsonb compares numbers as numbers, and dates, written as here, as dates
    kind = GreaterThanOrEqual if operation == "from" else LessThanOrEqual
    return kind(here, Value(value, JSONField()))

"""Values of customers as people read them."""

from typing import Any

from django.utils.translation import gettext as _

from ccenter.office.rest import shown
from crm.models import Customer, CustomerAddress, CustomField


def own_text(field: CustomField, value: Any) -> str:
    """A value of a field that the centre defined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def own_groups(customer: Customer, seen: list[CustomField]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Those of them that this customer has, by group: [(group, [(name, text)])]."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field in seen:
        if text := own_text(field, customer.fields.get(field.code)):
            found.setdefault(field.group, []).append((field.name, text))
    return list(found.items())


def place(address: CustomerAddress, user: Any) -> str:
    """An address on one line; who reads addresses masked reads the street so."""
    city = "" if address.city == address.province else address.city
    return f"{address.province}{city}{address.district}{shown(user, 'address', address.street)}"

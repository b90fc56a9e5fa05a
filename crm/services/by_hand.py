"""Customers written by a person: what `customers` does, for those who may. Pages and REST ask here."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.models import Branch
from crm.models import Customer, CustomField
from crm.services import customers
from crm.services.customers import Item


@transaction.atomic
def add(user: Any, values: Mapping[str, Any], seen: list[CustomField]) -> Customer:
    """As `add_customer`. Who works for a branch makes its customers. Raises ValidationError, PermissionDenied."""
    given = dict(values)
    if "branch" not in given and (mine := rights.branches_of(user)):
        given["branch"] = Branch.objects.get(pk=mine[0])
    if given.get("level", Customer.Level.ORDINARY) != Customer.Level.ORDINARY:
        rights.require(user, "customers.level")
    made = customers.add_customer(given, by=user, seen=seen)
    _may_still(user, made, "add")
    return made


@transaction.atomic
def change(
    user: Any,
    row: Customer,
    values: Mapping[str, Any],
    seen: list[CustomField] | None = None,
    numbers: Iterable[Item] = (),
    without: Iterable[int] = (),
) -> Customer:
    """As `change_customer`. Raises ValidationError, PermissionDenied."""
    if values.get("level", row.level) != row.level:
        rights.require(user, "customers.level")
    changed = customers.change_customer(row, values, numbers, without, by=user, seen=seen)
    _may_still(user, changed, "change")
    return changed


def _may_still(user: Any, row: Customer, verb: str) -> None:
    """Nobody puts a customer where they have no right."""
    if not rights.may(user, f"customers.{verb}", row):
        raise PermissionDenied(_("You have no right to do this."))

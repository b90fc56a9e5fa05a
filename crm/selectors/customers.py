"""Customers by number or key, and what was noted about them."""

from collections.abc import Collection

from django.db.models import Q

from crm.models import Customer, CustomerNote, CustomerPhone
from crm.selectors.grouping import grouped

NOTES = 20  # of one customer, the newest


def number_of_phone(key: str) -> str | None:
    """The E.164 number of the telephone with this id."""
    return CustomerPhone.objects.filter(pk=key).values_list("number", flat=True).first() if key.isdecimal() else None


def owners(numbers: Collection[str], keys: Collection[int] = (), most: int = 20) -> list[Customer]:
    """The customers whose number is among these, or their key. Three queries: phones and addresses are fetched too.

    Who was merged into another in the meantime is found as that one.
    """
    who = Q(pk__in=CustomerPhone.objects.filter(number__in=numbers).values("customer"))
    if keys:
        who |= Q(pk__in=keys, merged_into=None) | Q(absorbed__in=keys)
    found = Customer.objects.filter(who).defer("pin").distinct()
    return list(found.prefetch_related("phones", "addresses").order_by("number")[:most])


def resolve(customer: Customer) -> Customer:
    """Who this customer is now: those merged into another are that one."""
    while customer.merged_into is not None:
        customer = customer.merged_into
    return customer


def with_absorbed(customer: Customer) -> list[int]:
    """Keys of a customer and of all who were merged into them, theirs first. A query for each generation."""
    keys = newest = [customer.pk]
    while newest:
        newest = list(Customer.objects.filter(merged_into__in=newest).values_list("pk", flat=True))
        keys = [*keys, *newest]
    return keys


def notes(customers: Collection[int]) -> dict[int, list[CustomerNote]]:
    """By customer, the newest first. One query."""
    rows = CustomerNote.objects.filter(customer__in=customers).select_related("author__seat")
    return grouped(rows.defer("author__password", "author__seat__sip_password")[: NOTES * max(len(customers), 1)], NOTES)

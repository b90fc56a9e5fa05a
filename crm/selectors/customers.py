"""Customers by number or key, and what was noted about them."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from ccenter.prepared import Prepared, Slot
from crm.models import Customer, CustomerAddress, CustomerNote, CustomerPhone
from crm.selectors.grouping import grouped

NOTES = 20  # of one customer, the newest

_phones = Prepared(lambda: CustomerPhone.objects.filter(customer__among=Slot("keys")))
_addresses = Prepared(lambda: CustomerAddress.objects.filter(customer__among=Slot("keys")))
_owners = Prepared(lambda: _who(Q()), phones=(_phones, "customer_id"), addresses=(_addresses, "customer_id"))
_owners_or = Prepared(
    lambda: _who(Q(pk__among=Slot("keys"), merged_into=None) | Q(absorbed__among=Slot("keys"))),
    phones=(_phones, "customer_id"),
    addresses=(_addresses, "customer_id"),
)
_whole = Prepared(
    lambda: Customer.objects.filter(pk=Slot("key")).defer("pin", "fields").order_by(),
    phones=(_phones, "customer_id"),
    addresses=(_addresses, "customer_id"),
)
_notes = Prepared(
    lambda: (
        CustomerNote.objects.filter(customer__among=Slot("customers"))
        .select_related("author__seat")
        .defer("author__password", "author__seat__sip_password")[: 10 * NOTES]
    )
)


def _who(more: Q) -> QuerySet[Customer]:
    by_number = CustomerPhone.objects.filter(number__among=Slot("numbers")).values("customer")
    return Customer.objects.filter(Q(pk__in=by_number) | more).defer("pin").distinct().order_by("number")


def number_of_phone(key: str) -> str | None:
    """The E.164 number of the telephone with this id."""
    return CustomerPhone.objects.filter(pk=key).values_list("number", flat=True).first() if key.isdecimal() else None


def owners(numbers: Collection[str], keys: Collection[int] = (), most: int = 20) -> list[Customer]:
    """The customers whose number is among these, or their key. Three queries: phones and addresses are fetched too.

    Who was merged into another in the meantime is found as that one.
    """
    if keys:
        return _owners_or(numbers=list(numbers), keys=list(keys))[:most]
    return _owners(numbers=list(numbers))[:most]


def whole(key: int) -> Customer:
    """A customer with phones and addresses, without their own fields. Three queries. IndexError where there is none."""
    return _whole(key=key)[0]


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
    return grouped(_notes(customers=list(customers)) if customers else (), NOTES)

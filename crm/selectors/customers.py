"""Customers by number, key or what was typed."""

from collections.abc import Collection, Iterable

from django.db.models import Q
from django.db.models.functions import Reverse

from ccenter.calls.numbers import normalise
from crm.models import Customer, CustomerNote, CustomerPhone
from crm.selectors.grouping import grouped

NOTES = 20  # of one customer, the newest


def number_of_phone(key: str) -> str | None:
    """The E.164 number of the telephone with this id."""
    return CustomerPhone.objects.filter(pk=key).values_list("number", flat=True).first() if key.isdecimal() else None


def owners(numbers: Collection[str], keys: Collection[int] = (), most: int = 20) -> list[Customer]:
    """The customers whose number is among these, or their key. Two queries: `phones` is fetched too."""
    who = Q(pk__in=CustomerPhone.objects.filter(number__in=numbers).values("customer"))
    found = Customer.objects.filter(who | Q(pk__in=keys) if keys else who).defer("pin")
    return list(found.prefetch_related("phones").order_by("number")[:most])


def notes(customers: Collection[int]) -> dict[int, list[CustomerNote]]:
    """By customer, the newest first. One query."""
    rows = CustomerNote.objects.filter(customer__in=customers).select_related("author__seat")
    return grouped(rows.defer("author__password", "author__seat__sip_password")[: NOTES * max(len(customers), 1)], NOTES)


def search(text: str, most: int = 20) -> list[Customer]:
    """Customers by member number, name (or its beginning first, then any part), telephone number or its last digits."""
    text = text.strip()
    if not text:
        return []
    keys: dict[int, None] = {}

    def take(rows: Iterable[int]) -> None:
        for key in rows:
            keys.setdefault(key)

    digits = text.translate(str.maketrans("", "", " -()（）"))
    if digits.lstrip("+").isdecimal():
        take(Customer.objects.filter(number=digits).values_list("pk", flat=True))
        take(CustomerPhone.objects.filter(number=normalise(digits).number).values_list("customer", flat=True)[: most + 1])
        if len(digits) >= 4 and len(keys) <= most:
            ends = CustomerPhone.objects.annotate(backwards=Reverse("number")).filter(backwards__startswith=digits[::-1])
            take(ends.order_by("customer__number").values_list("customer", flat=True)[: most + 1])
            take(Customer.objects.filter(number__startswith=digits).values_list("pk", flat=True)[: most + 1])
    else:
        take(Customer.objects.filter(name__startswith=text).values_list("pk", flat=True)[: most + 1])
        if len(keys) <= most:
            take(Customer.objects.filter(name__icontains=text).values_list("pk", flat=True)[: most + 1])
    found = Customer.objects.defer("pin").prefetch_related("phones").in_bulk(list(keys)[: most + 1])
    return [found[key] for key in keys if key in found]

"""Reads about customers, as screens show them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.functions import Reverse

from ccenter.calls.numbers import normalise
from crm.models import Category, Complaint, Customer, CustomerNote, CustomerPhone, ServiceRecord

NOTES, RECORDS = 20, 50  # of one customer, the newest


def number_of_phone(key: str) -> str | None:
    """The E.164 number of the telephone with this id."""
    return CustomerPhone.objects.filter(pk=key).values_list("number", flat=True).first() if key.isdecimal() else None


class Tree(NamedTuple):
    """All categories, read at once: there are some dozens, and each record names its whole path."""

    by_id: dict[int, Category]
    children: dict[int | None, list[Category]]

    def shown(self, pk: int | None) -> dict[str, Any] | None:
        """{"id", "name", "path"} in the reader's language."""
        found = self.by_id.get(pk) if pk is not None else None
        if found is None:
            return None
        path, above = [found.name], found
        while above.parent_id is not None and above.parent_id in self.by_id and len(path) < 10:
            above = self.by_id[above.parent_id]
            path.append(above.name)
        return {"id": found.pk, "name": found.name, "path": path[::-1]}

    def nested(self, parent: int | None = None, depth: int = 0) -> list[dict[str, Any]]:
        """Those in use, to choose from."""
        return [
            {"id": one.pk, "code": one.code, "name": one.name, "children": self.nested(one.pk, depth + 1)}
            for one in self.children.get(parent, ())
            if one.active and depth < 10
        ]


def tree() -> Tree:
    """One query."""
    rows = list(Category.objects.all())
    children: dict[int | None, list[Category]] = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
    return Tree({row.pk: row for row in rows}, children)


def owners(numbers: Collection[str], keys: Collection[int] = (), most: int = 20) -> list[Customer]:
    """The customers whose number is among these, or their key. Two queries: `phones` is fetched too."""
    who = Q(pk__in=CustomerPhone.objects.filter(number__in=numbers).values("customer"))
    found = Customer.objects.filter(who | Q(pk__in=keys) if keys else who).defer("pin")
    return list(found.prefetch_related("phones").order_by("number")[:most])


def notes(customers: Collection[int]) -> dict[int, list[CustomerNote]]:
    """By customer, the newest first. One query."""
    rows = CustomerNote.objects.filter(customer__in=customers).select_related("author__seat")
    return _grouped(rows.defer("author__password", "author__seat__sip_password")[: NOTES * max(len(customers), 1)], NOTES)


def open_complaints(customers: Collection[int]) -> dict[int, list[Complaint]]:
    """By customer. One query."""
    return _grouped(Complaint.objects.filter(~Q(state=Complaint.State.CLOSED), customer__in=customers), 20)


def records() -> QuerySet[ServiceRecord]:
    """With the customers' names, the newest first."""
    return ServiceRecord.objects.select_related("customer").only(
        *(f.attname for f in ServiceRecord._meta.concrete_fields), "customer__name"
    )


def records_for(calls: Collection[str], customers: Collection[int]) -> list[ServiceRecord]:
    """Of these calls, and the latest of these customers. One query."""
    return list(records().filter(Q(call__in=calls) | Q(customer__in=customers))[:RECORDS])


def due(author: Any, today: date, days: int = 7) -> list[ServiceRecord]:
    """The author's follow-ups that are due within `days`, the soonest first."""
    open_ = records().filter(author=author, follow_up__lte=today + timedelta(days=days), followed_up_at=None)
    return list(open_.order_by("follow_up", "id")[:100])


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


def _grouped(rows: Iterable[Any], most: int) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if len(groups[row.customer_id]) < most:
            groups[row.customer_id].append(row)
    return groups

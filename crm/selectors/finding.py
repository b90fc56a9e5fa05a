"""Customers by whatever somebody knows of them: name, pinyin, initials, any part of a number, order, address.

Whoever reads numbers masked finds by a whole number or its last digits only: else they could feel for the rest, digit by digit.
"""

from collections.abc import Callable, Iterable
from typing import Any

import phonenumbers
from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Exists, Lookup, OuterRef, Q, QuerySet
from django.db.models.functions import Reverse

from ccenter.calls.numbers import normalise
from ccenter.office.rights import masked
from crm import words
from crm.models import Customer, CustomerIndex, CustomerPhone

Finder = Callable[[str, int], Iterable[int]]
FEWEST = 4  # last digits of a number, for who reads them masked
_SEPARATORS = str.maketrans("", "", " -()（）")
_finders: list[Finder] = []


@SearchVectorField.register_lookup
class Holds(Lookup):  # type: ignore[type-arg]
    """`words__holds="'nx':* & 'd138'"`: a tsquery as it is, past dictionaries that know no Chinese."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        words_sql, params = self.process_lhs(compiler, connection)
        return f"{words_sql} @@ %s::tsquery", (*params, self.rhs)


def register(find: Finder) -> None:
    """`find(text, most)` gives keys of customers that another app knows by this text: the buyer of an order number."""
    _finders.append(find)


def found() -> QuerySet[Customer]:
    """Customers as lists show them: three queries. Those merged into another are left out."""
    rows = Customer.objects.filter(merged_into=None).defer("pin")
    return rows.select_related("owner", "team", "branch").prefetch_related("phones", "addresses", "tags")


def customers(text: str, user: Any = None, most: int = 20) -> list[Customer]:
    """The best first, at most `most` and one more when there are more. `user` None: the system, who may see all."""
    text = text.strip()
    keys: dict[int, None] = {}

    def take(rows: Iterable[int]) -> None:
        for key in rows:
            keys.setdefault(key)

    if not text or "\0" in text:
        return []
    digits = text.translate(_SEPARATORS)
    if digits.lstrip("+").isdecimal():
        take(Customer.objects.filter(number=digits).values_list("pk", flat=True))
        take(CustomerPhone.objects.filter(number=normalise(digits).number).values_list("customer", flat=True)[: most + 1])
        if len(digits) >= FEWEST and len(keys) <= most:
            ends = CustomerPhone.objects.annotate(backwards=Reverse("number")).filter(backwards__startswith=digits[::-1])
            take(ends.order_by().values_list("customer", flat=True)[: most + 1])
            take(Customer.objects.filter(number__startswith=digits).values_list("pk", flat=True)[: most + 1])
    else:
        take(Customer.objects.filter(name__startswith=text).order_by().values_list("pk", flat=True)[: most + 1])
    if len(keys) <= most and (rows := _indexed(text, user)) is not None:
        take(rows.values_list("pk", flat=True)[: most + 1])
    if len(keys) <= most:
        for find in _finders:
            take(find(text, most))
    people = found().in_bulk(list(keys)[: 2 * most])
    return [people[key] for key in keys if key in people][: most + 1]


def matching(rows: QuerySet[Customer], text: str, user: Any = None) -> QuerySet[Customer]:
    """Of these customers those that `text` fits, in the order they have: for lists."""
    text = text.strip()
    digits = text.translate(_SEPARATORS)
    where = Q(pk__in=[key for find in _finders for key in find(text, 50)])
    if (index := _indexed(text, user)) is not None:
        where |= Q(pk__in=index.values("pk"))
    if digits.lstrip("+").isdecimal():
        owners = CustomerPhone.objects.filter(number=normalise(digits).number)
        where |= Q(number=digits) | Q(pk__in=owners.values("customer"))
    elif index is None:
        where |= Q(name__startswith=text)
    return rows.filter(where)


def _indexed(text: str, user: Any) -> QuerySet[CustomerIndex] | None:
    """What the index has for this text; None when it cannot be asked, by what was typed or who asks."""
    wanted = words.sought(text, addresses=user is None or not masked(user, "address"))
    if wanted is None:
        return None
    fragments = [one.digits for one in wanted if one.digits]
    whole = not fragments or user is None or not masked(user, "number")
    if not whole and any(len(digits) < FEWEST for digits in fragments):
        return None
    rows = CustomerIndex.objects.filter(words__holds=" & ".join(f"({one.query})" for one in wanted))
    for digits in fragments:
        phones = CustomerPhone.objects.filter(_within(digits) if whole else Q(number__endswith=digits), customer=OuterRef("pk"))
        rows = rows.filter(Q(customer__number__contains=digits) | Exists(phones))
    return rows


def _within(digits: str) -> Q:
    where = Q(number__contains=digits)
    if digits.startswith("0"):  # as one dials a fixed line here: 0571… is +86571…
        where |= Q(number__startswith=f"+{phonenumbers.country_code_for_region(settings.PHONE_REGION)}{digits[1:]}")
    return where

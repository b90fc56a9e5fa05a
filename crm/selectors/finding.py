"""Customers by whatever somebody knows of them: name, pinyin, initials, any part of a number, order, address.

Whoever reads numbers masked finds by a whole number or its last digits only: else they could feel for the rest, digit by digit.
Nobody finds by an own field that they do not see.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import phonenumbers
from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, transaction
from django.db.models import Case, Exists, IntegerField, Lookup, OuterRef, Q, QuerySet, When
from django.db.models.functions import Reverse

from ccenter.calls.numbers import normalise
from ccenter.office.rights import everywhere, masked, scoped
from crm import words
from crm.models import Customer, CustomerIndex, CustomerPhone
from crm.selectors.fields import findable

Finder = Callable[[str, int], Iterable[int]]
CANDIDATES = 10_000  # that are named one by one
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
    return rows.select_related("owner", "team", "branch", "consent_by").prefetch_related("phones", "addresses", "tags")


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
        take(rows.keys(most + 1))
    if len(keys) <= most:
        for find in _finders:
            take(find(text, most))
    people = found().in_bulk(list(keys)[: 2 * most])
    return [people[key] for key in keys if key in people][: most + 1]


def seen(text: str, user: Any, most: int = 20) -> list[Customer]:
    """As `customers`, of those that the user may see."""
    if everywhere(user, "customers.view"):
        return customers(text, user, most)
    rows = matching(scoped(user, found(), "customers"), text, user)
    best = ["-nearness"] if "nearness" in rows.query.annotations else []
    return list(rows.order_by(*best, "-id")[: most + 1])


def matching(rows: QuerySet[Customer], text: str, user: Any = None) -> QuerySet[Customer]:
    """Of these customers those that `text` fits, for lists; unless they are very many, with their `nearness`."""
    text = text.strip()
    digits = text.translate(_SEPARATORS)
    keys = {key for find in _finders for key in find(text, 50)}
    index = _indexed(text, user)
    if index is not None:
        found = index.keys(CANDIDATES + 1)
        if len(found) > CANDIDATES:  # what many fit is met soon on the way through the list
            return rows.filter(index.condition())
        keys.update(found)
    if digits.lstrip("+").isdecimal():
        keys.update(Customer.objects.filter(number=digits).values_list("pk", flat=True))
        owners = CustomerPhone.objects.filter(number=normalise(digits).number)
        keys.update(owners.values_list("customer", flat=True)[:CANDIDATES])
    elif index is None:
        return rows.filter(Q(pk__in=keys) | Q(name__startswith=text))
    return rows.filter(pk__in=keys).annotate(nearness=_nearness(text, digits))


def _nearness(text: str, digits: str) -> Case:
    """3: called or numbered so; 2: the name begins so, 1: has it; 0: found by something else."""
    owners = CustomerPhone.objects.filter(customer=OuterRef("pk"), number=normalise(digits).number)
    numbered = Q(number=digits) | Exists(owners) if digits.lstrip("+").isdecimal() else Q(pk__in=())
    return Case(
        When(Q(name__iexact=text) | numbered, then=3),
        When(name__istartswith=text, then=2),
        When(name__icontains=text, then=1),
        default=0,
        output_field=IntegerField(),
    )


class _Indexed(NamedTuple):
    """What the index has, and what of it must be compared once more: conditions on customers."""

    query: str
    rechecks: list[Q]

    def keys(self, most: int) -> list[int]:
        """At most so many, in no order."""
        found = self._candidates(2 * CANDIDATES if self.rechecks else most)
        if not self.rechecks or not found:
            return found
        return list(Customer.objects.filter(*self.rechecks, pk__in=found).order_by().values_list("pk", flat=True)[:most])

    def condition(self) -> Q:
        """The same as a condition on customers."""
        where = Q(pk__in=CustomerIndex.objects.filter(words__holds=self.query).values("pk"))
        for one in self.rechecks:
            where &= one
        return where

    def _candidates(self, most: int) -> list[int]:
        """The planner knows little of prefixes: for what nobody has it would go through a million rows to find the first."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
            rows = CustomerIndex.objects.filter(words__holds=self.query)
            found = list(rows.values_list("pk", flat=True)[:most])
            cursor.execute("SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_indexscan TO DEFAULT")
        return found


def _indexed(text: str, user: Any) -> _Indexed | None:
    """What the index has for this text; None when it cannot be asked, by what was typed or who asks."""
    wanted = words.sought(text, addresses=user is None or not masked(user, "address"), own=findable(user))
    if wanted is None:
        return None
    fragments = [one.digits for one in wanted if one.digits]
    whole = not fragments or user is None or not masked(user, "number")
    if not whole and any(len(digits) < FEWEST for digits in fragments):
        return None
    rechecks = []
    for digits in fragments:
        if len(digits) > 3 or not whole:
            phones = CustomerPhone.objects.filter(
                _within(digits) if whole else Q(number__endswith=digits), customer=OuterRef("pk")
            )
            rechecks.append(Q(number__contains=digits) | Exists(phones))
    return _Indexed(" & ".join(f"({one.query})" for one in wanted), rechecks)


def _within(digits: str) -> Q:
    where = Q(number__contains=digits)
    if digits.startswith("0"):  # as one dials a fixed line here: 0571… is +86571…
        where |= Q(number__startswith=f"+{phonenumbers.country_code_for_region(settings.PHONE_REGION)}{digits[1:]}")
    return where

"""Reads of products: what can be sold, for how much, and which one the clerk means."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import reduce
from math import isfinite
from operator import or_
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from ccenter.prepared import Prepared, Slot
from orders.models import Product, ProductAttribute, ProductCategory, ProductPrice
from orders.selectors.standing import lineage

MOST = 50  # products found by a text


class Found(NamedTuple):
    """A product to choose; `available` None: not kept in stock, there is always one."""

    product: Product
    price: Decimal
    available: int | None


def products() -> QuerySet[Product]:
    """With category and `free_now`, the pieces that are free (None without stock). What lists show."""
    return Product.objects.select_related("category").annotate(free_now=F("stock__on_hand") - F("stock__reserved"))


def on_sale(at: datetime | Slot) -> Q:
    """The condition on products that can be sold by themselves at this time."""
    begun = Q(sale_from=None) | Q(sale_from__lte=at)
    return begun & (Q(sale_until=None) | Q(sale_until__gt=at)) & Q(on_sale=True, gift_only=False)


def offered(at: datetime | Slot) -> QuerySet[Product]:
    """What can be sold at this time, with `price_now`."""
    return priced(Product.objects.filter(on_sale(at)), at)


def priced(rows: QuerySet[Product], at: datetime | Slot) -> QuerySet[Product]:
    """With `price_now`, by the history; a product without one costs its `price`."""
    holding = ProductPrice.objects.filter(product=OuterRef("pk"), since__lte=at).order_by("-since", "-id")
    return rows.annotate(price_now=Coalesce(Subquery(holding.values("price")[:1]), F("price")))


def buyable(products: Iterable[Product], at: datetime) -> None:
    """Raises ValidationError({"lines": [...]}) naming the products that cannot be sold at this time."""
    wrong = sorted((product for product in products if not sold(product, at)), key=lambda product: product.code)
    if texts := [_("%(product)s is not on sale.") % {"product": product} for product in wrong]:
        raise ValidationError({"lines": texts})


def sold(product: Product, at: datetime) -> bool:
    """What `on_sale` says, of a product at hand."""
    begun = product.sale_from is None or product.sale_from <= at
    over = product.sale_until is not None and product.sale_until <= at
    return begun and not over and product.on_sale and not product.gift_only


def search(text: str, at: datetime, most: int = 20) -> list[Found]:
    """What can be sold, by number or its beginning, pinyin or initials, or a part of the name; the nearest first, at most MOST.

    One query.
    """
    text = " ".join(text.split())
    heard = _heard(text)
    rows = _sounding(text=text, heard=f" {heard}", at=at) if heard else _called(text=text, at=at)
    return [Found(row, row.price_now, (row.free_now or 0) if row.stocked else None) for row in rows[:most]]


def matching(text: str) -> Q:
    """The condition on products that are called or numbered so, or sound so."""
    text = " ".join(text.split())
    named = Q(name__icontains=text) | Q(code__istartswith=text)
    heard = _heard(text)
    return named | Q(sounds__contains=f" {heard}") if heard else named


def _heard(text: str) -> str:
    """As it would stand in `sounds`; "" for what cannot."""
    heard = text.replace(" ", "").lower()
    return heard if heard.isascii() and heard.isalnum() else ""


def nearness(text: str) -> Case:
    """3: numbered or called so; 2: the number begins so, 1: the name does; 0: found by something else."""
    return Case(
        When(Q(code__iexact=text) | Q(name__iexact=text), then=3),
        When(code__istartswith=text, then=2),
        When(name__istartswith=text, then=1),
        default=0,
        output_field=IntegerField(),
    )


def _found(how: Q) -> QuerySet[Product]:
    exact = Case(When(code__iexact=Slot("text"), then=Value(0)), default=Value(1))
    rows = offered(Slot("at")).filter(Q(name__icontains=Slot("text")) | Q(code__istartswith=Slot("text")) | how)
    rows = rows.annotate(free_now=F("stock__on_hand") - F("stock__reserved")).defer("description", "attributes", "sounds")
    return rows.order_by(exact, "code")[:MOST]


_called: Prepared[Any] = Prepared(lambda: _found(Q()))
_sounding: Prepared[Any] = Prepared(lambda: _found(Q(sounds__contains=Slot("heard"))))


def tree() -> list[tuple[ProductCategory, int]]:
    """All categories, each after the one it is part of, and how deep it stands. One query."""
    below: dict[int | None, list[ProductCategory]] = defaultdict(list)
    for category in ProductCategory.objects.order_by("position", "code"):
        below[category.parent_id].append(category)

    def under(above: int | None, depth: int) -> list[tuple[ProductCategory, int]]:
        return [pair for one in below[above] for pair in ((one, depth), *under(one.pk, depth + 1))]

    return under(None, 0)


def attributes_of(category: int | None) -> dict[str, ProductAttribute]:
    """What is told of products of a category, by code: its own attributes and those of the categories above. Two queries.

    Of two with the same code the nearer counts.
    """
    if category is None:
        return {}
    line = lineage(category, dict(ProductCategory.objects.values_list("pk", "parent_id")))
    by_category: dict[int, list[ProductAttribute]] = defaultdict(list)
    for attribute in ProductAttribute.objects.filter(category__in=line).order_by("position", "code"):
        by_category[attribute.category_id].append(attribute)
    return {one.code: one for pk in reversed(line) for one in by_category[pk]}


def history(product: Product) -> QuerySet[ProductPrice]:
    """Prices, those to come first."""
    return ProductPrice.objects.filter(product=product).select_related("by").order_by("-since", "-id")


def below(category: int) -> list[int]:
    """A category and all below it. One query."""
    above = dict(ProductCategory.objects.values_list("pk", "parent_id"))
    return [pk for pk in above if category in lineage(pk, above)]


def having(code: str, wanted: str) -> Q:
    """The condition on products with this value of an attribute; a number or true and false may be meant, too."""
    meant: list[Any] = [wanted]
    if wanted in ("true", "false"):
        meant.append(wanted == "true")
    with suppress(ValueError):
        number = float(wanted)
        meant += [number] if isfinite(number) else []
    return reduce(or_, (Q(attributes__contains={code: value}) for value in meant))

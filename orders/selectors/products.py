"""Reads of products: what can be sold, for how much, and which one the clerk means."""

from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import reduce
from math import isfinite
from operator import or_
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from orders.models import Product, ProductAttribute, ProductCategory, ProductPrice
from orders.rules import Kinds


class Found(NamedTuple):
    """A product to choose; `available` None: not kept in stock, there is always one."""

    product: Product
    price: Decimal
    available: int | None


def products() -> QuerySet[Product]:
    """With category and `free_now`, the pieces that are free (None without stock). What lists show."""
    return Product.objects.select_related("category").annotate(free_now=F("stock__on_hand") - F("stock__reserved"))


def on_sale(at: datetime) -> Q:
    """The condition on products that can be sold by themselves at this time."""
    begun = Q(sale_from=None) | Q(sale_from__lte=at)
    return begun & (Q(sale_until=None) | Q(sale_until__gt=at)) & Q(on_sale=True, gift_only=False)


def offered(at: datetime) -> QuerySet[Product]:
    """What can be sold at this time, with `price_now`."""
    return priced(Product.objects.filter(on_sale(at)), at)


def priced(rows: QuerySet[Product], at: datetime) -> QuerySet[Product]:
    """With `price_now`, by the history; a product without one costs its `price`."""
    holding = ProductPrice.objects.filter(product=OuterRef("pk"), since__lte=at).order_by("-since", "-id")
    return rows.annotate(price_now=Coalesce(Subquery(holding.values("price")[:1]), F("price")))


def prices(ids: Collection[int], at: datetime) -> dict[int, Decimal]:
    """What products cost at this time, exactly. One query."""
    return dict(priced(Product.objects.filter(pk__in=ids), at).values_list("pk", "price_now"))


def buyable(ids: Collection[int], at: datetime) -> None:
    """Raises ValidationError({"lines": [...]}) naming the products that cannot be sold at this time."""
    wrong = Product.objects.filter(pk__in=ids).exclude(on_sale(at)).order_by("code")
    if texts := [_("%(product)s is not on sale.") % {"product": product} for product in wrong]:
        raise ValidationError({"lines": texts})


def search(text: str, at: datetime, most: int = 20) -> list[Found]:
    """What can be sold, by number or its beginning, pinyin or initials, or a part of the name; the nearest first. Two queries."""
    rows = offered(at).annotate(free_now=F("stock__on_hand") - F("stock__reserved"))
    text = text.strip()
    exact = list(rows.filter(code__iexact=text)) if text else []
    rows = rows.filter(matching(text)).exclude(pk__in=[row.pk for row in exact]).order_by("code")
    found = exact + list(rows[: most - len(exact)])
    return [Found(row, row.price_now, (row.free_now or 0) if row.stocked else None) for row in found]


def matching(text: str) -> Q:
    """The condition on products that are called or numbered so, or sound so."""
    text = " ".join(text.split())
    named = Q(name__icontains=text) | Q(code__istartswith=text)
    heard = text.replace(" ", "").lower()
    return named | Q(sounds__contains=f" {heard}") if heard.isascii() and heard.isalnum() else named


def nearness(text: str) -> Case:
    """3: numbered or called so; 2: the number begins so, 1: the name does; 0: found by something else."""
    return Case(
        When(Q(code__iexact=text) | Q(name__iexact=text), then=3),
        When(code__istartswith=text, then=2),
        When(name__istartswith=text, then=1),
        default=0,
        output_field=IntegerField(),
    )


def kinds_of(ids: Collection[int]) -> Kinds:
    """Of each product its category, the one above that and so on. Two queries."""
    rows = dict(Product.objects.filter(pk__in=ids).values_list("pk", "category_id"))
    above = dict(ProductCategory.objects.values_list("pk", "parent_id"))
    return {product: lineage(category, above) for product, category in rows.items()}


def lineage(category: int | None, above: dict[int, int | None]) -> list[int]:
    """A category and those above it, the nearest first."""
    found: list[int] = []
    while category is not None and category not in found:
        found.append(category)
        category = above.get(category)
    return found


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

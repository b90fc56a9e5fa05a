"""What holds for all orders until the office changes it: categories, gift and earning rules, terms of points, ways of delivery.

It is kept in memory, and each reading first asks the database which versions of the rows there are, in one query: what it gives
is never older than what is committed, whoever wrote it. Rows are shared by all who read: nobody changes them, and what they
refer to (a rule's gift) is read fresh by key.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from orders.models import DeliveryFee, DeliveryMethod, EarningRule, GiftRule, PointTerms, Product, ProductCategory
from orders.rules import Kinds, in_time

TABLES = (ProductCategory, GiftRule, EarningRule, PointTerms, DeliveryMethod, DeliveryFee)
# xmin, the transaction that wrote the row, beside its version: a change that is taken back frees the version's number
_OF_A_TABLE = "(SELECT md5(string_agg(concat_ws('.', id, version, xmin), ' ' ORDER BY id)) FROM {})"
_STATE = f"SELECT {', '.join(_OF_A_TABLE.format(model._meta.db_table) for model in TABLES)}"


@dataclass(frozen=True)
class Standing:
    """`above`: of each category the one it is part of. `terms`: the newest first. `methods`: those offered, in their order."""

    above: dict[int, int | None]
    gift_rules: dict[int, GiftRule]
    earning_rules: tuple[EarningRule, ...]
    terms: tuple[PointTerms, ...]
    methods: tuple[DeliveryMethod, ...]
    fees_: tuple[DeliveryFee, ...]

    def kinds(self, products: Collection[Product]) -> Kinds:
        """Of each product its category, the one above that and so on."""
        return {product.pk: lineage(product.category_id, self.above) for product in products}

    def gifts_at(self, at: datetime) -> list[GiftRule]:
        """The gift rules in force; whether their gift is still given away, the product says."""
        return [rule for rule in self.gift_rules.values() if rule.active and in_time(rule, at)]

    def terms_at(self, at: datetime) -> PointTerms | None:
        """Those that hold; None: nothing can be paid with points."""
        return next((one for one in self.terms if one.since <= at), None)

    def fees(self, province: str, city: str, goods: Decimal) -> dict[int, Decimal]:
        """What it costs to bring goods of this value there, by way of delivery; those that do not go there are left out."""
        there = {("", ""), (province, ""), (province, city)}
        found: dict[int, Decimal] = {}
        for rule in self.fees_:  # the nearest last
            if (rule.province, rule.city) in there:
                free = rule.free_from is not None and goods >= rule.free_from
                found[rule.method_id] = Decimal(0) if free else rule.fee
        return found

    @property
    def provinces(self) -> list[str]:
        """Those with a fee of their own."""
        return sorted({rule.province for rule in self.fees_} - {""})


_kept: dict[tuple[str | None, ...], Standing] = {}  # the last that was read


def standing() -> Standing:
    """As it is at this moment. One query; six more after a change."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        state = tuple(cursor.fetchone())
    found = _kept.get(state)
    if found is None:
        found = _read()
        _kept.clear()
        _kept[state] = found
    return found


def _read() -> Standing:
    return Standing(
        above=dict(ProductCategory.objects.values_list("pk", "parent_id")),
        gift_rules={rule.pk: rule for rule in GiftRule.objects.all()},
        earning_rules=tuple(EarningRule.objects.filter(active=True)),
        terms=tuple(PointTerms.objects.order_by("-since")),
        methods=tuple(DeliveryMethod.objects.filter(active=True)),
        fees_=tuple(DeliveryFee.objects.order_by("province", "city")),
    )


def lineage(category: int | None, above: dict[int, int | None]) -> list[int]:
    """A category and those above it, the nearest first."""
    found: list[int] = []
    while category is not None and category not in found:
        found.append(category)
        category = above.get(category)
    return found

"""What one request reads of the goods it deals with: products, prices and stock of this moment, and what holds for all orders.

It is read once and handed on, so that everything in the answer is of the same moment. Nobody keeps it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q
from django.utils import timezone

from ccenter.prepared import Prepared, Slot
from orders.models import Product
from orders.rules import Kinds
from orders.selectors.products import priced
from orders.selectors.standing import standing

_goods: Prepared[Product] = Prepared(
    lambda: (
        priced(Product.objects.filter(Q(code__among=Slot("codes")) | Q(pk__among=Slot("keys"))), Slot("at"))
        .annotate(free_now=F("stock__on_hand") - F("stock__reserved"))
        .defer("description", "attributes", "sounds")
        .order_by()
    )
)


class Shelf:
    """`fetch` names what is wanted; what is asked for and was not fetched is read then. `standing`: see there."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or timezone.now()
        self.standing = standing()
        self._by_key: dict[int, Product] = {}
        self._by_code: dict[str, Product] = {}

    def fetch(self, codes: Iterable[str] = (), keys: Iterable[int] = ()) -> None:
        """Reads these products, where it has not yet. One query, or none."""
        missing = [code for code in {*codes} if code not in self._by_code]
        others = [key for key in {*keys} if key not in self._by_key]
        if missing or others:
            for product in _goods(codes=missing, keys=others, at=self.at):
                self._by_key[product.pk] = self._by_code[product.code] = product

    def coded(self, codes: Collection[str]) -> dict[str, Product]:
        """Those of the products that there are, by number."""
        self.fetch(codes=codes)
        return {code: self._by_code[code] for code in codes if code in self._by_code}

    def product(self, key: int) -> Product:
        """KeyError where there is none."""
        self.fetch(keys=[key])
        return self._by_key[key]

    def price(self, key: int) -> Decimal:
        """What it costs now."""
        price: Decimal = self.product(key).price_now  # type: ignore[attr-defined]
        return price

    def left(self, key: int) -> int | None:
        """Pieces that are free to be sold; None: not kept in stock, there is always one."""
        product = self.product(key)
        return (product.free_now or 0) if product.stocked else None  # type: ignore[attr-defined]

    def kinds(self, keys: Collection[int]) -> Kinds:
        self.fetch(keys=keys)
        return self.standing.kinds([self._by_key[key] for key in keys if key in self._by_key])

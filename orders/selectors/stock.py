"""Reads of stock."""

from collections.abc import Collection

from django.db.models import F, QuerySet

from orders.models import Product, Reservation, Stock, StockMove


def available(products: Collection[int]) -> dict[int, int | None]:
    """Pieces that are free to be sold, by product; None: not kept in stock, there is always one. One query."""
    rows = Product.objects.filter(pk__in=products).values_list("pk", "stocked", F("stock__on_hand") - F("stock__reserved"))
    return {pk: (free or 0) if stocked else None for pk, stocked, free in rows}


def stocks() -> QuerySet[Stock]:
    """With their products and `free_now`."""
    return Stock.objects.filter(product__stocked=True).select_related("product").annotate(free_now=F("on_hand") - F("reserved"))


def to_buy() -> QuerySet[Stock]:
    """Products on sale of which there are as few as `low`, or fewer."""
    return stocks().filter(free_now__lte=F("low"), product__on_sale=True)


def moves(product: int | None = None, ref: str = "") -> QuerySet[StockMove]:
    """The newest first, of a product, of an order or purchase, or all."""
    rows = StockMove.objects.select_related("stock__product", "by").order_by("-id")
    if product is not None:
        rows = rows.filter(stock=product)
    return rows.filter(ref=ref) if ref else rows


def reservations(product: int | None = None, ref: str = "") -> QuerySet[Reservation]:
    rows = Reservation.objects.select_related("stock__product")
    if product is not None:
        rows = rows.filter(stock=product)
    return rows.filter(ref=ref) if ref else rows

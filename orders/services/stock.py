"""Writes of stock. Each locks the stock rows it touches, in the order of the products' keys, and writes a move for each change.

`ref` is an order's number. `by` is a user, None for the system. All of it joins the caller's transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from ccenter.office import webhooks
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from ccenter.prepared import Prepared, Slot
from orders.models import Product, Reservation, Stock, StockMove

Kind = StockMove.Kind
MOST = 1_000_000_000  # pieces of a product; the columns hold twice that
_of_stock = Prepared(lambda: Product.objects.filter(pk__among=Slot("keys"), stocked=True).only("code", "name").order_by())
_held = Prepared(lambda: Reservation.objects.filter(ref=Slot("ref")).select_for_update().order_by())
_stocks = Prepared(lambda: Stock.objects.filter(pk__among=Slot("keys")).select_for_update().order_by("pk"))
_FIGURES = """
UPDATE orders_stock s SET seq = v.seq, on_hand = v.on_hand, reserved = v.reserved
FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::integer[]) AS v (product_id, seq, on_hand, reserved)
WHERE s.product_id = v.product_id
"""


class OutOfStock(Conflict):
    """There is not enough. `short`: {product: pieces that are free}."""

    def __init__(self, short: Mapping[int, int], names: Mapping[int, str]) -> None:
        self.short = dict(short)
        texts = [
            _("%(product)s: %(left)s left.") % {"product": names[product], "left": left}
            for product, left in sorted(short.items())
        ]
        super().__init__({"lines": texts})


@transaction.atomic
def reserve(ref: str, lines: Mapping[int, int], by: Any = None) -> None:
    """Keeps exactly these pieces {product: quantity} for an order: what was kept before and is not among them becomes free.

    All or nothing: raises OutOfStock, and ValidationError for an order whose goods have left the house.
    """
    products = _stocked(lines)
    held = {row.stock_id: row for row in _held(ref=ref)}
    if any(row.issued for row in held.values()):
        raise ValidationError({"lines": [_("The goods of this order have left the house.")]})
    wanted = {product: lines[product] for product in products if lines[product] > 0}
    stocks = _locked({*wanted, *held})
    more = {pk: wanted.get(pk, 0) - (held[pk].quantity if pk in held else 0) for pk in {*wanted, *held}}
    free = {pk: stocks[pk].free if pk in stocks else 0 for pk in more}
    if short := {pk: free[pk] for pk, n in more.items() if n > free[pk]}:
        raise OutOfStock(short, products)
    _write(
        _move(stocks[pk], Kind.RESERVED if n > 0 else Kind.RELEASED, by, reserved=n, ref=ref)
        for pk, n in sorted(more.items())
        if n
    )
    if held.keys() - wanted.keys():
        Reservation.objects.filter(ref=ref).exclude(stock__in=wanted).delete()
    Reservation.objects.bulk_create(
        [Reservation(stock=stocks[pk], ref=ref, quantity=quantity) for pk, quantity in sorted(wanted.items())],
        update_conflicts=True,
        unique_fields=["ref", "stock"],
        update_fields=["quantity"],
    )


@transaction.atomic
def release(ref: str, by: Any = None) -> None:
    """What is kept for an order becomes free. What has left the house stays gone; nothing to release is no error."""
    if not Reservation.objects.filter(ref=ref, issued=True).exists():
        reserve(ref, {}, by)


@transaction.atomic
def issue(ref: str, by: Any = None) -> None:
    """What is kept for an order leaves the house. A second time does nothing."""
    rows = list(Reservation.objects.filter(ref=ref, issued=False).select_for_update())
    stocks = _locked({row.stock_id for row in rows})
    _write(
        _move(stocks[row.stock_id], Kind.ISSUED, by, on_hand=-row.quantity, reserved=-row.quantity, ref=ref)
        for row in sorted(rows, key=lambda row: row.stock_id)
    )
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(issued=True)


@transaction.atomic
def put_back(ref: str, lines: Mapping[int, int], sellable: bool = True, by: Any = None) -> None:
    """Goods {product: quantity} of an order came back: onto the shelf, or if not `sellable` into the bin.

    At most what went out and has not come back yet: ValidationError.
    """
    products = _stocked(lines)
    wanted = {product: lines[product] for product in products if lines[product] > 0}
    rows = {row.stock_id: row for row in Reservation.objects.filter(ref=ref, stock__in=wanted, issued=True).select_for_update()}
    wrong = [
        products[pk] for pk, quantity in wanted.items() if pk not in rows or rows[pk].put_back + quantity > rows[pk].quantity
    ]
    if wrong:
        raise ValidationError({"lines": [_("%(product)s: so many did not go out.") % {"product": name} for name in wrong]})
    stocks = _locked(wanted)
    moves = []
    for pk, quantity in sorted(wanted.items()):
        moves.append(_move(stocks[pk], Kind.RETURNED, by, on_hand=quantity, ref=ref))
        if not sellable:
            moves.append(_move(stocks[pk], Kind.SCRAPPED, by, on_hand=-quantity, ref=ref))
    _write(moves)
    for pk, quantity in wanted.items():
        rows[pk].put_back += quantity
    Reservation.objects.bulk_update(rows.values(), ["put_back"])


@transaction.atomic
def receive(ref: str, lines: Mapping[int, int], by: Any = None) -> None:
    """Goods {product: quantity} came in; `ref` is the purchase's number. Raises ValidationError for what is not kept in stock."""
    products = _stocked(lines)
    if others := [str(row) for row in Product.objects.filter(pk__in=set(lines) - set(products))]:
        raise ValidationError({"lines": [_("%(product)s is not kept in stock.") % {"product": name} for name in others]})
    stocks = _locked(lines, new=True)
    _bounded([stocks[pk].on_hand + quantity for pk, quantity in lines.items()])
    _write(_move(stocks[pk], Kind.RECEIVED, by, on_hand=quantity, ref=ref) for pk, quantity in sorted(lines.items()) if quantity)


@transaction.atomic
def count(product: Product, counted: int, reason: str, by: Any = None, seen: int | None = None) -> Stock:
    """Somebody counted what lies there. `seen` is what the book said when they began: ValidationError if it says other now.

    Fewer than are reserved: ValidationError, as somebody must decide first who does not get theirs.
    """
    if not product.stocked:
        raise ValidationError({"product": _("%(product)s is not kept in stock.") % {"product": product}})
    _bounded([counted], "counted")
    stock = _locked([product.pk], new=True)[product.pk]
    if seen is not None and seen != stock.on_hand:
        raise ValidationError({"seen": _("The book says %(number)s by now. Please count again.") % {"number": stock.on_hand}})
    if counted < stock.reserved:
        raise ValidationError(
            {"counted": _("%(number)s are reserved for orders: release some of those first.") % {"number": stock.reserved}}
        )
    before = stock.on_hand
    _write([_move(stock, Kind.COUNTED, by, on_hand=counted - before, reason=reason)])
    audit(by, "stock.count", stock, {"on_hand": (before, counted), "reason": ("", reason)})
    return stock


@transaction.atomic
def scrap(product: Product, quantity: int, reason: str, by: Any = None) -> Stock:
    """So many free pieces are broken or too old, and are thrown away. ValidationError where fewer are free."""
    stock = _locked([product.pk], new=True)[product.pk]
    if quantity > stock.free:
        raise OutOfStock({product.pk: stock.free}, {product.pk: str(product)})
    if not reason.strip():
        raise ValidationError({"reason": _("Please give a reason.")})
    _write([_move(stock, Kind.SCRAPPED, by, on_hand=-quantity, reason=reason.strip())])
    audit(by, "stock.scrap", stock, {"scrapped": (0, quantity), "reason": ("", reason.strip())})
    return stock


@transaction.atomic
def set_low(product: Product, low: int, by: Any = None) -> Stock:
    """At how many free pieces a product should be bought again."""
    stock = _locked([product.pk], new=True)[product.pk]
    audit(by, "stock.change", stock, {"low": (stock.low, low)})
    stock.low = low
    stock.save(update_fields=["low"])
    return stock


def _stocked(lines: Mapping[int, int]) -> dict[int, str]:
    """Those of the products that are kept in stock, and what they are called. One query."""
    if any(quantity < 0 for quantity in lines.values()):
        raise ValueError("a quantity below 0")
    return {row.pk: str(row) for row in _of_stock(keys=list(lines))}


def _locked(products: Collection[int], *, new: bool = False) -> dict[int, Stock]:
    """The stock rows, locked; with `new`, made where there is none."""
    if new:
        Stock.objects.bulk_create([Stock(product_id=pk) for pk in sorted(products)], ignore_conflicts=True)
    return {row.pk: row for row in _stocks(keys=list(products))}


def _move(
    stock: Stock, kind: str, by: Any, on_hand: int = 0, reserved: int = 0, ref: str = "", reason: str = ""
) -> tuple[Stock, StockMove]:
    """Changes a locked row by so many, and the move that says so."""
    move = StockMove(
        stock=stock,
        seq=(stock.seq or 0) + 1,
        kind=kind,
        on_hand_before=stock.on_hand,
        on_hand=stock.on_hand + on_hand,
        reserved_before=stock.reserved,
        reserved=stock.reserved + reserved,
        ref=ref,
        reason=reason,
        by=by,
    )
    stock.seq, stock.on_hand, stock.reserved = move.seq, move.on_hand, move.reserved
    return stock, move


def _write(moves: Iterable[tuple[Stock, StockMove]]) -> None:
    """The moves first: the stock rows refer to them."""
    pairs = list(moves)
    StockMove.objects.bulk_create([move for _stock, move in pairs])
    moved = {stock.pk: stock for stock, _move in pairs}.values()
    with connection.cursor() as cursor:
        figures = ([getattr(stock, name) for stock in moved] for name in ("pk", "seq", "on_hand", "reserved"))
        cursor.execute(_FIGURES, list(figures))
    for stock, first in {stock.pk: (stock, move) for stock, move in reversed(pairs)}.values():
        if first.on_hand_before - first.reserved_before > stock.low >= stock.free:
            webhooks.tell("stock.low", {"product": stock.pk, "free": stock.free, "low": stock.low})


def _bounded(figures: Iterable[int], field: str = "lines") -> None:
    if any(figure > MOST for figure in figures):
        raise ValidationError({field: _("So many pieces cannot be kept.")})

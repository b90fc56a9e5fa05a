"""Writes of suppliers and purchases. `by` is who does it; bad values are a ValidationError by field."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.office import webhooks
from ccenter.office.audit import audit, changed, state_of
from ccenter.office.errors import Conflict
from ccenter.office.services import touch
from crm.services import rows
from orders.models import Purchase, PurchaseLine, Supplier, SupplierProduct
from orders.models.money import currency
from orders.selectors.purchases import to_come
from orders.selectors.stock import stocks
from orders.services import stock

State = Purchase.State
# what may be done in which state; `receive` ends in PARTLY or RECEIVED, `close` in RECEIVED with what has come
TABLE: dict[str, frozenset[str]] = {
    "change": frozenset([State.DRAFT]),
    "order": frozenset([State.DRAFT]),
    "receive": frozenset([State.ORDERED, State.PARTLY]),
    "close": frozenset([State.PARTLY]),
    "cancel": frozenset([State.DRAFT, State.ORDERED]),
}
MOST_LINES = 500


@transaction.atomic
def add_purchase(by: Any, values: Mapping[str, Any]) -> Purchase:
    """A draft. `values`: supplier, expected_on, note, currency, and lines [{"product", "quantity", "cost"?}]."""
    given = dict(values)
    lines = given.pop("lines", [])
    _usable(given["supplier"])
    purchase = Purchase(number=_number(), author=by, **given)
    purchase.full_clean(exclude=["author"], validate_unique=False)
    purchase.save(force_insert=True)
    _set_lines(purchase, lines)
    audit(by, "purchases.add", purchase, {"supplier": (None, purchase.supplier_id), "lines": ([], _told(purchase))})
    return purchase


@transaction.atomic
def buy_again(by: Any, products: Collection[int]) -> tuple[list[Purchase], dict[int, str]]:
    """Drafts for what has become low, one for each supplier: of each product as much as makes twice its `low`, counting what is
    still to come, from the cheapest who sells it.

    The drafts, and {product: why not} of what nobody sells or enough of is there.
    """
    wanted: dict[int, list[dict[str, Any]]] = defaultdict(list)
    refused: dict[int, str] = {}
    there = {row.pk: row for row in stocks().filter(pk__in=products)}
    coming = to_come(list(there))
    best: dict[int, SupplierProduct] = {}
    offers = SupplierProduct.objects.filter(product__in=there, supplier__active=True, currency=currency())
    for offer in offers.select_related("supplier").order_by("cost", "days", "pk"):
        best.setdefault(offer.product_id, offer)
    for pk in products:
        row = there.get(pk)
        if row is None:
            refused[pk] = _("This is not kept in stock.")
        elif pk not in best:
            refused[pk] = _("No supplier sells this.")
        elif (quantity := max(2 * row.low, 1) - row.free - coming.get(pk, 0)) < 1:
            refused[pk] = _("Enough of it is there or on its way.")
        else:
            wanted[best[pk].supplier_id].append({"product": row.product, "quantity": quantity, "cost": best[pk].cost})
    suppliers = {offer.supplier_id: offer.supplier for offer in best.values()}
    return [add_purchase(by, {"supplier": suppliers[pk], "lines": lines}) for pk, lines in wanted.items()], refused


@transaction.atomic
def change_purchase(by: Any, purchase: Purchase, values: Mapping[str, Any]) -> Purchase:
    """Only a draft. `lines`, where given, are all that shall be left."""
    purchase = _step(purchase, "change")
    given = dict(values)
    lines = given.pop("lines", None)
    before, told = state_of(purchase), _told(purchase)
    if given.get("supplier", purchase.supplier) != purchase.supplier:
        _usable(given["supplier"])
    for name, value in given.items():
        setattr(purchase, name, value)
    changes = changed(before, purchase)
    if changes:
        purchase.full_clean(exclude=["author"], validate_unique=False)
        purchase.save(update_fields=list(given))
    if lines is not None:
        purchase.lines.all().delete()
        _set_lines(purchase, lines)
        if (now := _told(purchase)) != told:
            if not changes:
                touch(purchase)
            changes["lines"] = (told, now)
    if changes:
        audit(by, "purchases.change", purchase, changes)
    return purchase


@transaction.atomic
def delete_purchase(by: Any, purchase: Purchase) -> None:
    """Only a draft; what was ordered is cancelled and kept."""
    rows.delete(by, "purchases", _step(purchase, "change"))


@transaction.atomic
def order(by: Any, purchase: Purchase) -> Purchase:
    """The supplier was told. From now on goods come in."""
    purchase = _step(purchase, "order")
    if not purchase.lines.exists():
        raise ValidationError({"lines": _("There is nothing in this purchase.")})
    purchase.ordered_at = timezone.now()
    return _moved(by, purchase, "order", State.ORDERED)


@transaction.atomic
def receive(by: Any, purchase: Purchase, arrived: Mapping[int, int]) -> Purchase:
    """Goods {product: quantity} came in and lie in stock. At most what was ordered and has not come yet."""
    purchase = _step(purchase, "receive")
    lines = {line.product_id: line for line in purchase.lines.select_for_update(of=("self",)).select_related("product")}
    wanted = {product: quantity for product, quantity in arrived.items() if quantity}
    if not wanted:
        raise ValidationError({"lines": _("What has come?")})
    if unknown := sorted(set(wanted) - set(lines)):
        raise ValidationError({"lines": [_("Not in this purchase: %s") % product for product in unknown]})
    over = [lines[pk] for pk, quantity in wanted.items() if lines[pk].received + quantity > lines[pk].quantity]
    if over:
        text = _("%(product)s: %(left)s are still to come.")
        left = [{"product": line.product, "left": line.quantity - line.received} for line in over]
        raise Conflict({"lines": [text % one for one in left]})
    stock.receive(purchase.number, {pk: quantity for pk, quantity in wanted.items() if lines[pk].product.stocked}, by)
    for pk, quantity in wanted.items():
        lines[pk].received += quantity
    PurchaseLine.objects.bulk_update([lines[pk] for pk in wanted], ["received"])
    done = all(line.received == line.quantity for line in lines.values())
    names = {lines[pk].product.code: quantity for pk, quantity in wanted.items()}
    return _moved(by, purchase, "receive", State.RECEIVED if done else State.PARTLY, {"arrived": (None, names)})


@transaction.atomic
def close(by: Any, purchase: Purchase, reason: str) -> Purchase:
    """The rest will not come; say why."""
    return _moved(by, _step(purchase, "close"), "close", State.RECEIVED, {"reason": ("", _said(reason))})


@transaction.atomic
def cancel(by: Any, purchase: Purchase, reason: str) -> Purchase:
    """Nothing has come, and nothing will; say why."""
    return _moved(by, _step(purchase, "cancel"), "cancel", State.CANCELLED, {"reason": ("", _said(reason))})


def _step(purchase: Purchase, name: str) -> Purchase:
    """The purchase, locked. Raises Conflict where its state does not allow this."""
    row = Purchase.objects.select_for_update().get(pk=purchase.pk)
    if row.state not in TABLE[name]:
        text = _("This cannot be done with a purchase in the state “%s”.") % row.get_state_display()
        raise Conflict({"state": [text]})
    return row


def _moved(by: Any, purchase: Purchase, name: str, state: str, more: Mapping[str, tuple[Any, Any]] | None = None) -> Purchase:
    before = purchase.state
    purchase.state = state
    purchase.save(update_fields=["state", "ordered_at"])
    if state == before:
        touch(purchase)
    audit(by, f"purchases.{name}", purchase, {"state": (before, state), **(more or {})})
    webhooks.tell("purchase.state", {"id": purchase.pk, "number": purchase.number, "state": state, "before": before})
    return purchase


def _set_lines(purchase: Purchase, items: Iterable[Mapping[str, Any]]) -> None:
    """A line without a cost costs what the supplier asks, or nothing known: 0."""
    lines = list(items)
    products = [line["product"].pk for line in lines]
    if len(lines) > MOST_LINES:
        raise ValidationError({"lines": _("At most %s lines.") % MOST_LINES})
    if len(set(products)) != len(products):
        raise ValidationError({"lines": _("A product is there twice.")})
    offered = SupplierProduct.objects.filter(supplier=purchase.supplier, currency=purchase.currency, product__in=products)
    costs = dict(offered.values_list("product", "cost"))
    for line in lines:
        if line.get("cost") is None:
            line = {**line, "cost": costs.get(line["product"].pk, Decimal(0))}  # noqa: PLW2901
        row = PurchaseLine(purchase=purchase, product=line["product"], quantity=line["quantity"], cost=line["cost"])
        row.full_clean(exclude=["purchase", "product"], validate_unique=False)
        row.save(force_insert=True)


def _told(purchase: Purchase) -> list[str]:
    rows = purchase.lines.select_related("product").order_by("id")
    return [f"{line.product.code} × {line.quantity} @ {line.cost}" for line in rows]


def _usable(supplier: Supplier) -> None:
    if not supplier.active:
        raise ValidationError({"supplier": _("Nothing is bought from this supplier any more.")})


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": _("Please give a reason.")})
    return reason.strip()


def _number() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('orders_purchase', 'id'))")
        return f"P{100000 + cursor.fetchone()[0]}"

"""Goods that come back: stock, points and what the customer owes are put right together."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Return, ReturnLine
from orders.services import points, stock
from orders.services.steps import Step, kept
from orders.states import Action, State
from orders.sums import ZERO, part, whole_part


class Back(NamedTuple):
    """So many of the order's line (its id) came back; `sellable`: as good as new."""

    line: int
    quantity: int
    sellable: bool = True


@transaction.atomic
def take_back(
    order: Order, by: Any, reason: str, goods: Iterable[Back], *, with_fee: bool | None = None, note: str = ""
) -> Return:
    """Takes goods of a shipped or delivered order back. What was not taken at the door comes back as a whole.

    The customer is given back what was paid for these goods in money and in points, and the delivery fee with `with_fee`, once
    (None: if it was never delivered); points earned with them are taken away. The order is "returned" when all that was bought is
    back.
    """
    step = Step.begin(order, Action.BRING_BACK, by)
    order = step.order
    lines = {line.pk: line for line in order.lines.select_for_update()}
    wanted = _counted(goods, lines)
    before, swapped_before = _value(lines.values()), _swapped(lines.values())
    for back in wanted:
        lines[back.line].returned += back.quantity
        if lines[back.line].returned > lines[back.line].quantity:
            raise ValidationError({"lines": [_("More came back than was ordered: %s") % lines[back.line].name]})
    if order.state == State.SHIPPED and any(line.returned < line.quantity for line in lines.values()):
        raise ValidationError({"lines": [_("What was not delivered comes back as a whole.")]})
    after, swapped = _value(lines.values()), _swapped(lines.values())
    row = Return(order=order, reason=reason, note=note.strip(), by=by)
    row.value = _paid_in_money(order, after) - _paid_in_money(order, before)
    row.points_back = _points(order, after) - _points(order, before) + swapped - swapped_before
    if order.state == State.SHIPPED if with_fee is None else with_fee:
        if order.returns.filter(fee_back__gt=0).exists():
            raise ValidationError({"with_fee": [_("The delivery fee was given back already.")]})
        row.fee_back = order.delivery_fee
        row.value += row.fee_back
    row.clean_fields(exclude=["order", "by"])
    for sellable in (True, False):
        if quantities := _by_product(wanted, lines, sellable=sellable):
            stock.put_back(order.number, quantities, sellable=sellable, by=by)
    if row.points_back:
        used, exchanged = order.points_used - _points(order, after), order.points_exchanged - swapped
        points.redeem(order.customer, order.number, used, by, exchanged=exchanged)
    if order.state == State.DELIVERED:
        rest = points.earn(order.customer, order.number, kept(order, list(lines.values())), by)
        row.points_taken, order.points_earned = max(order.points_earned - rest, 0), rest
    row.save(force_insert=True)
    ReturnLine.objects.bulk_create(
        ReturnLine(back=row, line=lines[back.line], quantity=back.quantity, sellable=back.sellable) for back in wanted
    )
    OrderLine.objects.bulk_update([lines[key] for key in {back.line for back in wanted}], ["returned"])
    order.returned_value += row.value
    bought = [line for line in lines.values() if line.gift_rule_id is None]
    step.done(
        moved=all(line.returned == line.quantity for line in bought),
        more={"lines": (None, [f"{lines[back.line].code} × {back.quantity}" for back in wanted])},
    )
    return row


def _counted(goods: Iterable[Back], lines: dict[int, OrderLine]) -> list[Back]:
    """One for each line and condition."""
    counted: dict[tuple[int, bool], int] = {}
    for back in goods:
        if back.line not in lines or back.quantity < 1:
            raise ValidationError({"lines": [_("This is not of the order.")]})
        counted[back.line, back.sellable] = counted.get((back.line, back.sellable), 0) + back.quantity
    if not counted:
        raise ValidationError({"lines": [_("What came back?")]})
    return [Back(line, quantity, sellable) for (line, sellable), quantity in sorted(counted.items())]


def _by_product(wanted: Iterable[Back], lines: dict[int, OrderLine], *, sellable: bool) -> dict[int, int]:
    found: dict[int, int] = {}
    for back in wanted:
        if back.sellable is sellable:
            product = lines[back.line].product_id
            found[product] = found.get(product, 0) + back.quantity
    return found


def _value(lines: Iterable[OrderLine]) -> Any:
    """What all that came back so far cost."""
    return sum((line.price * line.returned for line in lines), ZERO)


def _swapped(lines: Iterable[OrderLine]) -> int:
    """The points for which all that came back so far was had."""
    return sum(line.points * line.returned for line in lines)


def _paid_in_money(order: Order, goods: Any) -> Any:
    return goods - part(order.points_value, goods, order.subtotal) if goods else ZERO


def _points(order: Order, goods: Any) -> int:
    return whole_part(order.points_used, goods, order.subtotal) if goods else 0

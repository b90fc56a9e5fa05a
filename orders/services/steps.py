"""The steps of an order's life (orders/states.py): each is locked, allowed by table and rights, and told in the audit log.

Stock is reserved when an order is submitted and leaves when it is shipped; points are used when it is submitted and earned when
it is delivered. Whatever takes an order back gives both back. Stock is taken before points, always: no two orders wait for
each other.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ccenter.office import webhooks
from ccenter.office.audit import Changes, audit, changed, state_of
from ccenter.office.errors import Conflict
from ccenter.office.models import Branch
from crm.models import OutboundRule
from crm.services import outbound_rules
from orders.models import Carrier, Delivery, DeliveryMethod, Order, OrderLine
from orders.models.orders import PayBy
from orders.rules import Bought
from orders.selectors import products, review
from orders.selectors.delivery import fee
from orders.selectors.entry import gift_keys
from orders.selectors.shelf import Shelf
from orders.services import gifts, points, stock
from orders.services.drafts import DERIVED, demand, locked, one_of_the_call, total_up
from orders.states import TABLE, Action, State
from orders.sums import ZERO, shares


class Step:
    """One step: `begin` locks the order and asks whether it may be done, `done` writes it."""

    def __init__(self, order: Order, action: Action, by: Any) -> None:
        self.order, self.action, self.by = order, action, by
        self.before = state_of(order, DERIVED)

    @classmethod
    def begin(cls, order: Order, action: Action, by: Any, *, held: bool = False) -> Self:
        """Raises PermissionDenied, or Conflict where the state does not allow it. `by` None: the system itself.

        `held`: the order was read in this transaction, and locked.
        """
        order = order if held else locked(order)
        row = TABLE[action]
        demand(by, f"orders.{row.right}", order)
        if order.state not in row.sources:
            text = _("This cannot be done with an order in the state “%s”.") % order.get_state_display()
            raise Conflict({"state": [text]})
        return cls(order, action, by)

    def done(self, *, moved: bool = True, more: Changes | None = None) -> Order:
        """`moved` False: the order stays in its state. `more`: changes of other rows, for the audit log."""
        if moved:
            self.order.state = TABLE[self.action].target
        self.order.updated_at = timezone.now()
        differences = changed(self.before, self.order)
        self.order.save(update_fields=[*differences, "updated_at"])
        audit(self.by, f"orders.{self.action}", self.order, {**differences, **(more or {})})
        if moved:
            tell(self.order)
        return self.order


def tell(order: Order) -> None:
    """Programs elsewhere hear of the order's new state."""
    webhooks.tell(
        f"order.{order.state}",
        {"number": order.number, "customer": order.customer.number, "total": order.total, "currency": order.currency},
    )


def bought(lines: Sequence[OrderLine]) -> dict[int, Bought]:
    """What is bought for money, by product, at the prices of the lines: what brings gifts, and earns points."""
    found: dict[int, Bought] = {}
    for line in lines:
        if line.gift_rule_id is None and line.exchange_id is None:
            was = found.get(line.product_id, Bought(0, ZERO))
            found[line.product_id] = Bought(was.quantity + line.quantity, was.amount + line.amount)
    return found


def kept(order: Order, lines: Sequence[OrderLine]) -> dict[int, Bought]:
    """What was bought for money and did not come back, by product, less what points paid for it."""
    paid_for = [line for line in lines if line.gift_rule_id is None]
    found: dict[int, Bought] = {}
    for line, off in zip(paid_for, shares(order.points_value, [line.amount for line in paid_for]), strict=True):
        if line.exchange_id is None and (rest := line.quantity - line.returned):
            was = found.get(line.product_id, Bought(0, ZERO))
            amount = ((line.amount - off) * rest / line.quantity).quantize(Decimal("0.01"))
            found[line.product_id] = Bought(was.quantity + rest, was.amount + amount)
    return found


@transaction.atomic
def submit(order: Order, by: Any, *, held: bool = False) -> Order:
    """To the review. Everything needed is there, prices, gifts and fee are those of now, or of where it was sold; the goods are
    reserved, the points used.

    ValidationError by field for what is missing; Conflict for what changed since the draft was written. `held`: as of Step.begin.
    """
    step = Step.begin(order, Action.SUBMIT, by, held=held)
    order, shelf = step.order, Shelf()
    now, lines = shelf.at, list(order.lines.all())
    wanted = bought(lines)
    shelf.fetch(keys=[*(line.product_id for line in lines), *gift_keys(shelf)])
    _complete(order, lines, shelf)
    ours = [line for line in lines if line.gift_rule_id is None and line.exchange_id is None and not line.sold]
    prices = {line.product_id: shelf.price(line.product_id) for line in ours}
    products.buyable([shelf.product(key) for key in prices], now)
    points.exchangeable(order.customer, lines, now)
    if dear := [line for line in ours if line.price != prices[line.product_id]]:
        text = _("The price is now %(price)s: %(product)s")
        raise Conflict({"lines": [text % {"price": prices[line.product_id], "product": line.name} for line in dear]})
    granted = {line.gift_rule_id: line.quantity for line in lines if line.gift_rule_id is not None}
    gifts.check(wanted, granted, order.customer.level, now, shelf)
    told, used = order.total, order.points_used
    total_up(order, lines, shelf)
    if (order.total, order.points_used) != (told, used):
        raise Conflict({"total": [_("The total is now %s. Save the order again.") % order.total]})
    stock.reserve(order.number, _needs(lines), by)
    if used or order.points_exchanged:
        points.redeem(order.customer, order.number, used, by, exchanged=order.points_exchanged)
    order.submitted_at = now
    order.findings = [finding.code for finding in review.findings([order])[order.pk]]
    return step.done()


@transaction.atomic
def reopen(order: Order, by: Any, reason: str = "") -> Order:
    """Back to a draft, to be changed: what was reserved and used is free again."""
    step = Step.begin(order, Action.REOPEN, by)
    one_of_the_call(step.order.call, step.order.taken_by, step.order.pk)
    _give_back(step.order, by)
    step.order.submitted_at, step.order.findings, step.order.reason = None, [], reason
    return step.done()


@transaction.atomic
def cancel(order: Order, by: Any, reason: str = "") -> Order:
    """A draft needs no reason. Money that was paid is then owed to the customer (`balance` below 0)."""
    step = Step.begin(order, Action.CANCEL, by)
    step.order.reason = reason.strip() if step.order.state == State.DRAFT else _said(reason)
    _give_back(step.order, by)
    return step.done()


@transaction.atomic
def refuse(order: Order, by: Any, reason: str) -> Order:
    """The review says no, and why."""
    step = Step.begin(order, Action.REFUSE, by)
    step.order.reason = _said(reason)
    _give_back(step.order, by)
    return step.done()


@transaction.atomic
def approve(
    order: Order, by: Any, carrier: Carrier, method: DeliveryMethod | None = None, branch: Branch | None = None, reason: str = ""
) -> Order:
    """The review says yes, and gives the order its one delivery: carrier and way (the customer's wish unless told otherwise).

    Findings are looked for again; with some, a reason is needed. Conflict where one stops the order.
    """
    step = Step.begin(order, Action.APPROVE, by)
    order = step.order
    found = review.findings([order])[order.pk]
    if stops := [finding for finding in found if finding.stops]:
        raise Conflict({"findings": [finding.text for finding in stops]})
    order.findings, order.reason = [finding.code for finding in found], _said(reason) if found else reason.strip()
    way = method or order.method
    if way is None:
        raise ValidationError({"method": [_("Which way of delivery?")]})
    _offered(carrier, way, cod=order.pay_by == PayBy.COD)
    delivery = Delivery.objects.create(order=order, carrier=carrier, method=way)
    order.branch = branch or order.branch
    return step.done(more={"carrier": (None, carrier.code), "method": (None, delivery.method.code)})


@transaction.atomic
def pick(order: Order, by: Any) -> Order:
    """The warehouse begins."""
    return Step.begin(order, Action.PICK, by).done()


@transaction.atomic
def ship(order: Order, by: Any, tracking: str = "") -> Order:
    """The goods leave with the carrier, who collects what is owed if that was agreed; other orders have been paid by then."""
    step = Step.begin(order, Action.SHIP, by)
    order = step.order
    owed = order.balance
    if owed > 0 and order.pay_by != PayBy.COD:
        raise Conflict({"paid": [_("%(amount)s %(currency)s are not paid yet.") % {"amount": owed, "currency": order.currency}]})
    stock.issue(order.number, by)
    delivery = Delivery.objects.select_related("carrier").get(order=order)
    delivery.cod_amount = max(owed, ZERO)
    delivery.shipped_at = timezone.now()
    _call_about(order, OutboundRule.Event.ORDER_SHIPPED, delivery.shipped_at)
    return step.done(more=_tracked(delivery, tracking, "cod_amount", "shipped_at"))


@transaction.atomic
def change_tracking(order: Order, by: Any, tracking: str) -> Order:
    """The carrier's number of a shipped order, told later or wrong before."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    demand(by, "orders.dispatch", order)
    if order.state != State.SHIPPED:
        raise Conflict({"state": [_("Only an order that is on its way has a tracking number to change.")]})
    differences = _tracked(Delivery.objects.select_related("carrier").get(order=order), tracking)
    audit(by, "orders.dispatch", order, differences)
    order.updated_at = timezone.now()
    order.save(update_fields=["updated_at"])
    return order


@transaction.atomic
def deliver(order: Order, by: Any, signed_by: str = "", at: datetime | None = None, collected: Decimal | None = None) -> Order:
    """The customer has it. `collected`: what the carrier took, to be told (0 too) where something was to be collected."""
    from orders.services import payments

    step = Step.begin(order, Action.DELIVER, by)
    order, at = step.order, at or timezone.now()
    delivery = Delivery.objects.select_related("carrier").get(order=order)
    if delivery.cod_amount and collected is None:
        raise ValidationError({"collected": [_("How much did the carrier collect?")]})
    if collected is not None and not 0 <= collected <= delivery.cod_amount:
        raise ValidationError({"collected": [_("More than was to be collected: %s") % delivery.cod_amount]})
    if at > timezone.now() or (delivery.shipped_at and at < delivery.shipped_at):
        raise ValidationError({"at": [_("Between shipping and now.")]})
    delivery.delivered_at, delivery.signed_by = at, signed_by.strip()
    delivery.clean_fields(exclude=["order", "carrier", "method"])
    delivery.save(update_fields=["delivered_at", "signed_by"])
    if collected:
        reference = f"{delivery.carrier.code} {delivery.tracking}".strip() if delivery.tracking else ""
        payments.enter(order, by, collected, PayBy.COD, order.recipient, paid_at=at, reference=reference)
    lines = list(order.lines.all())
    order.points_earned = points.earn(order.customer, order.number, kept(order, lines), by)
    _call_about(order, OutboundRule.Event.ORDER_DELIVERED, at)
    return step.done(more={"signed_by": ("", delivery.signed_by)})


def _call_about(order: Order, event: str, at: datetime) -> None:
    """Plans the calls that the rules want after this step."""
    about = {"number": order.phone, "order": order.number, "call": order.call, "agent": order.agent}
    outbound_rules.after(event, order.customer, at, **about)


def _complete(order: Order, lines: Sequence[OrderLine], shelf: Shelf) -> None:
    """Raises ValidationError naming what an order still lacks."""
    missing: dict[str, list[str]] = {}
    if all(line.gift_rule_id is not None for line in lines):
        missing["lines"] = [_("Nothing is ordered yet.")]
    for field in ("recipient", "phone", "street", "city"):
        if not getattr(order, field).strip():
            missing[field] = [_("This is needed for the delivery.")]
    if order.method is None:
        missing["method"] = [_("Which way of delivery?")]
    elif fee(order.method, order.province, order.city, order.subtotal, shelf.standing) is None:
        missing["method"] = [_("This way of delivery does not go there.")]
    if order.invoice_kind and not order.invoice_title.strip():
        missing["invoice_title"] = [_("Whom is the invoice made out to?")]
    if order.invoice_kind == Order.InvoiceKind.COMPANY and not order.invoice_tax_number:
        missing["invoice_tax_number"] = [_("A company's invoice needs its tax number.")]
    if missing:
        raise ValidationError(missing)


def _offered(carrier: Carrier, method: DeliveryMethod, *, cod: bool) -> None:
    if not carrier.active or not method.active:
        raise ValidationError({"carrier": [_("This is not offered any more.")]})
    if not method.carriers.filter(pk=carrier.pk).exists():
        raise ValidationError({"carrier": [_("This carrier does not deliver in this way.")]})
    if cod and not carrier.cod:
        raise ValidationError({"carrier": [_("This carrier does not collect cash.")]})


def _tracked(delivery: Delivery, tracking: str, *fields: str) -> dict[str, tuple[Any, Any]]:
    """Writes the tracking number and the fields; what changed."""
    was, delivery.tracking = delivery.tracking, tracking.strip()
    delivery.clean_fields(exclude=["order", "carrier", "method"])
    others = Delivery.objects.filter(carrier=delivery.carrier, tracking=delivery.tracking).exclude(pk=delivery.pk)
    if delivery.tracking and others.exists():
        raise ValidationError({"tracking": [_("Another order has this tracking number.")]})
    delivery.save(update_fields=["tracking", *fields])
    return {"tracking": (was, delivery.tracking)} if was != delivery.tracking else {}


def _needs(lines: Sequence[OrderLine]) -> dict[int, int]:
    needs: dict[int, int] = {}
    for line in lines:
        needs[line.product_id] = needs.get(line.product_id, 0) + line.quantity
    return needs


def _give_back(order: Order, by: Any) -> None:
    """Stock and points of an order that is not to be. Conflict where it has an invoice: who may withdraws that first."""
    if standing := order.invoices.filter(voided_at=None).first():
        raise Conflict({"order": [_("Withdraw the invoice %s first.") % standing.number]})
    stock.release(order.number, by)
    if order.points_used or order.points_exchanged:
        points.redeem(order.customer, order.number, 0, by)


def _said(reason: str) -> str:
    if not reason.strip():
        raise ValidationError({"reason": [_("Please say why.")]})
    return reason.strip()

"""Orders as other systems know them, for `crm.services.syncing`: a web shop's come to our review, ours are told there.

A new row is an order that waits for review, of the customer that `customer` names (member number or telephone number; a new one
where nobody has that number). Until it is approved their changes are taken; after that only what happens here counts.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from ccenter.calls.numbers import normalise
from ccenter.calls.tokens import spelt
from crm.models import Customer
from crm.selectors.customers import owners, resolve
from crm.services import syncing
from crm.services.customers import add_customer
from crm.services.fields import YES
from crm.services.syncing import Texts
from orders.models import DeliveryMethod, Order
from orders.models.orders import PayBy
from orders.services import drafts, steps
from orders.services.drafts import Want
from orders.states import State

PLACE = ("recipient", "phone", "province", "city", "district", "street")
TEXTS = (*PLACE, "pay_by", "wish", "note")
OURS = ("number", "state", "total", "paid", "tracking")  # told, never taken
_LINE = re.compile(r"\s*([^\s*×;,]{1,20})\s*(?:[*×x]\s*([0-9]{1,4}))?\s*")


def targets() -> dict[str, str]:
    theirs = {
        "customer": _("customer"),
        "lines": _("goods, as “1001*2; 1002”"),
        "method": _("way of delivery"),
        "cancelled": _("cancelled"),
    }
    columns = {name: str(Order._meta.get_field(name).verbose_name) for name in (*TEXTS, "number", "state", "total", "paid")}
    return {**theirs, **columns, "tracking": _("tracking number")}


def known(texts: Texts) -> list[int]:
    """An order is never guessed to be another."""
    return []


@transaction.atomic
def save(key: int | None, texts: Texts) -> int:
    fields = _fields(texts)
    if key is None:
        order = drafts.add(None, _customer(texts), {**fields, "channel": Order.Channel.IMPORT}, _wants(texts))
        order = steps.submit(order, None)
        return _cancelled(order, texts).pk
    order = Order.objects.get(pk=key)
    if order.state == State.SUBMITTED:
        order = steps.reopen(order, None, _("changed in the other system"))
        order = drafts.change(order, None, fields, _wants(texts) if "lines" in texts else None)
        order = steps.submit(order, None)
    elif texts.get("cancelled", "").casefold() not in YES:
        raise ValidationError(_("The order %(number)s is under way already.") % {"number": order.number})
    return _cancelled(order, texts).pk


def _cancelled(order: Order, texts: Texts) -> Order:
    if texts.get("cancelled", "").casefold() in YES and order.state != State.CANCELLED:
        return steps.cancel(order, None, _("cancelled in the other system"))
    return order


def _fields(texts: Texts) -> dict[str, object]:
    fields: dict[str, object] = {name: texts[name] for name in TEXTS if texts.get(name)}
    if "pay_by" in fields and fields["pay_by"] not in PayBy.values:
        raise ValidationError({"pay_by": _("Not known: %(text)s") % {"text": texts["pay_by"][:20]}})
    if texts.get("method"):
        fields["method"] = DeliveryMethod.objects.filter(code=texts["method"], active=True).first()
        if fields["method"] is None:
            raise ValidationError({"method": _("Not known: %(text)s") % {"text": texts["method"][:20]}})
    return fields


def _wants(texts: Texts) -> list[Want]:
    found = []
    for part in re.split(r"[;,，；\n]", texts.get("lines", "")):
        if part.strip():
            line = _LINE.fullmatch(part)
            if line is None:
                raise ValidationError({"lines": _("Not known: %(text)s") % {"text": part.strip()[:20]}})
            found.append(Want(line[1], int(line[2] or 1)))
    return found


def _customer(texts: Texts) -> Customer:
    told = texts.get("customer", "")
    if told and (found := Customer.objects.filter(number=told).first()):
        return resolve(found)
    number = normalise(told or texts.get("phone", "")).number
    people = owners([number]) if number else []
    if len(people) > 1:
        raise ValidationError({"customer": _("Several customers have this number.")})
    if people:
        return people[0]
    if not number.startswith("+") or not texts.get("recipient"):
        raise ValidationError({"customer": _("There is no such customer.")})
    return add_customer({"name": texts["recipient"]}, [number])


def load(keys: Iterable[int]) -> dict[int, Texts]:
    """Two queries."""
    rows = Order.objects.filter(pk__in=list(keys)).select_related("customer", "method", "delivery").prefetch_related("lines")
    return {order.pk: _texts(order) for order in rows}


def _texts(order: Order) -> Texts:
    delivery = getattr(order, "delivery", None)
    return {
        **{name: str(getattr(order, name)) for name in TEXTS},
        "phone": spelt(order.phone),
        "customer": order.customer.number,
        "lines": "; ".join(f"{line.code}*{line.quantity}" for line in order.goods),
        "method": order.method.code if order.method else "",
        "cancelled": "true" if order.state == State.CANCELLED else "false",
        "number": order.number,
        "state": order.state,
        "total": str(order.total),
        "paid": str(order.paid),
        "tracking": delivery.tracking if delivery else "",
    }


def changed(since: datetime) -> list[int]:
    return list(Order.objects.filter(updated_at__gte=since).order_by("updated_at", "id").values_list("pk", flat=True))


def when(key: int) -> datetime:
    return Order.objects.values_list("updated_at", flat=True).get(pk=key)


syncing.register("order", syncing.Adapter(targets, known, save, load, changed, when, OURS))

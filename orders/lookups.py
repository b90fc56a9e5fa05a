"""What a flow may ask about orders.

order_status {order} (its number), or {customer}, {member} or {number} for the latest order of that customer -> order,
order_state, order_prompt (the sentence that says the state), order_amount, order_date.
"caller", "member" and "member_pin" are told open_orders besides.
"""

from django.db.models import QuerySet
from django.utils import timezone

from ccenter.calls import lookups
from ccenter.calls.lookups import Values
from crm.lookups import of
from orders.models import Order


def order_status(arguments: Values) -> Values | None:
    if number := arguments.get("order"):
        order = _told().filter(number=number).first()
    else:
        customer = of(arguments)
        order = None if customer is None else _told().filter(customer=customer).order_by("-created_at").first()
    if order is None:
        return None
    return {
        "order": order.number,
        "order_state": order.state,
        "order_prompt": f"order-status-{order.state}",
        "order_amount": str(order.total),
        "order_date": timezone.localtime(order.created_at).date().isoformat(),
    }


def _told() -> QuerySet[Order]:
    """Orders a customer gave; a draft is nobody's but the agent's, and was never given if it was dropped."""
    return Order.objects.exclude(submitted_at=None)


def open_orders(found: Values) -> Values:
    return {"open_orders": str(Order.objects.filter(customer=int(found["customer"]), state__in=Order.OPEN).count())}


lookups.register("order_status", order_status)
for kind in ("caller", "member", "member_pin"):
    lookups.add_to(kind, open_orders)

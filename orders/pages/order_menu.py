"""The pages of orders in the menu, and what waits there."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.office import rights
from ccenter.office.pages import menu
from orders.models import Order
from orders.states import State


def add_all() -> None:
    menu.add("orders", "orders:orders", gettext_lazy("Orders"), "shopping-cart", "orders.view")
    menu.add("orders", "orders:review", gettext_lazy("Review of orders"), "clipboard-check", "orders.approve")
    menu.add("orders", "orders:dispatch", gettext_lazy("Dispatch"), "truck-delivery", "orders.dispatch")
    menu.add("orders", "orders:payments", gettext_lazy("Payments"), "coins", "payments.add payments.refund")
    menu.add("orders", "orders:outstanding", gettext_lazy("Outstanding money"), "report-money", "payments.add payments.refund")
    menu.add("orders", "orders:returns", gettext_lazy("Returned goods"), "package-import", "orders.take_back payments.add")
    menu.add("orders", "orders:invoices", gettext_lazy("Invoices"), "receipt", "invoices.add invoices.void")
    menu.tool("/orders/new/?call={call}&customer={customer}", gettext_lazy("New order"), "shopping-cart-plus", "orders.add", "o")
    menu.notices(refused)


def refused(user: Any) -> list[menu.Notice]:
    """Orders that this person took and the review refused: the customer is to be called. One query."""
    if not rights.may(user, "orders.reopen"):
        return []
    count = Order.objects.filter(taken_by=user, state=State.REFUSED).count()
    return (
        [menu.Notice(_("Orders that were refused"), f"/orders/?state=refused&taken_by={user.username}", count)] if count else []
    )

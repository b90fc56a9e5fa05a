"""Products and orders."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from ccenter.calls import tokens
        from crm.selectors import finding
        from crm.selectors import history as crm
        from crm.services import merging
        from orders import entities, exporting, lookups  # noqa: F401  register kinds of jobs, and what others may ask
        from orders.pages import goods_menu, order_menu
        from orders.selectors import history, points  # noqa: F401
        from orders.selectors.orders import buyers, phone_of
        from orders.services import order_sync  # noqa: F401
        from orders.services import points as ledger

        entities.declare_all()
        order_menu.add_all()
        goods_menu.add_all()
        tokens.register("o", phone_of)
        finding.register(buyers)
        crm.register("points", points.read, _("Points"), "coins", points.page)
        merging.register("points", ledger.merge, ledger.unmerge, owns=["orders.pointaccount"])

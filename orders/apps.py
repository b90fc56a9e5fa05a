"""Products and orders."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from orders import entities, lookups  # noqa: F401  the latter registers what a flow may ask

        entities.declare_all()

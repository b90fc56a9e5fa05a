"""Customers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from ccenter.calls import tokens
        from crm import lookups, selectors  # noqa: F401  the former registers what a flow may ask

        tokens.register("p", selectors.number_of_phone)

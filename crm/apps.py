"""Customers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from ccenter.calls import tokens
        from crm import entities, lookups, selectors, service_entities  # noqa: F401  the second registers what a flow may ask
        from crm.pages import customer_menu, service_menu
        from crm.selectors import service_history
        from crm.services import bulk, customer_sync, exporting, importing, ticket_export  # noqa: F401  kinds of jobs, and of sources

        entities.declare_all()
        service_entities.declare_all()
        service_history.register_all()
        customer_menu.add_all()
        service_menu.add_all()
        tokens.register("p", selectors.number_of_phone)

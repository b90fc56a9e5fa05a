"""The pages of customers in the menu."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.pages import menu


def add_all() -> None:
    menu.add("customers", "crm:customers", _("Customers"), "users", "customers.view")
    menu.add("customers", "crm:duplicates", _("Duplicates"), "users-group", "duplicates.view")
    menu.add("customers", "crm:merges", _("Merged customers"), "arrows-join", "merges.view")
    menu.add("customers", "crm:tags", _("Tags"), "tags", "tags.change")
    menu.add("customers", "crm:fields", _("Own fields"), "forms", "custom_fields.change")
    menu.add("customers", "crm:sources", _("Other systems"), "arrows-exchange", "sources.view")
    menu.tool("/crm/customers/{customer}/", _("Card of the customer"), "id", "customers.view")
    menu.tool("/crm/customers/new/?call={call}", _("New customer"), "user-plus", "customers.add")

"""The office's own pages in the menu."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.pages import menu


def add_all() -> None:
    menu.add("office", "office:jobs", _("Jobs"), "list-check", "jobs.view")
    menu.add("office", "office:branches", _("Branches"), "building-store", "branches.view")
    menu.add("office", "office:roles", _("Roles"), "shield-lock", "roles.view")
    menu.add("office", "office:audit", _("Audit log"), "history", "audit.view")
    menu.add("office", "office:webhooks", _("Webhooks"), "webhook", "webhooks.view")
    menu.add("office", "office:deliveries", _("Webhook deliveries"), "send", "webhooks.view")
    menu.add("office", "admin:index", _("Administration"), "adjustments", "roles.change")

"""The office's own pages in the menu."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import Role, role_of
from ccenter.office.pages import menu


def administers(user: Any) -> bool:
    """As `ccenter.administration` asks."""
    return bool(user.is_staff) and role_of(user) is Role.ADMIN


def add_all() -> None:
    menu.add("office", "office:jobs", _("Jobs"), "list-check", "jobs.view")
    menu.add("office", "office:branches", _("Branches"), "building-store", "branches.view")
    menu.add("office", "office:roles", _("Roles"), "shield-lock", "roles.view")
    menu.add("office", "office:audit", _("Audit log"), "history", "audit.view")
    menu.add("office", "office:webhooks", _("Webhooks"), "webhook", "webhooks.view")
    menu.add("office", "office:deliveries", _("Webhook deliveries"), "send", "webhooks.view")
    menu.add("office", "admin:index", _("Administration"), "adjustments", administers)

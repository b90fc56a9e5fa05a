"""These pages in the menu of all desks."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from ccenter.calls.rights import Role, role_of
from ccenter.office.pages import menu


def leads(user: Any) -> bool:
    return role_of(user) >= Role.LEAD


def add_all() -> None:
    menu.add("calls", "callbacks:callbacks", _("Callbacks"), "phone-calling", "callbacks.view")
    menu.add("calls", "callbacks:surge", _("Surge attendant"), "wave-saw-tool", leads)
    menu.add("calls", "callbacks:figures", _("Results of callbacks"), "chart-bar", "callbacks.figures")
    menu.add("calls", "callbacks:queue_rules", _("Rules of callbacks"), "adjustments-alt", "callback_rules.view")
    menu.add("calls", "callbacks:surges", _("Surge curves"), "chart-line", "surges.view")

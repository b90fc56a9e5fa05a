"""What agents and team leads work with: their screens, and what only screens ask for."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DesktopConfig(AppConfig):
    name = "ccenter.desktop"
    verbose_name = _("Desks")

    def ready(self) -> None:
        from ccenter.desktop import openings
        from ccenter.desktop.callbacks import entities, menu
        from crm.services import openings as shown

        shown.register(openings.note)
        entities.declare_all()
        menu.add_all()

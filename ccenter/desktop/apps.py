"""What agents and team leads work with: their screens, and what only screens ask for."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DesktopConfig(AppConfig):
    name = "ccenter.desktop"
    verbose_name = _("Desks")

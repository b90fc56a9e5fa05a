"""The record of calls, and the centre's configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    name = "ccenter.calls"
    verbose_name = _("Call centre")

    def ready(self) -> None:
        from ccenter.calls import lookups
        from ccenter.calls.selectors import last_agent

        lookups.register("last_agent", last_agent)
        lookups.register("number", lookups.number)

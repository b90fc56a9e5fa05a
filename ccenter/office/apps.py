"""What the offices behind the telephone share: rights, audit, jobs, webhooks, and the base of their REST interface."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "ccenter.office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from ccenter.office import entities, rights
        from ccenter.office.pages import office

        entities.declare_all()
        office.add_all()
        post_migrate.connect(rights.seed, sender=self)  # as Django does with its own permissions

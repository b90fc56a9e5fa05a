"""Lists as people like to see them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.office.models.version import Versioned


class SavedFilter(Versioned):
    """A list's search, filters and ordering under a name: `query` is what its address takes, {"state": "open", ...}."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("whose"))
    entity = models.CharField(_("list"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    query = models.JSONField(_("filters"), default=dict)
    shared = models.BooleanField(_("for everybody"), default=False)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["entity", "name", "id"]
        indexes = [models.Index(fields=["entity"], condition=Q(shared=True), name="shared_filters")]
        constraints = [
            models.UniqueConstraint(fields=["owner", "entity", "name"], name="one_filter_a_user_list_and_name"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(entity=""), name="filter_name"),
        ]

    def __str__(self) -> str:
        return self.name

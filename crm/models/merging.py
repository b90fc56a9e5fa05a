"""Customers who are in the book twice."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.customers import Customer


class Duplicate(models.Model):
    """Two customers who may be one, until somebody decides. `first` is the older row."""

    class Reason(models.TextChoices):
        NUMBER = "number", _("same telephone number")
        ADDRESS = "address", _("same name and address")

    class State(models.TextChoices):
        OPEN = "open", _("to be decided")
        DISTINCT = "distinct", _("two people")
        MERGED = "merged", _("merged")

    first = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("customer"))
    second = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("the other customer"))
    reason = models.CharField(_("reason"), max_length=7, choices=Reason.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("duplicate")
        verbose_name_plural = _("duplicates")
        ordering = ["-id"]
        indexes = [models.Index(fields=["-id"], name="open_duplicates", condition=Q(state="open"))]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_duplicate_a_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_in_order"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="duplicate_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}"


class Merge(models.Model):
    """One customer became part of another. `moved`: what hung on the one and hangs on the other now; enough to undo it.

    `moved`: {"rows": {"app.model.field": [keys]}, "more": {name: what a registered mover kept}, and what became of "fields",
    "phones", "addresses", "tags"}; see `crm.services.merging`.
    """

    kept = models.ForeignKey(Customer, models.CASCADE, related_name="merges", verbose_name=_("kept"))
    gone = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("merged into it"))
    moved = models.JSONField(default=dict, editable=False, encoder=DjangoJSONEncoder)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("merged by"))
    at = models.DateTimeField(_("merged"), default=timezone.now)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_of_two"),
            models.UniqueConstraint(fields=["gone"], condition=Q(undone_at=None), name="merged_once"),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None) | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="merge_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"

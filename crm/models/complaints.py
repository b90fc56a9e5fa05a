"""Complaints 投诉."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.categories import Category
from crm.models.customers import Customer


class Complaint(models.Model):
    """A customer was wronged, or says so 投诉; open until somebody closes it with a word about how."""

    class State(models.TextChoices):
        OPEN = "open", _("to be done")
        WORKING = "working", _("being worked on")
        CLOSED = "closed", _("settled")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="complaints", verbose_name=_("customer"))
    call = models.CharField(_("call"), max_length=40, blank=True)
    order = models.CharField(_("order"), max_length=16, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    text = models.CharField(_("what happened"), max_length=4000)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    resolution = models.CharField(_("how it was settled"), max_length=4000, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("taken by"))
    created_at = models.DateTimeField(_("taken"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["customer"], condition=~Q(state="closed"), name="open_complaints")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="complaint_text"),
            models.CheckConstraint(
                condition=(Q(state="closed", closed_at__isnull=False) & ~Q(resolution=""))
                | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="complaint_closed_says_how",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:40]

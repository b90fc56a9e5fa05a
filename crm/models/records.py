"""What agents did in calls."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from crm.models.categories import Category
from crm.models.customers import Customer


class ServiceRecord(Versioned):
    """What an agent did in a call 服务记录: one for each agent and call. `agent` is the seat's number, "" of who has none."""

    class Result(models.TextChoices):
        SOLVED = "solved", _("solved")
        ORDERED = "ordered", _("order taken")
        FOLLOW_UP = "follow_up", _("to be followed up")
        COMPLAINT = "complaint", _("complaint taken")
        TRANSFERRED = "transferred", _("handed over")
        UNREACHED = "unreached", _("not reached")
        NUISANCE = "nuisance", _("nuisance or wrong number")

    call = models.CharField(_("call"), max_length=40)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    agent = models.CharField(_("agent"), max_length=10, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="records", verbose_name=_("customer")
    )
    order = models.CharField(_("order"), max_length=16, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    result = models.CharField(_("result"), max_length=12, choices=Result.choices, blank=True)
    summary = models.CharField(_("summary"), max_length=4000, blank=True)
    follow_up = models.DateField(_("follow up on"), null=True, blank=True)
    followed_up_at = models.DateTimeField(_("followed up"), null=True, blank=True)
    # settled without the customer having had to ask before or again; empty where that cannot be said
    first_contact = models.BooleanField(_("settled at the first contact"), null=True, editable=False)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("service record")
        verbose_name_plural = _("service records")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="records_of_a_customer"),
            models.Index(fields=["author", "-created_at"], name="records_of_an_author"),
            models.Index(
                fields=["author", "follow_up"],
                condition=Q(follow_up__isnull=False, followed_up_at__isnull=True),
                name="records_to_follow_up",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["call", "author"], name="one_record_a_call_and_author"),
            models.CheckConstraint(condition=~Q(call=""), name="record_call"),
        ]

    def __str__(self) -> str:
        return f"{self.call} {self.agent} {self.result}"

"""Complaints 投诉 and work orders 工单: what the centre owes a customer beyond the call."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ccenter.calls.models import Calendar, SeatGroup
from ccenter.office.models import Branch, Versioned
from crm.models.categories import Category
from crm.models.customers import Customer
from crm.ticket_states import DONE, PAIRS, State


class Ticket(Versioned):
    """Something to be done for a customer until it is closed with a word about how.

    `owner` and `team` answer for it inside the centre, `branch` where it was handed to. `due_at` comes from a `DueRule` unless
    somebody set it (`due_by_hand`). `escalation` is how many steps of `Escalation` it has gone. `settled_at`: in time or late is
    measured there. `inform`: the customer gets mails about it.
    """

    State = State

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", _("complaint")
        WORK_ORDER = "work_order", _("work order")

    class Severity(models.IntegerChoices):
        LOW = 1, _("low")
        NORMAL = 2, _("normal")
        HIGH = 3, _("high")
        CRITICAL = 4, _("critical")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.COMPLAINT)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tickets", verbose_name=_("customer"))
    call = models.CharField(_("call"), max_length=40, blank=True)
    order = models.CharField(_("order"), max_length=16, blank=True)
    product = models.CharField(_("product"), max_length=16, blank=True)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category"))
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices, default=Severity.NORMAL)
    text = models.CharField(_("what happened"), max_length=4000)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    resolution = models.CharField(_("how it was settled"), max_length=4000, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("taken by"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    team = models.ForeignKey(SeatGroup, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team"))
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("branch"))
    inform = models.BooleanField(_("the customer gets mails about it"), default=True)
    created_at = models.DateTimeField(_("taken"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    due_by_hand = models.BooleanField(_("due time set by hand"), default=False)
    waiting_since = models.DateTimeField(_("waiting since"), null=True, blank=True, editable=False)
    escalation = models.PositiveSmallIntegerField(_("escalated"), default=0, editable=False)
    reopened = models.PositiveSmallIntegerField(_("reopened"), default=0, editable=False)
    settled_at = models.DateTimeField(_("done on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="tickets_of_a_customer"),
            models.Index(fields=["-created_at", "-id"], name="tickets_by_time"),
            models.Index(fields=["due_at", "id"], condition=~Q(state__in=DONE), name="tickets_due"),
            models.Index(fields=["owner", "due_at"], condition=~Q(state__in=DONE), name="tickets_of_an_owner"),
            models.Index(fields=["team", "due_at"], condition=~Q(state__in=DONE), name="tickets_of_a_team"),
            models.Index(fields=["branch", "-created_at"], name="tickets_of_a_branch"),
            models.Index(fields=["order"], condition=~Q(order=""), name="tickets_of_an_order"),
            GinIndex(Func(F("text"), function="crm_parts"), name="tickets_by_text"),  # see selectors.saying
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="ticket_text"),
            models.CheckConstraint(condition=Q(kind__in=["complaint", "work_order"]), name="ticket_kind"),
            models.CheckConstraint(condition=Q(severity__gte=1, severity__lte=4), name="ticket_severity"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="ticket_state"),
            models.CheckConstraint(
                condition=Q(state__in=DONE, closed_at__isnull=False) | (~Q(state__in=DONE) & Q(closed_at__isnull=True)),
                name="ticket_closed_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["settled", "closed"]) | ~Q(resolution=""), name="ticket_settled_says_how"
            ),
            models.CheckConstraint(
                condition=~Q(state="dispatched") | Q(branch__isnull=False), name="ticket_dispatched_somewhere"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False) | (~Q(state="waiting") & Q(waiting_since__isnull=True)),
                name="ticket_waits_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.text[:40]}"

    @property
    def number(self) -> str:
        """What the customer is told: "T00000042"."""
        return f"T{self.pk:08}"


def _allowed() -> Q:
    """The cells of the table of steps as a condition."""
    return reduce(or_, (Q(before=before, after=after) for before, after in PAIRS))


class Complaints(models.Manager["Complaint"]):
    def get_queryset(self) -> models.QuerySet["Complaint"]:
        return super().get_queryset().filter(kind=Ticket.Kind.COMPLAINT)


class Complaint(Ticket):
    """A customer was wronged, or says so 投诉."""

    objects = Complaints()

    class Meta:
        proxy = True
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints")


class TicketEvent(models.Model):
    """What was done with a ticket, never changed. `user` is empty for what the system did; `text` is a word about it."""

    class Kind(models.TextChoices):
        TAKEN = "taken", pgettext_lazy("what was done with a ticket", "taken")
        STEP = "step", _("next state")
        ASSIGNED = "assigned", _("assigned")
        CHANGED = "changed", _("changed")
        NOTE = "note", _("note")
        ESCALATED = "escalated", _("escalated")
        INFORMED = "informed", _("customer informed")
        CALL = "call", _("follow-up call")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("when"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    before = models.CharField(_("from"), max_length=10, choices=State.choices, blank=True)
    after = models.CharField(_("to"), max_length=10, choices=State.choices, blank=True)
    text = models.CharField(_("text"), max_length=4000, blank=True)

    class Meta:
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["ticket", "at"], name="events_of_a_ticket")]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(kind="step") & Q(before="", after="")) | (Q(kind="step") & _allowed()),
                name="ticket_step_is_allowed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"


class DueRule(Versioned):
    """When a ticket is due: so many working minutes after it was taken; without a calendar, minutes of the clock.

    The rule of the nearest category above counts, among those the one for the severity.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=Ticket.Kind.choices, blank=True)
    category = models.ForeignKey(Category, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category"))
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Ticket.Severity.choices, null=True, blank=True)
    minutes = models.PositiveIntegerField(_("minutes"))
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("working hours")
    )

    class Meta:
        verbose_name = _("due time rule")
        verbose_name_plural = _("due time rules")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "category", "severity"], name="one_due_rule", nulls_distinct=False,
                violation_error_message=_("There is a rule for this already."),
            ),
            models.CheckConstraint(condition=Q(minutes__gte=1, minutes__lte=525_600), name="due_rule_minutes"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.category or '*'} {self.severity or '*'}: {self.minutes}"


class Escalation(Versioned):
    """What happens to a ticket that is late, a level after the other: `minutes` after its due time, before it when negative.

    It raises an alarm and tells `to`, or the leads of its team, by mail; with `take_over` that person becomes the owner.
    """

    level = models.PositiveSmallIntegerField(_("level"), unique=True)
    minutes = models.IntegerField(_("minutes after it was due"))
    least_severity = models.PositiveSmallIntegerField(
        _("from this severity on"), choices=Ticket.Severity.choices, default=Ticket.Severity.LOW
    )
    raise_severity = models.BooleanField(_("severity goes up by one"), default=False)
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("told")
    )
    take_over = models.BooleanField(_("who is told becomes the owner"), default=False)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["level"]
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=1), name="escalation_level"),
            models.CheckConstraint(condition=Q(take_over=False) | Q(to__isnull=False), name="escalation_taken_over_by_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.level}: {self.minutes:+}"

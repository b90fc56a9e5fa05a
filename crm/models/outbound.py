"""Calls to customers that are due at a time: follow-ups, visits 回访, surveys, reminders; and the rules that plan them."""

from functools import reduce
from operator import or_
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from crm.models.customers import E164, Customer
from crm.models.records import ServiceRecord
from crm.models.scripts import Script
from crm.models.tickets import Ticket


class OutboundRule(Versioned):
    """After each `event` a call is planned: so many days or minutes later, at a time of the day if there is one.

    A machine makes it (`flow`), or an agent (`script`: the questionnaire), `own_agent`: at first the one who took the order or
    the call. `share`: of a hundred; who was called by a rule of this kind within `quiet_days` is left alone.
    """

    class Kind(models.TextChoices):
        VISIT = "visit", _("visit by telephone")
        SURVEY = "survey", _("survey")
        REMINDER = "reminder", _("reminder")

    class Event(models.TextChoices):
        ORDER_SHIPPED = "order_shipped", _("an order is shipped")
        ORDER_DELIVERED = "order_delivered", _("an order is delivered")
        TICKET_SETTLED = "ticket_settled", _("a complaint or work order is settled")
        CALL_ENDED = "call_ended", _("a caller was served")

    title = models.CharField(_("heading"), max_length=80, unique=True)
    active = models.BooleanField(_("active"), default=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    event = models.CharField(_("after"), max_length=15, choices=Event.choices)
    of_queue = models.CharField(_("calls of this queue only"), max_length=40, blank=True)
    days = models.PositiveSmallIntegerField(_("days later"), default=0)
    minutes = models.PositiveSmallIntegerField(_("minutes later"), default=0)
    at = models.TimeField(_("at this time of the day"), null=True, blank=True)
    share = models.PositiveSmallIntegerField(_("of a hundred"), default=100)
    quiet_days = models.PositiveSmallIntegerField(_("not again within days"), default=0)
    queue = models.CharField(_("queue"), max_length=40, blank=True)
    own_agent = models.BooleanField(_("the same agent"), default=False)
    flow = models.CharField(_("flow of the machine that calls"), max_length=40, blank=True)
    script = models.ForeignKey(Script, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("questionnaire"))
    priority = models.SmallIntegerField(_("priority"), default=0)
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        verbose_name = _("rule for outbound calls")
        verbose_name_plural = _("rules for outbound calls")
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(condition=~Q(title="") & ~Q(reason=""), name="outbound_rule_says_why"),
            models.CheckConstraint(condition=Q(kind__in=["visit", "survey", "reminder"]), name="outbound_rule_kind"),
            models.CheckConstraint(
                condition=Q(event__in=["order_shipped", "order_delivered", "ticket_settled", "call_ended"]),
                name="outbound_rule_event",
            ),
            models.CheckConstraint(condition=Q(of_queue="") | Q(event="call_ended"), name="outbound_rule_queue_of_calls"),
            models.CheckConstraint(condition=Q(days__lte=365, minutes__lte=1440), name="outbound_rule_later"),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="outbound_rule_share"),
            models.CheckConstraint(condition=Q(quiet_days__lte=365), name="outbound_rule_quiet"),
            models.CheckConstraint(condition=Q(priority__gte=-9, priority__lte=9), name="outbound_rule_priority"),
            models.CheckConstraint(
                condition=Q(flow="") | Q(script__isnull=True, own_agent=False), name="outbound_rule_machine_or_agent"
            ),
            models.CheckConstraint(
                condition=~Q(kind="survey") | ~Q(flow="") | Q(script__isnull=False), name="outbound_rule_survey_asks"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title


class TaskState(models.TextChoices):
    PLANNED = "planned", _("planned")
    RELEASED = "released", _("handed over")
    OPEN = "open", _("to be called")
    DONE = "done", _("done")
    REFUSED = "refused", _("not allowed")
    CANCELLED = "cancelled", _("cancelled")


T = TaskState
OVER = (T.DONE, T.REFUSED, T.CANCELLED)
# From where to where a task goes; the database has the same pairs (migration 0007), as a test sees.
STEPS = {
    T.PLANNED: (T.RELEASED, T.CANCELLED),
    T.RELEASED: (T.OPEN, *OVER),
    T.OPEN: OVER,
    **dict.fromkeys(OVER, ()),
}


class OutboundTask(Versioned):
    """A customer is to be called at a time, once. `callback` is its id in the core, where it becomes a `CallbackEntry`.

    planned: waits for its time; released: the core was asked (`request`); open: the core has it; done: with a `result`;
    refused: the core may not call there, and why. `agent` is whose it is, "" anybody's of the queue. A machine makes the call
    when there is a `flow`; `script` is the questionnaire an agent goes through. `once`: what it was planned for, so that nothing
    plans it twice. `zone` "": as the number says.
    """

    State = TaskState

    class Kind(models.TextChoices):
        FOLLOW_UP = "follow_up", _("follow-up")
        VISIT = "visit", _("visit by telephone")
        SURVEY = "survey", _("survey")
        REMINDER = "reminder", _("reminder")

    callback = models.UUIDField(_("callback"), default=uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices, default=Kind.FOLLOW_UP)
    state = models.CharField(_("state"), max_length=9, choices=TaskState.choices, default=TaskState.PLANNED)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="outbound_tasks", verbose_name=_("customer"))
    number = models.CharField(_("number"), max_length=16)
    due_at = models.DateTimeField(_("due"))
    zone = models.CharField(_("time zone"), max_length=40, blank=True)
    agent = models.CharField(_("seat"), max_length=10, blank=True)
    queue = models.CharField(_("queue"), max_length=40, blank=True)
    flow = models.CharField(_("flow of the machine that calls"), max_length=40, blank=True)
    script = models.ForeignKey(Script, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("questionnaire"))
    priority = models.SmallIntegerField(_("priority"), default=0)
    consent = models.BooleanField(_("the customer has agreed to this call"), default=False)
    reason = models.CharField(_("reason"), max_length=200)
    ticket = models.ForeignKey(
        Ticket, models.CASCADE, null=True, blank=True, related_name="outbound_tasks", verbose_name=_("ticket")
    )
    record = models.ForeignKey(
        ServiceRecord, models.SET_NULL, null=True, blank=True, related_name="outbound_tasks", verbose_name=_("service record")
    )
    order = models.CharField(_("order"), max_length=16, blank=True)
    call = models.CharField(_("call"), max_length=40, blank=True)
    rule = models.ForeignKey(OutboundRule, models.SET_NULL, null=True, blank=True, related_name="tasks", verbose_name=_("rule"))
    once = models.CharField(max_length=100, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked for by")
    )
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    request = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    released_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("outbound call")
        verbose_name_plural = _("outbound calls")
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="planned"), name="tasks_planned"),
            models.Index(fields=["released_at"], condition=Q(state__in=["released", "open"]), name="tasks_under_way"),
            models.Index(fields=["customer", "-due_at"], name="tasks_of_a_customer"),
            models.Index(fields=["-due_at", "-id"], name="tasks_by_time"),
            models.Index(fields=["agent", "due_at"], condition=~Q(agent=""), name="tasks_of_an_agent"),
            models.Index(fields=["rule", "customer"], condition=Q(rule__isnull=False), name="tasks_of_a_rule"),
            GinIndex(Func(F("reason"), function="crm_parts"), name="tasks_by_reason"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=E164), name="task_number_is_e164"),
            models.CheckConstraint(condition=~Q(reason=""), name="task_reason"),
            models.CheckConstraint(condition=Q(kind__in=["follow_up", "visit", "survey", "reminder"]), name="task_kind"),
            models.CheckConstraint(condition=Q(state__in=[str(state) for state in STEPS]), name="task_state"),
            models.CheckConstraint(
                condition=reduce(
                    or_,
                    (
                        Q(state="planned", released_at__isnull=True, opened_at__isnull=True, closed_at__isnull=True),
                        Q(state="released", released_at__isnull=False, opened_at__isnull=True, closed_at__isnull=True),
                        Q(state="open", released_at__isnull=False, opened_at__isnull=False, closed_at__isnull=True),
                        Q(state__in=["done", "refused"], released_at__isnull=False, closed_at__isnull=False) & ~Q(result=""),
                        Q(state="cancelled", closed_at__isnull=False),
                    ),
                ),
                name="task_times_of_its_state",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, request__isnull=True) | Q(released_at__isnull=False, request__isnull=False),
                name="task_released_by_a_request",
            ),
            models.CheckConstraint(condition=Q(priority__gte=-9, priority__lte=9), name="task_priority"),
            models.CheckConstraint(condition=Q(flow="") | Q(script__isnull=True, agent=""), name="task_machine_or_agent"),
            models.CheckConstraint(condition=~Q(kind="survey") | ~Q(flow="") | Q(script__isnull=False), name="task_survey_asks"),
            models.CheckConstraint(condition=Q(author__isnull=False) | ~Q(once=""), name="task_somebody_wants_it"),
            models.UniqueConstraint(fields=["once"], condition=~Q(once=""), name="task_planned_once"),
            models.UniqueConstraint(
                fields=["record"], condition=Q(state="planned", record__isnull=False), name="one_planned_task_a_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.customer_id} {self.due_at:%F %T}"

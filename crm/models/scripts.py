"""What agents say."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language
from ccenter.office.models import Versioned
from crm.models.customers import Customer


class Script(Versioned):
    """What an agent says 话术. Places to fill: {name} {surname} {title} {salutation} {company} {agent} {label} {product}.

    It fits a call when each condition that is not empty holds; among those that fit, the one with most conditions comes first.
    `queue` is a queue's code, `label` that of the called number (TV station, product or branch). `steps`, where there are any,
    are a tree to go through with the customer after that text: `crm.script_trees`.
    """

    class Situation(models.TextChoices):
        GREETING = "greeting", _("greeting")
        ORDER = "order", _("taking an order")
        SERVICE = "service", _("service")
        COMPLAINT = "complaint", _("complaint")
        CLOSING = "closing", _("closing words")
        SURVEY = "survey", _("questionnaire")

    class Audience(models.TextChoices):
        ANYBODY = "", _("anybody")
        NEW = "new", _("not known yet")
        KNOWN = "known", _("customers")
        RETURNING = "returning", _("customers who called before")

    title = models.CharField(_("heading"), max_length=80)
    situation = models.CharField(_("situation"), max_length=10, choices=Situation.choices, default=Situation.GREETING)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    text = models.TextField(_("text"), max_length=4000)
    queue = models.CharField(_("queue"), max_length=40, blank=True)
    label = models.CharField(_("TV station, product or branch"), max_length=60, blank=True)
    audience = models.CharField(_("said to"), max_length=9, choices=Audience.choices, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Customer.Level.choices, blank=True)
    steps = models.JSONField(_("steps"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ["situation", "position", "id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"


class ScriptRun(models.Model):
    """A script gone through with a customer, in a call. `steps` as they were when it began: later changes do it no harm.

    `task`: the outbound call it is the questionnaire of; `agent`: the seat that asked.
    """

    script = models.ForeignKey(Script, models.PROTECT, related_name="runs", verbose_name=_("script"))
    steps = models.JSONField(_("steps"), editable=False)
    call = models.CharField(_("call"), max_length=40, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="script_runs", verbose_name=_("customer")
    )
    task = models.OneToOneField(
        "crm.OutboundTask", models.SET_NULL, null=True, blank=True, related_name="run", verbose_name=_("outbound call")
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    agent = models.CharField(_("seat"), max_length=10, blank=True)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("answers to a script")
        verbose_name_plural = _("answers to scripts")
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-started_at"], name="script_runs_of_a_customer"),
            models.Index(fields=["script", "-started_at"], name="script_runs_of_a_script"),
            models.Index(fields=["-started_at", "-id"], name="script_runs_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "script", "user"], condition=~Q(call=""), name="one_run_a_call_script_and_user"
            )
        ]

    def __str__(self) -> str:
        return f"{self.script_id} {self.call}"


class ScriptAnswer(models.Model):
    """What was answered at a step; `question` as it was asked, `label` as the answer reads, `place` in the order of asking."""

    run = models.ForeignKey(ScriptRun, models.CASCADE, related_name="answers")
    place = models.PositiveSmallIntegerField(_("place"))
    step = models.CharField(_("step"), max_length=40)
    question = models.CharField(_("question"), max_length=4000)
    value = models.CharField(_("answer"), max_length=1000, blank=True)
    label = models.CharField(_("answer as it reads"), max_length=1000, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="one_answer_a_step"),
            models.UniqueConstraint(fields=["run", "place"], name="one_answer_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.value}"

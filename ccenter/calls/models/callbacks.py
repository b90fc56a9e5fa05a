"""Whom we owe a call: callbacks and tasks as the core tells of them, and what it must be told.

All but `MissedCaller` is folded from facts (see `record`). What happens to a callback is asked of the core by a `Request`; a
row changed here changes nothing.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import Deferrable, Q
from django.utils.translation import gettext_lazy as _


class CallbackEntry(models.Model):
    """A call we owe somebody, folded: one open callback a number, and tasks (follow-up, survey ...) as many as were released.

    `asked_at` is the place in line: when they asked first. `source`: asked, surge, abandoned, menu, voicemail, closed, failed,
    blocked, last_resort; task. `call` is the call in which they asked last, `attempt` the one under way or the last there was.
    LATER with a `due_at` that is past: waiting. `agent`: whose task it is; `offered_to`: who is shown it; `by`: who made the last
    attempt. `result` is the last attempt's.
    """

    class State(models.TextChoices):
        LATER = "LATER", _("later")
        WAITING = "WAITING", _("waiting")
        PRESENTED = "PRESENTED", _("shown to an agent")
        DIALLING = "DIALLING", _("being called")
        TALKING = "TALKING", _("talking")
        RESULT = "RESULT", _("result to be said")
        ON_LINE = "ON_LINE", _("on the line")
        CLOSED = "CLOSED", _("closed")

    id = models.TextField(primary_key=True)
    number = models.TextField(_("number"))
    kind = models.TextField(_("kind"), default="callback")
    source = models.TextField(_("source"))
    state = models.TextField(_("state"), choices=State.choices, default=State.WAITING)
    queue = models.TextField(_("queue"), default="")
    priority = models.IntegerField(_("priority"), default=0)
    dnis = models.TextField(_("called number"), default="")
    label = models.TextField(_("label"), default="")
    call = models.TextField(_("call"), default="")
    chosen = models.TextField(_("chosen"), default="")  # "flow:node"
    language = models.TextField(_("language"), default="")
    zone = models.TextField(_("time zone"), default="")
    customer = models.TextField(_("customer"), default="")
    agent = models.TextField(_("agent"), default="")
    flow = models.TextField(_("flow"), default="")
    asked_at = models.DateTimeField(_("asked"))
    opened_at = models.DateTimeField(_("opened"), null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    times_asked = models.IntegerField(_("times asked"), default=1)
    offered_to = models.TextField(default="")
    by = models.TextField(_("called by"), default="")
    attempt = models.TextField(default="")
    attempts = models.IntegerField(_("attempts"), default=0)
    result = models.TextField(_("result"), default="")
    reason = models.TextField(_("why not yet"), default="")  # returned or deferred
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_reason = models.TextField(_("why closed"), default="")
    closed_detail = models.TextField(default="")  # the agent who answered, or the callback it became part of

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        ordering = ["asked_at", "id"]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(closed_at__isnull=True), name="callback_open"),
            models.Index(fields=["number", "-asked_at"], name="callback_of_number"),
            models.Index(fields=["call"], condition=~Q(call=""), name="callback_of_call"),
            models.Index(fields=["attempt"], condition=~Q(attempt=""), name="callback_of_attempt"),
            models.Index(fields=["-closed_at"], name="callback_closed"),
            models.Index(fields=["-asked_at", "-id"], name="callback_by_time"),
        ]
        constraints = [
            # Looked at after each statement, not each row: in one batch a number goes from one callback to another.
            ExclusionConstraint(
                name="one_open_callback_a_number",
                index_type="SPGIST",
                expressions=[("number", "=")],
                condition=Q(closed_at__isnull=True, kind="callback"),
                deferrable=Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(condition=~Q(number="") & ~Q(kind=""), name="callback_number"),
            models.CheckConstraint(
                condition=Q(state="CLOSED", closed_at__isnull=False) | (~Q(state="CLOSED") & Q(closed_at__isnull=True)),
                name="callback_closed_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["LATER", "WAITING", "PRESENTED", "DIALLING", "TALKING", "RESULT", "ON_LINE", "CLOSED"]),
                name="callback_state",
            ),
            models.CheckConstraint(condition=Q(times_asked__gte=1, attempts__gte=0), name="callback_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class CallbackAttempt(models.Model):
    """One time a customer was rung for a callback, folded; `seq` is of the fact that says so.

    `agent` is "" for a machine's. `shown` is the number their phone showed. `result` is "" until there is one.
    """

    seq = models.BigIntegerField(primary_key=True)
    callback = models.TextField()
    call = models.TextField(default="", db_index=True)
    agent = models.TextField(default="")
    attempt = models.IntegerField()
    shown = models.TextField(default="")
    at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True)
    result = models.TextField(default="")
    resulted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["seq"]
        indexes = [
            models.Index(fields=["at"], name="callback_attempt_at"),
            models.Index(fields=["callback", "seq"], name="attempt_of_callback"),
        ]

    def __str__(self) -> str:
        return f"{self.callback} {self.attempt} {self.result}"


class BarredNumber(models.Model):
    """A number on the do-not-call list, or taken off it again (`barred` false), folded."""

    number = models.TextField(_("number"), primary_key=True)
    barred = models.BooleanField(_("barred"), default=True)
    at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("number not to be called")
        verbose_name_plural = _("numbers not to be called")
        ordering = ["number"]
        constraints = [models.CheckConstraint(condition=~Q(number=""), name="barred_number")]

    def __str__(self) -> str:
        return self.number


class SurgeSpan(models.Model):
    """A time in which the surge attendant took calls, folded; `seq` is of the fact that began it.

    `use` is the last known use of the lines (busy over existing), `highest` the highest; `share` what it takes of the calls now.
    """

    seq = models.BigIntegerField(primary_key=True)
    surge = models.TextField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    use = models.FloatField(default=0.0)
    highest = models.FloatField(default=0.0)
    share = models.FloatField(default=0.0)
    taken = models.IntegerField(default=0)
    passed = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("surge")
        verbose_name_plural = _("surges")
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["surge"], condition=Q(ended_at__isnull=True), name="one_surge_at_a_time"),
            models.CheckConstraint(condition=Q(taken__gte=0, passed__gte=0), name="surge_counts"),
        ]
        indexes = [models.Index(fields=["-started_at"], name="surge_started")]

    def __str__(self) -> str:
        return f"{self.surge} {self.started_at:%F %T}"


class MissedCaller(models.Model):
    """A caller whom the core never saw, to be told to it: it may be away for long. `id` is the spool's note's.

    `told_at`: the core knows, and has it on disk. Telling twice counts once.
    """

    class Source(models.TextChoices):
        BLOCKED = "blocked", _("no line was free")
        LAST_RESORT = "last_resort", _("called during a failure")

    id = models.UUIDField(primary_key=True)
    source = models.CharField(max_length=12, choices=Source.choices)
    number = models.CharField(max_length=40)  # as `numbers.normalise` gives it
    dnis = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("missed caller")
        verbose_name_plural = _("missed callers")
        ordering = ["at"]
        indexes = [models.Index(fields=["at"], condition=Q(told_at__isnull=True), name="missed_to_tell")]
        constraints = [
            models.CheckConstraint(condition=~Q(number="") & Q(source__in=["blocked", "last_resort"]), name="missed_known"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.at:%F %T}"

"""Other systems whose customers and orders are also ours."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, SecretField, code_is_code
from ccenter.office.models import Versioned

COLUMN = r"^[^\s\"'`;\\]{1,63}\Z"


class Source(Versioned):
    """A table of another database, or a program that sends its rows signed.

    The database's address with its password is in the environment: CC_SOURCE_<CODE>, the code in capitals, "-" as "_".
    `table` may name a schema; `key` is the column that names a row there, `changed` one that grows with each change (a time or
    a counter; without it every row is read each time). `mapping`: {our field: their column}. Where both sides changed,
    `conflict` decides. `write`: what changed here is written there.
    """

    class Entity(models.TextChoices):
        CUSTOMER = "customer", _("customers")
        ORDER = "order", _("orders")

    class Conflict(models.TextChoices):
        THEIRS = "theirs", _("theirs counts")
        OURS = "ours", _("ours counts")
        NEWEST = "newest", _("the later one counts")

    code = CodeField()
    name = models.CharField(_("name"), max_length=80)
    entity = models.CharField(_("what"), max_length=8, choices=Entity.choices, default=Entity.CUSTOMER)
    table = models.CharField(_("table"), max_length=127, blank=True)
    key = models.CharField(_("their key"), max_length=63)
    changed = models.CharField(_("column that grows with each change"), max_length=63, blank=True)
    mapping = models.JSONField(_("columns"), default=dict)
    conflict = models.CharField(_("where both changed"), max_length=6, choices=Conflict.choices, default=Conflict.THEIRS)
    write = models.BooleanField(_("write our changes there"), default=False)
    every = models.PositiveIntegerField(_("minutes between runs"), null=True, blank=True)
    secret = SecretField(max_length=80, editable=False)
    active = models.BooleanField(_("active"), default=True)
    mark = models.JSONField(null=True, editable=False, encoder=DjangoJSONEncoder)
    next_at = models.DateTimeField(_("next run"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("other system")
        verbose_name_plural = _("other systems")
        ordering = ["code"]
        constraints = [
            code_is_code("source"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(secret=""), name="source_name"),
            models.CheckConstraint(condition=Q(key__regex=COLUMN), name="source_key"),
            models.CheckConstraint(condition=Q(changed="") | Q(changed__regex=COLUMN), name="source_changed"),
            models.CheckConstraint(condition=Q(entity__in=["customer", "order"]), name="source_entity"),
            models.CheckConstraint(condition=Q(conflict__in=["theirs", "ours", "newest"]), name="source_conflict"),
            models.CheckConstraint(condition=Q(every=None) | Q(every__gte=1) & ~Q(table=""), name="source_every"),
        ]

    def __str__(self) -> str:
        return self.name


class SourceRow(models.Model):
    """A row there that is a row here. `theirs` and `ours` are digests of both as they were when they were last made equal."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="rows")
    key = models.CharField(max_length=100)
    row = models.BigIntegerField()
    theirs = models.CharField(max_length=32)
    ours = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="one_row_a_source_and_key"),
            models.UniqueConstraint(fields=["source", "row"], name="one_key_a_source_and_row"),
        ]


class RefusedRow(models.Model):
    """A row of theirs that was not taken, as it came (texts by their column), and why.

    It is tried again when it changes there, and after each of the delays that webhooks have; then it is given up until somebody
    has it tried again by hand.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DEAD = "dead", _("given up")

    source = models.ForeignKey(Source, models.CASCADE, related_name="refusals", verbose_name=_("other system"))
    key = models.CharField(_("their key"), max_length=100)
    row = models.JSONField(default=dict)
    reasons = models.CharField(_("reason"), max_length=300)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_at = models.DateTimeField(_("refused since"), default=timezone.now)
    tried_at = models.DateTimeField(_("tried last"), default=timezone.now)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        ordering = ["-id"]
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="refused_rows_due")]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="one_refusal_a_source_and_key"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "dead"]), name="refused_row_state"),
        ]

    def __str__(self) -> str:
        return self.key


class SourceRun(models.Model):
    """What a synchronisation did. `message` names what a program sent; sent again it is not done again.

    `refused`: the first hundred rows that were not taken: [{"key", "reasons"}].
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs", verbose_name=_("other system"))
    message = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    counts = models.JSONField(_("rows"), default=dict)
    refused = models.JSONField(_("refused"), default=list)

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "message"], condition=~Q(message=""), name="one_run_a_message"),
        ]

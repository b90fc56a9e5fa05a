"""Work that takes longer than a page may: imports, exports, merges of many."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """Something done in the background for `owner`. `kind` is the action it is: "customers.import".

    `place` is how far it got, in whatever its kind counts (rows read): a job whose worker died goes on from there. `run`
    counts the workers that had it; who is not the latest writes nothing more. Paths are relative to the job's folder.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (State.QUEUED, State.RUNNING)

    kind = models.CharField(_("kind"), max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    params = models.JSONField(_("wishes"), default=dict, encoder=DjangoJSONEncoder)
    language = models.CharField(max_length=10, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    cancel_asked = models.BooleanField(default=False)
    run = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(_("rows in all"), null=True, blank=True)
    done = models.PositiveIntegerField(_("rows done"), default=0)
    refused = models.PositiveIntegerField(_("rows refused"), default=0)
    place = models.BigIntegerField(default=0)
    report = models.JSONField(_("report"), default=dict, encoder=DjangoJSONEncoder)
    message = models.CharField(_("message"), max_length=500, blank=True)
    upload = models.CharField(max_length=100, blank=True)
    result = models.CharField(_("result"), max_length=100, blank=True)
    refused_size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(_("asked for"), db_default=Now())
    started_at = models.DateTimeField(_("begun"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="jobs_of_a_user"),
            models.Index(fields=["created_at"], condition=Q(state__in=["queued", "running"]), name="jobs_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], ended_at=None)
                | Q(state__in=["done", "failed", "cancelled"], ended_at__isnull=False),
                name="job_ended",
            ),
            models.CheckConstraint(condition=Q(total=None) | Q(done__lte=F("total")), name="job_done_of_total"),
            models.CheckConstraint(condition=Q(refused__lte=F("done")), name="job_refused_of_done"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

"""What was done: for people who ask later, and for programs that ask twice."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who did what to which row, when, from what to what. Nothing is ever changed here: a trigger refuses it.

    `user` is empty for what the system did by itself. `entity` is a model ("orders.order"), `key` the row's, `label` what it
    was called then. `changes`: {field: [from, to]}.
    """

    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    action = models.CharField(_("action"), max_length=60)
    entity = models.CharField(_("kind of row"), max_length=60)
    key = models.CharField(_("row"), max_length=40)
    label = models.CharField(_("called"), max_length=100, blank=True)
    changes = models.JSONField(_("from, to"), default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["entity", "key", "-at"], name="audit_of_a_row"),
            models.Index(fields=["user", "-at"], name="audit_of_a_user"),
            models.Index(fields=["action", "-at"], name="audit_of_an_action"),
            BrinIndex(fields=["at"], name="audit_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(action__regex=r"^[a-z_]+\.[a-z_]+\Z"), name="audit_action"),
            models.CheckConstraint(condition=~Q(entity="") & ~Q(key=""), name="audit_row"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.entity} {self.key}"


class StoredAnswer(models.Model):
    """The answer to a POST with an Idempotency-Key, written in the transaction of its effect; deleted after a day or two.

    `asked` is the SHA-256 of method, address and body. While a request is under way its key is an advisory lock, not a row:
    a server that dies leaves neither.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    asked = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_user_and_key")]
        indexes = [BrinIndex(fields=["at"], name="stored_answers_by_time")]

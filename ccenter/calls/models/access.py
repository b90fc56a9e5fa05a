"""Who came in, and who tried to."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LoginAttempt(models.Model):
    """Somebody gave a name and a password, at any door. `name` is a digest: people type their password there.

    `user`: whose name it is, if anybody's.
    """

    name = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("login"))
    address = models.GenericIPAddressField(_("address"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    succeeded = models.BooleanField(_("succeeded"), default=False)

    class Meta:
        verbose_name = _("login attempt")
        verbose_name_plural = _("login attempts")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["name", "at"], name="attempt_of_name"),
            models.Index(fields=["address", "at"], name="attempt_from_address"),
            models.Index(fields=["at"], name="attempt_at"),
        ]
        constraints = [models.CheckConstraint(condition=Q(succeeded=False) | Q(user__isnull=False), name="attempt_of_somebody")]

    def __str__(self) -> str:
        return f"{self.user_id or '?'} {self.address}"

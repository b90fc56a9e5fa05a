"""What everybody at the seats should know 公告."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from ccenter.office.models import Versioned


class News(Versioned):
    """A piece of news for some groups of seats, or for all. With `must_read`, each reader confirms it.

    `edition` counts up when it was changed so that it has to be read anew. Shown from `from_at` to before `until`.
    """

    title = models.CharField(_("heading"), max_length=120)
    text = models.TextField(_("text"), max_length=10_000)
    must_read = models.BooleanField(_("has to be confirmed"), default=False)
    groups = models.ManyToManyField(SeatGroup, blank=True, related_name="+", verbose_name=_("for the groups"))
    edition = models.PositiveSmallIntegerField(_("edition"), default=1, editable=False)
    from_at = models.DateTimeField(_("from"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("news")
        ordering = ["-from_at", "-id"]
        indexes = [models.Index(fields=["-from_at", "-id"], name="news_by_time")]
        constraints = [
            models.CheckConstraint(condition=~Q(title="") & ~Q(text=""), name="news_text"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gt=F("from_at")), name="news_forward"),
        ]

    def __str__(self) -> str:
        return self.title


class NewsReceipt(models.Model):
    """That somebody has read a piece of news, in which edition, and confirmed it."""

    news = models.ForeignKey(News, models.CASCADE, related_name="receipts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    edition = models.PositiveSmallIntegerField(_("edition"))
    read_at = models.DateTimeField(_("read"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "news"], name="news_of_a_reader")]
        constraints = [
            models.UniqueConstraint(fields=["news", "user", "edition"], name="one_receipt_an_edition"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(confirmed_at__gte=F("read_at")), name="news_confirmed_after_reading"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.news_id} {self.user_id} {self.edition}"

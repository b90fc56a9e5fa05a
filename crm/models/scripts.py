"""What agents say."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language
from crm.models.customers import Customer


class Script(models.Model):
    """What an agent says 话术. Places to fill: {name} {surname} {title} {salutation} {company} {agent} {label} {product}.

    It fits a call when each condition that is not empty holds; among those that fit, the one with most conditions comes first.
    `queue` is a queue's code, `label` that of the called number (TV station, product or branch).
    """

    class Situation(models.TextChoices):
        GREETING = "greeting", _("greeting")
        ORDER = "order", _("taking an order")
        SERVICE = "service", _("service")
        COMPLAINT = "complaint", _("complaint")
        CLOSING = "closing", _("closing words")

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
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ["situation", "position", "id"]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"

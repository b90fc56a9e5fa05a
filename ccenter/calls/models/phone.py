"""Browser phones: a fresh SIP account for each sign-in."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Agent
from ccenter.calls.models.fields import SecretField

ENDPOINT = r"^w[0-9]{2,10}-[0-9a-f]{8}\Z"


class WebPhone(models.Model):
    """The account a browser registers with, from sign-in to sign-out. A row is an account in Asterisk (see `stasis.accounts`).

    The endpoint is new each time, so that who knows an old password can do nothing with it.
    """

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="web_phones", verbose_name=_("agent"))
    endpoint = models.CharField(max_length=20, unique=True)
    password = SecretField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("browser phone")
        verbose_name_plural = _("browser phones")
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=models.Q(endpoint__regex=ENDPOINT), name="web_phone_endpoint")]

    def __str__(self) -> str:
        return self.endpoint

    @classmethod
    def fresh(cls, agent: Agent) -> "WebPhone":
        """A new account, kept at once."""
        endpoint = f"w{agent.number}-{secrets.token_hex(4)}"
        return cls.objects.create(agent=agent, endpoint=endpoint, password=secrets.token_urlsafe(24))

"""Branches, and what the members of a role may do."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models.version import Versioned


class Branch(Versioned):
    """A shop or branch office: work is handed to it, its own logins see that and nothing else."""

    code = CodeField()
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    email = models.EmailField(_("email"), blank=True)
    province = models.CharField(_("province"), max_length=40, blank=True)
    city = models.CharField(_("city"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    active = models.BooleanField(_("active"), default=True)
    logins = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="branches", verbose_name=_("logins"))

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["code"]
        constraints = [code_is_code("branch"), models.CheckConstraint(condition=~Q(name=""), name="branch_name")]

    def __str__(self) -> str:
        return self.name


class Right(models.Model):
    """The members of a role (`group`) may do `action` ("orders.approve") with the rows in `scope`.

    A right that was taken away stays as scope NONE: so a seed, which only adds rows, does not bring it back.
    """

    class Scope(models.TextChoices):
        NONE = "none", _("not at all")
        OWN = "own", _("their own")
        BRANCH = "branch", _("their branch's")
        TEAM = "team", _("their team's")
        ALL = "all", _("all")

    group = models.ForeignKey(Group, models.CASCADE, related_name="rights", verbose_name=_("role"))
    action = models.CharField(_("action"), max_length=60)
    scope = models.CharField(_("which rows"), max_length=6, choices=Scope.choices, default=Scope.ALL)

    class Meta:
        verbose_name = _("right")
        verbose_name_plural = _("rights")
        ordering = ["group", "action"]
        constraints = [
            models.UniqueConstraint(fields=["group", "action"], name="one_right_a_role_and_action"),
            models.CheckConstraint(condition=Q(action__regex=r"^[a-z_]+\.[a-z_]+\Z"), name="right_action"),
            models.CheckConstraint(condition=Q(scope__in=["none", "own", "branch", "team", "all"]), name="right_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.action} {self.scope}"

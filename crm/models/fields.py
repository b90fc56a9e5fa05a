"""Fields of customers that the centre defines by itself 自定义字段."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField
from ccenter.office.models import Versioned

FIELD_CODE = r"^[a-z][a-z0-9_]{0,39}\Z"


class CustomField(Versioned):
    """Its values stand in `Customer.fields` under `code`: a text, a number, "2026-12-31", one of `choices`, true or false.

    `default` is such a value, or null. `visible_to`: the roles that see it; none named: everybody. `searchable` texts are found
    by the search box. One that is not `active` is shown nowhere and its values stay.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice")
        YES_NO = "yes_no", _("yes or no")

    code = CodeField()
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    choices = ArrayField(models.CharField(max_length=60), verbose_name=_("choices"), default=list, blank=True, size=200)
    required = models.BooleanField(_("required"), default=False)
    default = models.JSONField(_("default"), null=True, blank=True)
    group = models.CharField(_("group"), max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the form"), default=0)
    visible_to = models.ManyToManyField(Group, blank=True, related_name="+", verbose_name=_("visible to"))
    searchable = models.BooleanField(_("found by search"), default=False)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("own field")
        verbose_name_plural = _("own fields")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=FIELD_CODE), name="field_code"),
            models.CheckConstraint(condition=~Q(name_zh=""), name="field_name"),
            models.CheckConstraint(
                condition=(Q(kind="choice") & Q(choices__len__gte=1)) | (~Q(kind="choice") & Q(choices__len=0)),
                name="field_choices",
            ),
            models.CheckConstraint(condition=Q(searchable=False) | Q(kind__in=["text", "choice"]), name="field_searchable"),
            models.CheckConstraint(condition=Q(kind__in=["text", "number", "date", "choice", "yes_no"]), name="field_kind"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the reader's language."""
        chinese = (get_language() or "zh").startswith("zh") or not self.name_en
        return str(self.name_zh if chinese else self.name_en)

"""What calls and complaints are about."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models import Versioned


class Category(Versioned):
    """What a call was about, as a tree: 订单 / 催送货."""

    code = CodeField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of"))
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]
        constraints = [code_is_code("category")]

    def __str__(self) -> str:
        return f"{self.name_zh} / {self.name_en}"

    @property
    def name(self) -> str:
        """In the reader's language."""
        return str(self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en)

    def clean(self) -> None:
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A category cannot be part of itself.")})
            seen.add(above.pk)
            above = above.parent

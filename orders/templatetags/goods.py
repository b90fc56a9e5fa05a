"""How pages of goods write things."""

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def said(value: Any) -> str:
    """An attribute's value as people say it: True -> "yes"."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)

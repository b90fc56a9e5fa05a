"""How the pages of callbacks write figures."""

from django import template

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """0.856 -> "86 %"; nothing is "–"."""
    return "–" if share is None else f"{round(share * 100)} %"

"""How pages of the desks write things."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def clock(seconds: float | None) -> str:
    """75 -> "1:15", 3700 -> "1:01:40"; as `format.js` does."""
    whole = max(0, int(seconds or 0))
    minutes, hours = whole // 60, whole // 3600
    return f"{hours}:{minutes % 60:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


@register.filter
def of(table: dict[str, Any], key: str) -> Any:
    """What a table has under a key; "" for nothing."""
    return table.get(key, "")

"""How pages write money."""

from decimal import Decimal

from django import template

register = template.Library()
SIGNS = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£", "HKD": "HK$"}


@register.filter
def money(amount: Decimal | None, currency: str = "CNY") -> str:
    """1299 -> "¥1,299.00", -5 -> "−¥5.00"; a currency without a sign of its own stands behind. Nothing for None."""
    if amount is None:
        return ""
    sign, text = "−" if amount < 0 else "", f"{abs(amount):,.2f}"
    return f"{sign}{SIGNS[currency]}{text}" if currency in SIGNS else f"{sign}{text} {currency}"

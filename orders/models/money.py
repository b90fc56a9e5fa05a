"""Money: Decimal with two places, and the currency beside it."""

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

CURRENCY = r"^[A-Z]{3}\Z"


def currency() -> str:
    """The centre's own, ISO 4217."""
    return str(settings.CURRENCY)


class MoneyField(models.DecimalField):
    """Ten digits before the point, two behind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_digits": 12, "decimal_places": 2, **kwargs})


class CurrencyField(models.CharField):
    """ISO 4217; the centre's own if nothing is said."""

    default_validators = [RegexValidator(CURRENCY)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"verbose_name": _("currency"), "max_length": 3, "default": currency, **kwargs})


def currency_is_code(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(currency__regex=CURRENCY), name=f"{name}_currency")

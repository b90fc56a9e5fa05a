"""Rules about categories."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.models import Category


def usable(category: Category | None, before: int | None = None) -> None:
    """One that was retired may stay where it is, and is given to nothing new."""
    if category is not None and not category.active and category.pk != before:
        raise ValidationError({"category": _("This category is not used any more.")})

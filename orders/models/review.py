"""What the review of orders looks at."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from orders.models.orders import money


class ReviewRules(Versioned):
    """The one row of them; without it the defaults hold.

    `limit`: orders of this total or more are looked at; None: no limit. `duplicate_days`: an order of the same goods for the same
    customer or telephone within so many days may be a mistake.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    limit = money(
        _("orders from this amount on are looked at"), null=True, blank=True, default=5000, validators=[MinValueValidator(0)]
    )
    duplicate_days = models.PositiveSmallIntegerField(_("days in which the same order is a duplicate"), default=3)

    class Meta:
        verbose_name = verbose_name_plural = _("rules of the review")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_review_rules_row"),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gte=0), name="review_limit"),
            models.CheckConstraint(condition=Q(duplicate_days__lte=90), name="review_duplicate_days"),
        ]

    def __str__(self) -> str:
        return str(_("rules of the review"))

"""Gifts: what goes with an order for nothing."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.conditions import Condition
from orders.models.money import MoneyField
from orders.models.products import Product


class GiftRule(Condition):
    """Who buys `least_quantity` of these goods, and for at least `least_amount`, gets `quantity` of `gift`.

    `repeat`: once for each time the condition is fulfilled, at most `most` of the gift (0: no limit). Of the rules that share a
    `group`, those with the highest `least_amount` that was reached count, and the customer chooses one of them.
    """

    gift = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("gift"))
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    least_quantity = models.PositiveIntegerField(_("from so many pieces"), default=1)
    least_amount = MoneyField(_("from an amount of"), default=Decimal(0))
    repeat = models.BooleanField(_("again for each multiple"), default=False)
    most = models.PositiveIntegerField(_("at most"), default=0)
    group = models.CharField(_("one of the group"), max_length=40, blank=True)

    class Meta(Condition.Meta):
        verbose_name = _("gift rule")
        verbose_name_plural = _("gift rules")
        ordering = ["name", "id"]
        constraints = [
            *Condition.Meta.constraints,
            models.CheckConstraint(
                condition=Q(quantity__gt=0, least_quantity__gt=0, least_amount__gte=0), name="gift_rule_figures"
            ),
        ]

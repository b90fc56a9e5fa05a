"""What gift rules and earning rules have in common: which goods, whose, when."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Versioned
from crm.models import Customer
from orders.models.products import Product, ProductCategory


class Condition(Versioned):
    """Goods of one product, or of one category and those below it, or any; customers of one level, or any; within a period."""

    name = models.CharField(_("name"), max_length=80)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product"))
    category = models.ForeignKey(
        ProductCategory, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product category")
    )
    level = models.CharField(_("customer's level"), max_length=8, choices=Customer.Level.choices, blank=True)
    since = models.DateTimeField(_("from"), null=True, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="%(class)s_is_named"),
            models.CheckConstraint(condition=Q(product=None) | Q(category=None), name="%(class)s_product_or_category"),
            models.CheckConstraint(condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")), name="%(class)s_period"),
        ]

    def __str__(self) -> str:
        return self.name

"""Products: what is on sale."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Product(models.Model):
    """Something on sale. `price` is in yuan."""

    code = models.CharField(_("product number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2)
    on_sale = models.BooleanField(_("on sale"), default=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["code"]
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="product_price")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

"""Orders: what a customer bought."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Customer
from orders.models.products import Product


class Order(models.Model):
    """What a customer ordered. `number` is typed on a telephone's keys; `amount` is in yuan."""

    class State(models.TextChoices):
        PAID = "paid", _("paid")
        PICKING = "picking", _("being prepared")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned", _("returned")

    OPEN = (State.PAID, State.PICKING, State.SHIPPED)

    number = models.CharField(_("order number"), max_length=16, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", verbose_name=_("customer"))
    product = models.ForeignKey(Product, models.PROTECT, verbose_name=_("product"))
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2, default=Decimal(0))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PAID)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["customer", "-created_at"], name="orders_of_a_customer")]
        constraints = [
            models.CheckConstraint(condition=Q(number__regex=r"^[0-9]{4,16}\Z"), name="order_number_digits"),
            models.CheckConstraint(condition=Q(quantity__gte=1, amount__gte=0), name="order_amount"),
        ]

    def __str__(self) -> str:
        return self.number

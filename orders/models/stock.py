"""Stock: what lies there, what of it is promised to whom, and every move since the first.

The moves of a product are a chain: each begins with the figures the one before ended with, and the stock row holds those of the
last. Foreign keys over those figures (migration 0003) make the database refuse anything that does not add up.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, NullIf
from django.utils.translation import gettext_lazy as _

from orders.models.products import Product


class Stock(models.Model):
    """How much of a product there is. Free to be sold is `on_hand` less `reserved`; at `low` or less it should be bought again.

    `seq` is the last move's, empty before the first.
    """

    product = models.OneToOneField(Product, models.PROTECT, primary_key=True, related_name="stock", verbose_name=_("product"))
    on_hand = models.PositiveIntegerField(_("on hand"), default=0)
    reserved = models.PositiveIntegerField(_("reserved"), default=0)
    low = models.PositiveIntegerField(_("to be bought again at"), default=0)
    seq = models.PositiveBigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("stock")
        verbose_name_plural = _("stock")
        ordering = ["product"]
        constraints = [
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="stock_no_overselling"),
            models.CheckConstraint(condition=Q(seq__isnull=False) | Q(on_hand=0, reserved=0), name="stock_comes_from_moves"),
        ]

    def __str__(self) -> str:
        return str(self.product)

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


class StockMove(models.Model):
    """One change of a product's stock; the figures before and after it. Nothing is ever changed here.

    `ref` is the order's or the purchase's number, `reason` what a person wrote.
    """

    class Kind(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        RELEASED = "released", _("reservation given back")
        ISSUED = "issued", _("left the house")
        RETURNED = "returned", _("came back")
        SCRAPPED = "scrapped", _("thrown away")
        RECEIVED = "received", _("delivered by the supplier")
        COUNTED = "counted", _("counted")

    stock = models.ForeignKey(Stock, models.PROTECT, related_name="moves", verbose_name=_("product"))
    seq = models.PositiveBigIntegerField()
    previous = models.GeneratedField(expression=NullIf(F("seq"), 1) - 1, output_field=models.BigIntegerField(), db_persist=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    on_hand_before = models.PositiveIntegerField(_("on hand before"))
    on_hand = models.PositiveIntegerField(_("on hand"))
    reserved_before = models.PositiveIntegerField(_("reserved before"))
    reserved = models.PositiveIntegerField(_("reserved"))
    ref = models.CharField(_("order or purchase"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("stock move")
        verbose_name_plural = _("stock moves")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["stock", "-id"], name="moves_of_a_product"),
            models.Index(fields=["ref"], condition=~Q(ref=""), name="moves_of_an_order"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["stock", "seq"], name="one_move_a_product_and_place"),
            # what the next move and the stock row refer to
            models.UniqueConstraint(fields=["stock", "seq", "on_hand", "reserved"], name="move_and_its_figures"),
            models.CheckConstraint(
                condition=Q(seq__gt=1) | Q(seq=1, on_hand_before=0, reserved_before=0), name="moves_begin_with_nothing"
            ),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="move_no_overselling"),
            models.CheckConstraint(
                name="move_is_of_its_kind",
                condition=Q(kind="reserved", on_hand=F("on_hand_before"), reserved__gt=F("reserved_before"))
                | Q(kind="released", on_hand=F("on_hand_before"), reserved__lt=F("reserved_before"))
                | Q(
                    kind="issued",
                    on_hand__lt=F("on_hand_before"),
                    reserved=F("reserved_before") + F("on_hand") - F("on_hand_before"),
                )
                | Q(kind__in=["returned", "received"], on_hand__gt=F("on_hand_before"), reserved=F("reserved_before"))
                | Q(kind="scrapped", on_hand__lt=F("on_hand_before"), reserved=F("reserved_before"))
                | Q(kind="counted", reserved=F("reserved_before")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} {self.kind} {self.on_hand_before} → {self.on_hand}"


class Reservation(models.Model):
    """So much of a product is kept for the order `ref`, or went out with it (`issued`); `put_back` of that came back."""

    stock = models.ForeignKey(Stock, models.PROTECT, related_name="reservations", verbose_name=_("product"))
    ref = models.CharField(_("order"), max_length=20)
    quantity = models.PositiveIntegerField(_("quantity"))
    issued = models.BooleanField(_("left the house"), default=False)
    put_back = models.PositiveIntegerField(_("came back"), default=0)
    at = models.DateTimeField(_("since"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["-id"]
        indexes = [models.Index(fields=["stock"], include=["quantity"], condition=Q(issued=False), name="open_reservations")]
        constraints = [
            models.UniqueConstraint(fields=["ref", "stock"], name="one_reservation_an_order_and_product"),
            models.CheckConstraint(condition=~Q(ref="") & Q(quantity__gt=0), name="reservation_quantity"),
            models.CheckConstraint(
                condition=Q(put_back=0) | Q(issued=True, put_back__lte=F("quantity")), name="reservation_came_back"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref}: {self.quantity} × {self.stock_id}"

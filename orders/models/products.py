"""Products: what is sold, at which price, with what one should know of each kind."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models import Versioned
from orders.models.money import CurrencyField, MoneyField, currency_is_code


class ProductCategory(Versioned):
    """A kind of product, as a tree: 家居 / 厨具. What is said of a kind holds for the kinds below."""

    code = CodeField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of"))
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("product category")
        verbose_name_plural = _("product categories")
        ordering = ["position", "code"]
        constraints = [
            code_is_code("product_category"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="product_category_not_in_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.name_zh} / {self.name_en}"

    @property
    def name(self) -> str:
        """In the reader's language."""
        return str(self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en)

    def clean(self) -> None:
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A category cannot be part of itself.")})
            seen.add(above.pk)
            above = above.parent


class ProductAttribute(Versioned):
    """What is told of each product of a category and of those below it: size, voltage, colour.

    Its values stand in `Product.attributes` under `code`, as those of `crm.models.CustomField` in customers.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice")
        YES_NO = "yes_no", _("yes or no")

    category = models.ForeignKey(ProductCategory, models.CASCADE, related_name="attributes", verbose_name=_("category"))
    code = CodeField(unique=False)
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.TEXT)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    choices = ArrayField(models.CharField(max_length=60), verbose_name=_("choices"), default=list, blank=True, size=200)
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)

    class Meta:
        verbose_name = _("product attribute")
        verbose_name_plural = _("product attributes")
        ordering = ["category", "position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["category", "code"], name="one_attribute_a_category_and_code"),
            code_is_code("product_attribute"),
            models.CheckConstraint(
                condition=(Q(kind="choice") & Q(choices__len__gte=1)) | (~Q(kind="choice") & Q(choices__len=0)),
                name="product_attribute_choices",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_zh} / {self.name_en}"

    @property
    def name(self) -> str:
        """In the reader's language."""
        return str(self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en)


class Product(Versioned):
    """Something that is sold, or given away (`gift_only`).

    `price` is what lists show; what is charged is read from the history (`selectors.products.priced`), to the second. `stocked`
    False: nothing that lies on a shelf (a service, a voucher), never out of stock. On sale within `sale_from` and `sale_until`,
    where they are given, as long as `on_sale` holds. `sounds` is how the name is typed in Latin letters: " buzhanchaoguo bzcg".
    """

    code = models.CharField(_("product number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    category = models.ForeignKey(
        ProductCategory, models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    price = MoneyField(_("price"))
    currency = CurrencyField()
    stocked = models.BooleanField(_("kept in stock"), default=True)
    gift_only = models.BooleanField(_("given away only"), default=False)
    on_sale = models.BooleanField(_("on sale"), default=True)
    sale_from = models.DateTimeField(_("on sale from"), null=True, blank=True)
    sale_until = models.DateTimeField(_("on sale until"), null=True, blank=True)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    sounds = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["code"]
        indexes = [
            GinIndex(fields=["attributes"], name="product_by_attribute", opclasses=["jsonb_path_ops"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="product_is_named"),
            models.CheckConstraint(
                condition=Q(sale_from=None) | Q(sale_until=None) | Q(sale_until__gt=F("sale_from")),
                name="product_sale_period",
            ),
            currency_is_code("product"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ProductPrice(models.Model):
    """What a product costs from `since` until the next one; a time to come is allowed. Nothing is ever changed here.

    A price that was written by mistake is written again with the same or a later `since`: of two, the later written holds.
    """

    product = models.ForeignKey(Product, models.PROTECT, related_name="prices", verbose_name=_("product"))
    price = MoneyField(_("price"))
    since = models.DateTimeField(_("holds from"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("written by"))
    at = models.DateTimeField(_("written"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["product", "-since", "-id"]
        indexes = [models.Index(fields=["product", "-since", "-id"], name="prices_of_a_product")]
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="price_not_negative")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price}"

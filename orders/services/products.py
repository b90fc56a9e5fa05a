"""Writes of products, their categories and attributes, and of prices. `by` is who does it; ValidationError by field."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from pypinyin import lazy_pinyin

from ccenter.office import webhooks
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from crm import pinyin
from crm.services import rows
from crm.services.fields import value_of
from orders.models import OrderLine, Product, ProductAttribute, ProductCategory, ProductPrice, Stock, StockMove
from orders.selectors.products import attributes_of, priced


@transaction.atomic
def add_product(by: Any, values: dict[str, Any]) -> Product:
    """`values`: the columns; `price` holds from now on."""
    product = Product(**values)
    product.attributes = checked(product.category_id, product.attributes)
    product.sounds = sounds(product.name)
    rows.add(by, "products", product)
    ProductPrice.objects.create(product=product, price=product.price, since=timezone.now(), by=by)
    if product.stocked:
        Stock.objects.create(product=product)
    webhooks.tell("product.added", {"id": product.pk, "code": product.code})
    return product


@transaction.atomic
def change_product(by: Any, product: Product, values: dict[str, Any]) -> Product:
    """`price` holds from now on; `attributes` are all the product shall have."""
    given = dict(values)
    price = given.pop("price", product.price)
    if given.get("stocked", product.stocked) != product.stocked:
        _not_moved(product)
    if {"attributes", "category"} & set(given):
        category = given.get("category", product.category)
        given["attributes"] = checked(category.pk if category else None, given.get("attributes", product.attributes))
    if "name" in given:
        given["sounds"] = sounds(given["name"])
    rows.change(by, "products", product, given)
    if price != product.price:
        set_price(by, product, price)
    webhooks.tell("product.changed", {"id": product.pk, "code": product.code, "fields": sorted(values)})
    return product


@transaction.atomic
def set_price(by: Any, product: Product, price: Decimal, since: datetime | None = None) -> ProductPrice:
    """What a product costs from `since` on, now if nothing is said; not from a time that is over."""
    now = timezone.now()
    if since is not None and since < now:
        raise ValidationError({"since": _("A price holds from now on or from later on.")})
    row = ProductPrice(product=product, price=price, since=since or now, by=by)
    row.full_clean(exclude=["product", "by"])
    row.save(force_insert=True)
    audit(by, "products.set_price", product, {"price": (product.price, price), "since": (None, row.since)})
    webhooks.tell("product.price", {"id": product.pk, "code": product.code, "price": price, "since": row.since})
    if since is None:
        product.price = price
        product.save(update_fields=["price"])
    return row


def refresh_prices(now: datetime | None = None) -> int:
    """Writes prices whose time has come into the products, for lists; how many. For every minute."""
    changed = priced(Product.objects.all(), now or timezone.now()).exclude(price=F("price_now"))
    return sum(
        Product.objects.filter(pk=pk).update(price=price) for pk, price in changed.order_by("pk").values_list("pk", "price_now")
    )


def checked(category: int | None, given: dict[str, Any]) -> dict[str, Any]:
    """Attributes as they are kept. Raises ValidationError by "attributes.<code>" for what the category does not ask for."""
    known = attributes_of(category)
    values, errors = {}, {}
    for code in sorted({*known, *given}):
        if code not in known:
            errors[f"attributes.{code}"] = _("There is no such attribute in this category.")
            continue
        try:
            value = value_of(known[code], given.get(code))
        except ValidationError as error:
            errors[f"attributes.{code}"] = error.message
            continue
        if value is not None:
            values[code] = value
        elif known[code].required:
            errors[f"attributes.{code}"] = _("This field is required.")
    if errors:
        raise ValidationError(errors)
    return values


def sounds(name: str) -> str:
    """What people type for a name in Latin letters: each reading and its initials, each after a space."""
    readings = [tuple(lazy_pinyin(name)), *pinyin.readings(name)]  # the first knows words: 银行 is yinhang
    words = [word for reading in readings for word in ("".join(reading), "".join(part[:1] for part in reading))]
    plain = ("".join(sign for sign in word.lower() if sign.isalnum() and sign.isascii()) for word in words)
    return "".join(f" {word}" for word in dict.fromkeys(plain) if word)


def _not_moved(product: Product) -> None:
    """Whether something is kept in stock cannot change when orders or the stock's book depend on it."""
    if StockMove.objects.filter(stock=product.pk).exists() or OrderLine.objects.filter(product=product).exists():
        raise Conflict({"stocked": [_("This product was ordered or moved already: make another product.")]})


# -- categories and attributes ---------------------------------------------------------------------------------


@transaction.atomic
def add_category(by: Any, values: dict[str, Any]) -> ProductCategory:
    return rows.add(by, "product_categories", ProductCategory(**values))


@transaction.atomic
def change_category(by: Any, category: ProductCategory, values: dict[str, Any]) -> ProductCategory:
    if "parent" in values:  # one after the other: two moves at once could make a circle
        list(ProductCategory.objects.select_for_update().order_by("pk").values_list("pk"))
    return rows.change(by, "product_categories", category, values)


@transaction.atomic
def delete_category(by: Any, category: ProductCategory) -> None:
    """With its attributes. Raises ProtectedError while something belongs to it."""
    rows.delete(by, "product_categories", category)


@transaction.atomic
def add_attribute(by: Any, values: dict[str, Any]) -> ProductAttribute:
    attribute = ProductAttribute(**values)
    _tidy(attribute)
    return rows.add(by, "product_categories", attribute)


@transaction.atomic
def change_attribute(by: Any, attribute: ProductAttribute, values: dict[str, Any]) -> ProductAttribute:
    """Category, code and kind stay for ever: values depend on them. A choice that products have cannot go."""
    for name in ("category", "code", "kind"):
        if name in values and values[name] != getattr(attribute, name):
            raise ValidationError({name: _("This cannot be changed: make another field.")})
    given = dict(values)
    if "choices" in given:
        given["choices"] = _choices(given["choices"])
        gone = set(attribute.choices) - set(given["choices"])
        if any(_with(attribute).filter(attributes__contains={attribute.code: choice}).exists() for choice in sorted(gone)):
            raise Conflict({"choices": [_("There are products with a choice that is not in this list.")]})
    return rows.change(by, "product_categories", attribute, given)


@transaction.atomic
def delete_attribute(by: Any, attribute: ProductAttribute) -> None:
    """Only one that no product has a value of."""
    if _with(attribute).exists():
        raise Conflict(_("There are products with a value of this attribute."))
    rows.delete(by, "product_categories", attribute)


def _tidy(attribute: ProductAttribute) -> None:
    attribute.choices = _choices(attribute.choices)
    if (attribute.kind == ProductAttribute.Kind.CHOICE) != bool(attribute.choices):
        raise ValidationError({"choices": _("Choices, for a field of this kind and no other.")})


def _choices(given: list[str]) -> list[str]:
    return list(dict.fromkeys(choice.strip() for choice in given if choice.strip()))


def _with(attribute: ProductAttribute) -> Any:
    """Products that have a value of it; of the same code in another branch of the tree too, to be on the safe side."""
    return Product.objects.filter(attributes__has_key=attribute.code)

"""Fields of forms about goods: products by number, categories as a tree, times of the centre, lists line by line."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIterator, ModelChoiceIteratorValue
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.forms import DayField
from orders.models import Product, ProductAttribute, ProductCategory
from orders.selectors.products import tree

FOUND = "found-products"  # the <datalist> of the page
YES_NO = (("", "–"), ("yes", _("yes")), ("no", _("no")))


class ProductInput(forms.TextInput):
    """While somebody types, the list of the page is filled with what is numbered, called or sounds so."""

    def __init__(self) -> None:
        asks = {
            "hx-get": reverse_lazy("orders:found_products"),
            "hx-trigger": "input changed delay:120ms",
            "hx-target": f"#{FOUND}",
        }
        super().__init__({"list": FOUND, "autocomplete": "off", "hx-sync": "this:replace", **asks})


class ProductField(forms.CharField):
    """A product by its number; what may stand after it is for the eye: "1001 不粘炒锅". `rows`: those that may be named."""

    def __init__(self, *, rows: QuerySet[Product] | None = None, **options: Any) -> None:
        self.rows = Product.objects.all() if rows is None else rows
        super().__init__(**{"max_length": 130, "widget": ProductInput(), **options})

    def prepare_value(self, value: Any) -> Any:
        """A key becomes what people know."""
        if isinstance(value, int):
            value = Product.objects.filter(pk=value).first()
        return str(value) if isinstance(value, Product) else value

    def clean(self, value: Any) -> Any:
        words = super().clean(value).split(" ")[:20]
        if words == [""]:
            return None
        beginnings = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        named = {code.casefold(): code for code in self.rows.filter(code__in=beginnings).values_list("code", flat=True)}
        code = next((named[one.casefold()] for one in beginnings if one.casefold() in named), beginnings[0])
        found = self.rows.filter(code__iexact=code).first()
        if found is None:
            raise ValidationError(_("There is no product with this number."))
        return found


class Tree(ModelChoiceIterator):
    """Categories below the ones they are part of. One query."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for category, depth in tree():
            yield ModelChoiceIteratorValue(category.pk, category), f"{'　' * depth}{category.name}"


class CategoryField(forms.ModelChoiceField):
    iterator = Tree

    def __init__(self, **options: Any) -> None:
        super().__init__(ProductCategory.objects.all(), **{"required": False, "empty_label": "–", **options})


class LinesField(forms.CharField):
    """A list of texts, each on a line of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "widget": forms.Textarea({"rows": 4}), **options})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


def attribute_field(attribute: ProductAttribute) -> forms.Field:
    """What asks for an attribute's value; empty is no value. Whether it is right, services.products.checked says."""
    label = f"{attribute.name} ({attribute.unit})" if attribute.unit else attribute.name
    options: dict[str, Any] = {"label": label, "required": attribute.required}
    match attribute.kind:
        case ProductAttribute.Kind.NUMBER:
            return forms.DecimalField(**options, widget=forms.NumberInput({"step": "any"}))
        case ProductAttribute.Kind.DATE:
            return DayField(**options)
        case ProductAttribute.Kind.CHOICE:
            return forms.ChoiceField(choices=[("", "–"), *((one, one) for one in attribute.choices)], **options)
        case ProductAttribute.Kind.YES_NO:
            return YesNoField(**options)
    return forms.CharField(max_length=500, **options)


class YesNoField(forms.TypedChoiceField):
    """True, False, or None for nothing said."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=YES_NO, coerce=lambda word: word == "yes", empty_value=None, **options)

    def prepare_value(self, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value)


def plain(value: Any) -> Any:
    """A form's value as attributes keep it."""
    return value.normalize() if isinstance(value, Decimal) else (value if value != "" else None)

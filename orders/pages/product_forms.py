"""Forms of a product, of its price and of its stock."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.forms import MomentField, RowForm
from orders.models import Product
from orders.pages.fields import CategoryField, attribute_field, plain
from orders.selectors.products import attributes_of
from orders.services.stock import MOST

ATTRIBUTE = "attributes."  # before an attribute's code: the name of its field, and of its errors


class ProductForm(RowForm):
    """A product with what its category asks for. A new one has a price; later prices are set by themselves, with a time."""

    category = CategoryField(label=_("category"))
    sale_from = MomentField(label=_("on sale from"))
    sale_until = MomentField(label=_("on sale until"))

    class Meta:
        model = Product
        fields: ClassVar = [
            *("code", "name", "category", "unit", "sale_from", "sale_until", "price", "stocked", "on_sale", "gift_only"),
            "description",
        ]
        widgets: ClassVar = {"description": forms.Textarea({"rows": 3})}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.initial.get("id"):
            del self.fields["price"]
        self.known = attributes_of(self._category())
        for code, attribute in self.known.items():
            self.fields[f"{ATTRIBUTE}{code}"] = attribute_field(attribute)
            self.initial[f"{ATTRIBUTE}{code}"] = self.initial.get("attributes", {}).get(code)

    def _category(self) -> int | None:
        """The one that was chosen, or that the product has."""
        if not self.is_bound:
            return self.initial.get("category")
        chosen = str(self.data.get("category", ""))
        return int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None

    @property
    def plain(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.startswith(ATTRIBUTE)]

    @property
    def attributes(self) -> list[forms.BoundField]:
        return [self[f"{ATTRIBUTE}{code}"] for code in self.known]

    def values(self) -> dict[str, Any]:
        """What services take."""
        given = {name: value for name, value in self.cleaned_data.items() if not name.startswith(ATTRIBUTE)}
        return {**given, "attributes": {code: plain(self.cleaned_data[f"{ATTRIBUTE}{code}"]) for code in self.known}}

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("sale_from") and given.get("sale_until") and given["sale_until"] <= given["sale_from"]:
            self.add_error("sale_until", _("This is not after the beginning."))
        return given


class PriceForm(forms.Form):
    """A price from now on, or from a time to come."""

    price = forms.DecimalField(label=_("price"), min_value=0, max_digits=12, decimal_places=2)
    since = MomentField(label=_("holds from"), help_text=_("Empty: from now on."))


class CountForm(forms.Form):
    """`seen` is what the book said when the counting began."""

    counted = forms.IntegerField(label=_("counted"), min_value=0, max_value=MOST)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=MOST)
    reason = forms.CharField(label=_("reason"), max_length=200, required=False)


class ScrapForm(forms.Form):
    quantity = forms.IntegerField(label=_("pieces thrown away"), min_value=1, max_value=MOST)
    reason = forms.CharField(label=_("reason"), max_length=200)


class LowForm(forms.Form):
    low = forms.IntegerField(label=_("to be bought again at"), min_value=0, max_value=MOST)


class AdjustForm(forms.Form):
    """Points given (above 0) or taken away by hand."""

    points = forms.IntegerField(label=_("points"), min_value=-1_000_000_000, max_value=1_000_000_000)
    reason = forms.CharField(label=_("reason"), max_length=200)

"""Forms of a purchase: what is ordered from whom, and what came in."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.forms import DayField, RowForm
from orders.models import Purchase, PurchaseLine, Supplier
from orders.pages.fields import ProductField
from orders.services.purchases import MOST_LINES
from orders.services.stock import MOST

SPARE = 3  # empty lines below those that are filled in


class LineForm(forms.Form):
    """Empty lines are passed over."""

    product = ProductField(label=_("product"), required=False)
    quantity = forms.IntegerField(label=_("quantity"), min_value=1, max_value=MOST, required=False)
    cost = forms.DecimalField(label=_("cost"), min_value=0, max_digits=12, decimal_places=2, required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return given
        if given.get("product") and not given.get("quantity"):
            self.add_error("quantity", _("How many?"))
        if given.get("quantity") and not given.get("product"):
            self.add_error("product", _("What?"))
        return given


class Lines(forms.BaseFormSet):
    def clean(self) -> None:
        if any(self.errors):
            return
        products = [line["product"].pk for line in self.wanted()]
        if len(set(products)) != len(products):
            raise ValidationError(_("A product is there twice."))

    def wanted(self) -> list[dict[str, Any]]:
        """What services take: lines that are filled in."""
        return [form.cleaned_data for form in self.forms if form.cleaned_data.get("product")]


def lines_of(lines: list[PurchaseLine]) -> list[dict[str, Any]]:
    return [{"product": line.product, "quantity": line.quantity, "cost": line.cost} for line in lines]


LineForms = forms.formset_factory(LineForm, formset=Lines, extra=SPARE, max_num=MOST_LINES, validate_max=True)


class PurchaseForm(RowForm):
    """With its `lines`, a set of forms."""

    supplier = forms.ModelChoiceField(Supplier.objects.filter(active=True), label=_("supplier"), empty_label="–")
    expected_on = DayField(label=_("expected on"))

    class Meta:
        model = Purchase
        fields: ClassVar = ["supplier", "expected_on", "note"]

    def __init__(self, data: Any = None, files: Any = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, files, initial=initial)
        self.lines = LineForms(data, initial=(initial or {}).get("lines"), prefix="lines")

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.lines.is_valid()])

    def values(self) -> dict[str, Any]:
        """What services take."""
        return {**self.cleaned_data, "lines": self.lines.wanted()}


class ReceiveForm(forms.Form):
    """How much of each line came in: a field for each product, by its key; proposed is all that is still to come."""

    def __init__(self, lines: Iterable[PurchaseLine] = (), data: Any = None) -> None:
        super().__init__(data)
        for line in lines:
            if left := line.quantity - line.received:
                self.fields[str(line.product_id)] = forms.IntegerField(
                    label=str(line.product), min_value=0, max_value=left, required=False, initial=left
                )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=200)

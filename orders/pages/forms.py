"""Forms of the tables that say how goods are sold, given away, bought and delivered. What they clean goes to services."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.forms import MomentField, RowForm
from crm.models import Customer
from orders.models import (
    Carrier,
    DeliveryFee,
    DeliveryMethod,
    EarningRule,
    GiftRule,
    PointExchange,
    PointLevel,
    PointTerms,
    ProductAttribute,
    ProductCategory,
    ReviewRules,
    Supplier,
    SupplierProduct,
)
from orders.pages.fields import CategoryField, LinesField, ProductField


class PeriodForm(RowForm):
    """Something that holds from a time until another, each of which may be left out."""

    since = MomentField(label=_("from"))
    until = MomentField(label=_("until"))
    level = forms.ChoiceField(
        choices=[("", _("everybody")), *Customer.Level.choices], label=_("customer's level"), required=False
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("since") and given.get("until") and given["until"] <= given["since"]:
            self.add_error("until", _("This is not after the beginning."))
        return given


class ConditionForm(PeriodForm):
    """Goods of one product, of one category, or any."""

    product = ProductField(label=_("product"), required=False)
    category = CategoryField(label=_("product category"))

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("product") and given.get("category"):
            self.add_error("category", _("A product or a category, not both."))
        return given


class GiftRuleForm(ConditionForm):
    gift = ProductField(label=_("gift"))

    class Meta:
        model = GiftRule
        fields: ClassVar = [
            *("name", "gift", "quantity", "least_amount", "least_quantity", "most", "group", "level"),
            *("product", "category", "since", "until", "repeat", "active"),
        ]


class EarningRuleForm(ConditionForm):
    class Meta:
        model = EarningRule
        fields: ClassVar = ["name", "level", "points", "amount", "product", "category", "since", "until", "active"]


class PointTermsForm(RowForm):
    since = MomentField(label=_("from"), required=True)

    class Meta:
        model = PointTerms
        fields: ClassVar = ["since", "worth", "step", "least", "most_share", "months"]


class PointLevelForm(RowForm):
    class Meta:
        model = PointLevel
        fields: ClassVar = ["level", "points", "months"]


class PointExchangeForm(PeriodForm):
    product = ProductField(label=_("product"))

    class Meta:
        model = PointExchange
        fields: ClassVar = ["product", "points", "price", "level", "since", "until", "active"]


class CategoryForm(RowForm):
    parent = CategoryField(label=_("part of"))

    class Meta:
        model = ProductCategory
        fields: ClassVar = ["code", "name_zh", "name_en", "parent", "position", "active"]


class AttributeForm(RowForm):
    """Category, code and kind are said once, when it is new: values depend on them."""

    category = CategoryField(label=_("category"), required=True, empty_label=None)
    choices = LinesField(label=_("choices"), help_text=_("Each on a line of its own."))

    class Meta:
        model = ProductAttribute
        fields: ClassVar = ["category", "code", "name_zh", "name_en", "kind", "unit", "choices", "required", "position"]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.initial.get("id"):
            for name in ("category", "code", "kind"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if (given.get("kind") == ProductAttribute.Kind.CHOICE) != bool(given.get("choices")):
            self.add_error("choices", _("Choices, for a field of this kind and no other."))
        return given


class SupplierForm(RowForm):
    class Meta:
        model = Supplier
        fields: ClassVar = ["code", "name", "contact", "phone", "email", "address", "note", "active"]


class SupplierProductForm(RowForm):
    product = ProductField(label=_("product"))

    class Meta:
        model = SupplierProduct
        fields: ClassVar = ["supplier", "product", "code", "cost", "days"]


class CarrierForm(RowForm):
    class Meta:
        model = Carrier
        fields: ClassVar = ["code", "name", "phone", "cod", "tracking_url", "active"]
        help_texts: ClassVar = {"tracking_url": _("{number} stands for the tracking number.")}


class MethodForm(RowForm):
    class Meta:
        model = DeliveryMethod
        fields: ClassVar = ["code", "name_zh", "name_en", "carriers", "position", "active"]
        widgets: ClassVar = {"carriers": forms.CheckboxSelectMultiple}


class FeeForm(RowForm):
    class Meta:
        model = DeliveryFee
        fields: ClassVar = ["method", "province", "city", "fee", "free_from"]
        help_texts: ClassVar = {
            "province": _("Empty: everywhere."),
            "city": _("Empty: all of the province."),
            "free_from": _("Empty: never free."),
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("city") and not given.get("province"):
            self.add_error("province", _("In which province is this city?"))
        return given


class ReviewRulesForm(RowForm):
    class Meta:
        model = ReviewRules
        fields: ClassVar = ["limit", "duplicate_days"]
        help_texts: ClassVar = {"limit": _("Empty: no limit.")}

"""What was typed into the entry of an order, field by field: what can be read is kept, what cannot is said."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.calls.numbers import normalise
from ccenter.calls.tokens import spelt
from ccenter.office.rest import shown
from crm.models import Customer, CustomerAddress
from orders.models import DeliveryMethod, Order
from orders.selectors import entry
from orders.selectors.shelf import Shelf
from orders.services.drafts import Gift, Swap, Want

MASKED = {"phone": "number", "street": "address"}
MODEL_FIELDS = (
    *("channel", "pay_by", "recipient", "province", "city", "district", "street", "wish"),
    *("invoice_kind", "invoice_title", "invoice_tax_number", "invoice_email", "note"),
)
PLACE = ("province", "city", "district", "street")
CHOICES = ("channel", "pay_by")  # one of them it always is
Columns: Any = type(forms.Form)("Columns", (forms.Form,), forms.models.fields_for_model(Order, MODEL_FIELDS))


class EntryForm(Columns):
    """The fields of a draft. Everything may be missing until it is submitted."""

    phone = forms.CharField(max_length=40, required=False)
    method = forms.CharField(required=False)
    points_used = forms.IntegerField(min_value=0, max_value=2_000_000_000, required=False)

    def __init__(self, *args: Any, user: Any, now: Mapping[str, str], methods: Iterable[DeliveryMethod], **options: Any) -> None:
        """`now`: the masked fields as they are; `methods`: those offered."""
        self.user, self.now, self.methods = user, now, {method.code: method for method in methods}
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.required = False

    def clean_points_used(self) -> int:
        return self.cleaned_data["points_used"] or 0

    def clean_method(self) -> DeliveryMethod | None:
        code = self.cleaned_data["method"]
        if code and code not in self.methods:
            raise ValidationError(forms.ModelChoiceField.default_error_messages["invalid_choice"])
        return self.methods.get(code)

    def clean_phone(self) -> Any:
        text = self._whole("phone")
        if text and not normalise(text).is_e164:
            raise ValidationError(gettext_lazy("Not a telephone number."))
        return text

    def clean_street(self) -> Any:
        return self._whole("street")

    def clean_invoice_tax_number(self) -> str:
        return str(self.cleaned_data["invoice_tax_number"]).upper()

    def clean(self) -> dict[str, Any]:
        """Fields that were not sent stay as they are, and so do those that are shown masked and were not touched."""
        given = super().clean() or {}
        untouched = [name for name, value in given.items() if name not in self.data or value is None]
        for name in (*untouched, *(name for name in CHOICES if not given.get(name))):
            given.pop(name, None)
        for name in [name for name in MODEL_FIELDS if name in given]:
            try:
                Order._meta.get_field(name).run_validators(given[name])
            except ValidationError as error:
                self.add_error(name, error)
        if given.get("invoice_kind") == Order.InvoiceKind.PERSONAL and not given.get("invoice_title"):
            given["invoice_title"] = given.get("recipient", "")
        return given

    def _whole(self, name: str) -> Any:
        text = self.cleaned_data[name]
        if "****" not in text:
            return text
        if text != shown(self.user, MASKED[name], spelt(self.now.get(name, ""))):
            raise ValidationError(gettext_lazy("This is masked: write it whole, or leave it out."))
        return None


class Given:
    """What was sent: `fields`, `lines`, `swaps` and `gifts` for the services, `errors` by field; the `shelf` it was read from."""

    def __init__(self, user: Any, data: QueryDict, customer: Customer, order: Order | None) -> None:
        self.errors: dict[str, list[str]] = {}
        self.data, self.customer = data, customer
        now = order or usual(customer)
        self.shelf = Shelf()
        masked = {name: getattr(now, name, "") for name in MASKED}
        form = EntryForm(data, user=user, now=masked, methods=self.shelf.standing.methods)
        form.is_valid()
        self.errors |= {name: [str(one) for one in errors] for name, errors in form.errors.items()}
        self.fields: dict[str, Any] = {**form.cleaned_data}
        self.lines = self._lines()
        self.swaps = self._swaps()
        there = [line.product_id for line in order.lines.all()] if order else []
        self.shelf.fetch([want.code for want in self.lines or ()], [*there, *entry.gift_keys(self.shelf)])
        self.offered = entry.gifts_for({want.code: want.quantity for want in self.lines or ()}, customer.level, self.shelf)
        self.gifts = self._gifts()
        self.moved = self._address()  # the address comes from the customer's own: it is to be drawn anew

    def _lines(self) -> list[Want] | None:
        """None: one of them cannot be read, so that none is written."""
        counted = self._counted("code", "quantity")
        return None if counted is None else [Want(code[:20], quantity) for code, quantity in counted]

    def _swaps(self) -> list[Swap] | None:
        counted = self._counted("exchange", "pieces")
        known = [] if counted is None else [(key, pieces) for key, pieces in counted if key.isdecimal() and len(key) < 19]
        return None if counted is None else [Swap(int(key), pieces) for key, pieces in known]

    def _counted(self, names: str, quantities: str) -> list[tuple[str, int]] | None:
        """What was sent under one name, with the quantities under another. None: one of them cannot be read."""
        found = []
        for one, quantity in zip(self.data.getlist(names), self.data.getlist(quantities), strict=False):
            if not (quantity.isascii() and quantity.isdecimal() and len(quantity) < 5):
                self.errors["lines"] = [_("A quantity is from 1 to 9999.")]
                return None
            if int(quantity):
                found.append((one, int(quantity)))
        return found

    def _gifts(self) -> list[Gift] | None:
        """Of those that were chosen, what the rules give for the lines as they are now; one of each group."""
        if self.lines is None:
            return None
        chosen, groups, found = set(self.data.getlist("gift")), set(), []
        for one in self.offered:
            quantity = one.quantity if one.left is None else min(one.quantity, one.left)
            if str(one.rule.pk) not in chosen or one.rule.group in groups or not quantity:
                continue
            groups |= {one.rule.group} - {""}
            found.append(Gift(one.rule.pk, quantity))
        return found

    def _address(self) -> bool:
        key = self.data.get("where", "")
        where = next((one for one in self.customer.addresses.all() if str(one.pk) == key), None)
        if where is None:
            return False
        self.fields |= {name: getattr(where, name) for name in PLACE} | _receiver(where, self.customer)
        for name in (*PLACE, "recipient", "phone"):
            self.errors.pop(name, None)
        return True


def _receiver(where: CustomerAddress, customer: Customer) -> dict[str, str]:
    phone = where.phone or next((one.number for one in customer.phones.all()), "")
    return {"recipient": where.receiver or customer.name, "phone": phone}


def usual(customer: Customer) -> Order:
    """An order that is nowhere yet, with the address it will get."""
    where = next(iter(customer.addresses.all()), None)
    if where is None:
        return Order(customer=customer, recipient=customer.name, phone=next((one.number for one in customer.phones.all()), ""))
    return Order(customer=customer, **{name: getattr(where, name) for name in PLACE}, **_receiver(where, customer))

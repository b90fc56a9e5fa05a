"""The form of a customer: their columns, the fields the centre defined, numbers and addresses.

Whoever reads numbers or addresses masked does not get them into the form either: what they leave empty stays as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms.formsets import BaseFormSet
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from ccenter.calls.models.centre import Language
from ccenter.calls.tokens import spelt
from ccenter.office import rights
from ccenter.office.models import Branch
from ccenter.office.pages.forms import MomentField
from ccenter.office.rest import shown
from crm.models import Customer, CustomField, Tag
from crm.selectors.lists import PersonField
from crm.services.customers import CONSENT, MOST_ADDRESSES, MOST_PHONES, PARTS
from crm.services.fields import LONGEST

OWN = "own_"  # before the code of a field that the centre defined
Kind = CustomField.Kind
LARGEST = 2**63 - 1


def own_input(field: CustomField) -> forms.Field:
    """How a field that the centre defined is asked for."""
    options: dict[str, Any] = {"label": field.name, "required": field.required}
    match field.kind:
        case Kind.NUMBER:
            return forms.DecimalField(**options)
        case Kind.DATE:
            return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)
        case Kind.CHOICE:
            return forms.ChoiceField(choices=[("", "–"), *((one, one) for one in field.choices)], **options)
        case Kind.YES_NO:
            return forms.TypedChoiceField(
                choices=[("", "–"), ("yes", _("yes")), ("no", _("no"))],
                coerce=lambda text: text == "yes",
                empty_value=None,
                **options,
            )
    return forms.CharField(max_length=LONGEST, **options)


class Columns(forms.Form):
    """Everything that stands in the customer's own row, and the tags."""

    name = forms.CharField(label=_("Name"), max_length=100)
    title = forms.ChoiceField(label=_("Form of address"), choices=Customer.Title.choices, required=False)
    level = forms.ChoiceField(label=_("Level"), choices=Customer.Level.choices)
    language = forms.ChoiceField(label=_("Language"), choices=[("", "–"), *Language.choices], required=False)
    email = forms.EmailField(label=_("Email"), max_length=200, required=False)
    consent = forms.ChoiceField(label=_("Agrees to be called"), choices=Customer.Consent.choices, required=False)
    consent_how = forms.ChoiceField(label=_("Said so how"), choices=Customer.ConsentHow.choices, required=False)
    consent_at = MomentField(label=_("Said so on"), help_text=_("Empty: now."))
    owner = PersonField(label=_("Looked after by"), required=False)
    team = forms.ModelChoiceField(SeatGroup.objects.all(), label=_("Team"), to_field_name="code", required=False)
    branch = forms.ModelChoiceField(Branch.objects.filter(active=True), label=_("Branch"), to_field_name="code", required=False)
    tags = forms.ModelMultipleChoiceField(Tag.objects.all(), label=_("Tags"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, data: Any, *, user: Any, seen: list[CustomField], customer: Customer | None, given: Mapping[str, Any]
    ) -> None:
        own = customer.fields if customer else {field.code: field.default for field in seen if field.default is not None}
        initial = {**_told(customer), **given, **{f"{OWN}{code}": _written(value) for code, value in own.items()}}
        super().__init__(data, initial=initial)
        self.seen = seen
        for field in seen:
            self.fields[f"{OWN}{field.code}"] = own_input(field)
        if not rights.may(user, "customers.level"):
            self.fields["level"].disabled = True
            self.fields["level"].required = False
        if mine := _only_branches(user):
            self.fields["branch"].queryset = Branch.objects.filter(pk__in=mine)  # type: ignore[attr-defined]
            self.fields["branch"].required = True
            if customer is None:
                self.initial["branch"] = Branch.objects.values_list("code", flat=True).get(pk=mine[0])

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields that the centre defined, by group, in their order."""
        found: dict[str, list[forms.BoundField]] = {}
        for field in self.seen:
            found.setdefault(field.group, []).append(self[f"{OWN}{field.code}"])
        return list(found.items())

    def values(self) -> dict[str, Any]:
        """For the services."""
        given = {name: value for name, value in self.cleaned_data.items() if not name.startswith(OWN)}
        if self.fields["level"].disabled:
            del given["level"]
        given["tags"] = list(given["tags"])
        return {**given, "fields": {field.code: self.cleaned_data.get(f"{OWN}{field.code}") for field in self.seen}}


class PhoneLine(forms.Form):
    """A number; one that is there has its `id`."""

    id = forms.IntegerField(min_value=1, max_value=LARGEST, required=False, widget=forms.HiddenInput)
    number = forms.CharField(label=_("Telephone number"), max_length=40, required=False)
    shared = forms.BooleanField(label=_("Shared with others"), required=False)

    def item(self) -> dict[str, Any] | None:
        """For `set_phones`; None for a line that says nothing."""
        ident, number = self.cleaned_data.get("id"), self.cleaned_data.get("number", "")
        if not ident and not number:
            return None
        item: dict[str, Any] = {"shared": self.cleaned_data.get("shared", False)}
        if ident:
            item["id"] = ident
        if number and (not ident or number != self.initial.get("number")):
            item["number"] = number
        return item


class AddressLine(forms.Form):
    """An address; one that is there has its `id`."""

    id = forms.IntegerField(min_value=1, max_value=LARGEST, required=False, widget=forms.HiddenInput)
    province = forms.CharField(label=_("Province"), max_length=40, required=False)
    city = forms.CharField(label=_("City"), max_length=40, required=False)
    district = forms.CharField(label=_("District"), max_length=40, required=False)
    street = forms.CharField(label=_("Street and house"), max_length=200, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=10, required=False)
    receiver = forms.CharField(label=_("Receiver, if another"), max_length=100, required=False)
    phone = forms.CharField(label=_("Receiver's number"), max_length=40, required=False)
    main = forms.BooleanField(label=_("Main address"), required=False)
    MASKED: ClassVar[tuple[str, ...]] = ("street", "phone")

    def item(self) -> dict[str, Any] | None:
        """For `set_addresses`; None for a line that says nothing."""
        item = {part: self.cleaned_data.get(part, "") for part in PARTS}
        ident = self.cleaned_data.get("id")
        if not ident and not any(item.values()):
            return None
        for name in self.MASKED:
            if ident and not item[name] and f"{name}_masked" in self.initial:
                del item[name]
        return {**item, "main": self.cleaned_data.get("main", False), **({"id": ident} if ident else {})}


class Lines(BaseFormSet):
    """Lines with what was there first; one that is ticked to go is left out."""

    deletion_widget = forms.CheckboxInput

    def items(self) -> Iterator[dict[str, Any]]:
        for form in self.forms:
            if form.cleaned_data.get("DELETE"):
                continue
            item = form.item()  # type: ignore[attr-defined]
            if item is not None:
                yield item


def _lines(form: type[forms.Form], most: int) -> type[Lines]:
    return forms.formset_factory(  # type: ignore[return-value]
        form, formset=Lines, extra=0, can_delete=True, max_num=most, absolute_max=2 * most, validate_max=False
    )


PhoneLines = _lines(PhoneLine, MOST_PHONES)
AddressLines = _lines(AddressLine, MOST_ADDRESSES)


class CustomerForm:
    """The whole form: `columns`, `phones`, `addresses`. `given`: what is known of a new customer ({"name", "number"})."""

    def __init__(
        self,
        data: Any,
        *,
        user: Any,
        seen: list[CustomField],
        customer: Customer | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.user, self.customer, given = user, customer, dict(given or {})
        self.trouble: dict[str, list[str]] = {}  # with phones or addresses as a whole
        number, caller = given.pop("number", ""), given.pop("caller", "")
        self.token = given.pop("token", "")
        self.caller = shown(user, "number", caller)  # whose number comes along by its token
        self.columns = Columns(data, user=user, seen=seen, customer=customer, given=given)
        phones, addresses = self._initial()
        if number:
            phones.append({"number": number})
        whole = {"empty_permitted": False}  # a line that is as it was says something too: that it stays
        first = phones or ([] if caller else [{}])
        self.phones = PhoneLines(data, initial=first, prefix="phones", form_kwargs=whole)
        self.addresses = AddressLines(data, initial=addresses or [{"main": True}], prefix="addresses", form_kwargs=whole)

    def _initial(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if self.customer is None:
            return [], []
        hides = {name: rights.masked(self.user, name) for name in ("number", "address")}
        phones: list[dict[str, Any]] = []
        for phone in self.customer.phones.all():
            text = shown(self.user, "number", spelt(phone.number))
            told = {"number_masked": text} if hides["number"] else {"number": text}
            phones.append({"id": phone.pk, "shared": phone.shared, **told})
        addresses: list[dict[str, Any]] = []
        for one in self.customer.addresses.all():
            line: dict[str, Any] = {part: getattr(one, part) for part in PARTS}
            line |= {"id": one.pk, "main": one.main, "phone": spelt(one.phone)}
            for name, kind in (("street", "address"), ("phone", "number")):
                if hides[kind]:
                    line[f"{name}_masked"] = shown(self.user, kind, line.pop(name))
            addresses.append(line)
        return phones, addresses

    def is_valid(self) -> bool:
        return all([self.columns.is_valid(), self.phones.is_valid(), self.addresses.is_valid()])

    def values(self) -> dict[str, Any]:
        """For the services: phones and addresses are all that shall be left."""
        return {
            **self.columns.values(),
            "phones": list(self.phones.items()),
            "addresses": list(self.addresses.items()),
        }

    def refuse(self, error: ValidationError) -> None:
        """What a service said against it, beside what it is about."""
        for name, texts in (error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}).items():
            field = f"{OWN}{name.removeprefix('fields.')}" if name.startswith("fields.") else name
            if name in ("phones", "addresses"):
                self.trouble[name] = texts
            else:
                self.columns.add_error(field if field in self.columns.fields else None, texts)


def _told(customer: Customer | None) -> dict[str, Any]:
    if customer is None:
        return {"level": Customer.Level.ORDINARY}
    told = {name: getattr(customer, name) for name in ("name", "title", "level", "language", "email", *CONSENT)}
    told |= {"owner": customer.owner and customer.owner.get_username(), "team": customer.team and customer.team.code}
    return {**told, "branch": customer.branch and customer.branch.code, "tags": [tag.pk for tag in customer.tags.all()]}


def _written(value: Any) -> Any:
    """A value of a field that the centre defined, as its input has it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _only_branches(user: Any) -> list[int]:
    """The branches of who has no right but to their customers."""
    return [] if rights.everywhere(user, "customers.add") else rights.branches_of(user)

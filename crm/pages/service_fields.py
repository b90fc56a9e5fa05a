"""Fields of forms about service: categories with the way to them, people, products by code, lists of words."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator, ModelChoiceIteratorValue
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.services import people
from crm.models import Category, Customer
from crm.selectors import finding
from crm.selectors.categories import Tree, tree

CALL = re.compile(r"[A-Za-z0-9_-]{1,40}")
BETWEEN = re.compile(r"[,，;；、\n]+")


def paths(known: Tree, above: int | None = None, way: tuple[str, ...] = ()) -> Iterator[tuple[Category, str]]:
    """Every category below `above` with its whole way, as the tree has them: "订单 / 催送货"."""
    for one in known.children.get(above, ()):
        here = (*way, one.name)
        yield one, " / ".join(here)
        if len(here) < 10:
            yield from paths(known, one.pk, here)


class _Paths(ModelChoiceIterator):
    """One query; those not used any more only where they are chosen already."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for category, path in paths(tree()):
            if category.active or category.pk == self.field.kept:
                yield ModelChoiceIteratorValue(category.pk, category), path


class CategoryField(forms.ModelChoiceField):
    """`kept`: the key of one that may stay though it was retired."""

    iterator = _Paths
    kept: int | None = None

    def __init__(self, **options: Any) -> None:
        options = {"required": False, "empty_label": "–", "label": _("category"), **options}
        super().__init__(Category.objects.all(), **options)


class PersonField(forms.ModelChoiceField):
    """Somebody who works here, by name and seat; with `seats`, who has one."""

    def __init__(self, *, seats: bool = False, **options: Any) -> None:
        rows = people().select_related("seat").defer("password", "seat__sip_password").order_by("username")
        if seats:
            rows = rows.filter(seat__active=True)
        super().__init__(rows, **{"required": False, "empty_label": "–", **options})

    def label_from_instance(self, user: Any) -> str:
        return named(user)


def named(user: Any) -> str:
    """ "1001 王芳", or the login of who has no seat. `user` with its seat; "" for nobody."""
    if user is None:
        return ""
    seat = getattr(user, "seat", None)
    return f"{seat.number} {seat.name}" if seat else user.get_full_name() or user.get_username()


class WordsField(forms.CharField):
    """Short texts, between commas or on lines of their own. `longest`: of one; `most` of them."""

    def __init__(self, *, longest: int, most: int, **options: Any) -> None:
        self.longest, self.most = longest, most
        super().__init__(**{"required": False, **options})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        words = list(dict.fromkeys(word.strip() for word in BETWEEN.split(super().clean(value)) if word.strip()))
        if len(words) > self.most:
            raise ValidationError(_("At most %(most)s.") % {"most": self.most})
        if long := next((word for word in words if len(word) > self.longest), None):
            raise ValidationError(_("“%(word)s” is too long.") % {"word": long})
        return words


class CustomerField(forms.CharField):
    """A customer, told by what somebody types of them; searched as everywhere. `user`: who asks, set by the page.

    Exactly one has to fit. Shown as the member number.
    """

    user: Any = None

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(
            {
                "list": "found-customers", "autocomplete": "off", "hx-get": reverse_lazy("crm:found_customers"),
                "hx-trigger": "input changed delay:150ms", "hx-target": "#found-customers", "hx-sync": "this:replace",
            }
        )  # fmt: skip
        super().__init__(**{"max_length": 60, "widget": widget, "label": _("customer"), **options})

    def prepare_value(self, value: Any) -> Any:
        return value.number if isinstance(value, Customer) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        exact = rights.scoped(self.user, Customer.objects.filter(number=text, merged_into=None), "customers").first()
        found = [exact] if exact else found_customers(text, self.user, most=4)
        if not found:
            raise ValidationError(_("No customer fits this."))
        if len(found) > 1:
            names = "; ".join(f"{one.number} {one.name}" for one in found)
            raise ValidationError(_("Several fit; which one? %(names)s") % {"names": names})
        return found[0]


def mine(user: Any, who: str) -> str:
    """What a list is asked for so that it holds a user's own rows; `who`: "owner", "author"."""
    return urlencode({who: user.get_username()})


def call_of(asked: Any) -> str:
    """The id of the call that an address or a form names by `call`; "" for what is none."""
    call = asked.get("call", "")
    return call if CALL.fullmatch(call) else ""


def found_customers(text: str, user: Any, most: int = 8) -> list[Customer]:
    """Those whom this user may see."""
    keys = [one.pk for one in finding.customers(text, user, most=most)]
    seen = rights.scoped(user, Customer.objects.filter(pk__in=keys), "customers").in_bulk()
    return [seen[key] for key in keys if key in seen]

"""A new customer, or one that is changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.calls.numbers import normalise
from ccenter.calls.rights import Role, may_see_call, role_of
from ccenter.calls.tokens import BadToken, number_of, token_of
from ccenter.office import rights
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import gone_to, stale_text
from crm.models import Customer, CustomerPhone
from crm.pages.customer_form import CustomerForm
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.services import by_hand


class CustomerPage(FormPage):
    """What both have."""

    entity = "customers"
    queryset = finding.found()
    template, part = "crm/customer_form.html", "crm/customer_form_part.html"

    def form(self, row: Any, data: Any = None) -> CustomerForm:
        self.seen = own_fields.visible(self.user)
        return CustomerForm(data, user=self.user, seen=self.seen, customer=row, given=self.given())

    def given(self) -> dict[str, str]:
        """What is known of somebody new."""
        return {}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.locked() if "key" in self.kwargs else None
        form = self.form(row, request.POST)
        if row is not None and self.stale(row):
            form.is_valid()
            return self.show(form, row, told=stale_text(row), status=409)
        if not form.is_valid():
            return self.show(form, row, status=422)
        try:
            with transaction.atomic():
                saved = self.save(row, form.values())
        except ValidationError as error:
            form.refuse(error)
            return self.show(form, row, status=422)
        return gone_to(reverse("crm:customer", args=[saved.pk]))

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        return {"holders": self.holders(form, row) if "phones" in form.trouble else []}

    def holders(self, form: CustomerForm, row: Customer | None) -> list[Customer]:
        """Who has these numbers already, of those this user sees."""
        written = [item["number"] for item in form.phones.items() if item.get("number")]
        numbers = [normalise(number).number for number in (*written, self.given().get("caller", ""))]
        others = CustomerPhone.objects.filter(number__in=numbers).exclude(customer=row).values("customer")
        return list(rights.scoped(self.user, Customer.objects.filter(pk__in=others), "customers").only("name", "number")[:5])


class NewCustomer(CustomerPage):
    """`name`, `number`; `call` or `token` of whoever is on the line: their number comes in without being read by who may not."""

    verb = "add"
    title = _("New customer")

    def given(self) -> dict[str, str]:
        first = self.request.method == "GET"
        asked = self.request.GET if first else self.request.POST
        given = {name: asked[name][:100] for name in ("name", "number") if first and asked.get(name)}
        token = asked.get("token", "") or self.token_of_call(asked.get("call", ""))
        try:
            return {**given, "caller": number_of(token, self.user), "token": token} if token else given
        except BadToken:
            return given

    def token_of_call(self, call: str) -> str:
        """Of a call this user sees."""
        if not call or role_of(self.user) is Role.NONE or not may_see_call(self.user, call):
            return ""
        return token_of("c", call, self.user)

    def save(self, row: Any, values: dict[str, Any]) -> Customer:
        if number := self.given().get("caller"):
            values["phones"].insert(0, {"number": number})
        return by_hand.add(self.user, values, self.seen)


class ChangeCustomer(CustomerPage):
    verb = "change"

    def save(self, row: Any, values: dict[str, Any]) -> Customer:
        return by_hand.change(self.user, row, values, self.seen)

"""The entry of an order, alone or beside a call: a page that keeps what is typed as a draft, and draws what it costs.

The form is one template. The browser (static/orders/entry.js) sends all of it whenever something changed, and takes those parts
of the answer that nobody types into. A draft is written from the first product on; the call, or the customer, finds it again.
"""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.calls.tokens import spelt
from ccenter.office.errors import Conflict
from ccenter.office.models import AuditEntry
from ccenter.office.pages.frame import OfficePage, stale_text
from ccenter.office.rest import shown
from ccenter.office.rights import may, scoped
from crm.models import Customer
from crm.selectors.customers import resolve, whole
from orders.models import Order
from orders.models.orders import PayBy
from orders.pages.entry_form import Given, usual
from orders.selectors import entry
from orders.selectors.orders import one
from orders.selectors.points import NOTHING, exchanges, usable
from orders.selectors.shelf import Shelf
from orders.services import drafts, steps
from orders.states import State
from orders.sums import ZERO

Errors = dict[str, list[str]]
TYPED = (
    *("recipient", "phone", "province", "city", "district", "street", "wish", "note"),
    *("invoice_title", "invoice_tax_number", "invoice_email"),
)
BESIDE = {*TYPED, "method"}  # whose errors stand at the field


class OrderEntry(OfficePage):
    """GET `customer`, `call`, or `order` (a draft's number); `new`: not what was begun before. POST: keeps the form."""

    entity, verb, title = "orders", "add", gettext_lazy("Order entry")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.GET.get("order") or request.GET.get("customer")):
            return self.answer(self.context(), template="orders/entry_for_whom.html")
        order, customer = self.meant(request.GET)
        if order is not None and order.state != State.DRAFT:
            return redirect("orders:order", order.number)
        call, asked = request.GET.get("call", "")[:40], customer
        begun = entry.draft_for(self.user, customer, call) if order is None else None
        if begun and (begun.call == call != "" or "new" not in request.GET):
            order, customer = self.meant({"order": begun.number})
        return self.drawn("opened", customer, order, call=call, other=asked != customer)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Writes what was sent, as far as it can be read."""
        order, customer = self.meant(request.POST)
        given, call = Given(self.user, request.POST, customer, order), request.POST.get("call", "")[:40]
        if order is None and request.POST.get("again"):  # the draft of a request whose answer was lost
            begun = entry.draft_for(self.user, customer, call)
            order = one(begun.number, lock=True) if begun else None
        try:
            if order is None:
                order = _begun(self.user, customer, given, call)
            else:
                self.demand_version(order)
                fields, shelf = given.fields, given.shelf
                drafts.change(order, self.user, fields, given.lines, given.gifts, given.swaps, held=True, shelf=shelf)
        except Changed as stale:
            return self.drawn("stale", customer, order, call=call, errors=given.errors, stale=stale, shelf=given.shelf)
        except ValidationError as error:
            order, errors = again(order), {**given.errors, **reasons(error)}
            return self.drawn("refused", customer, order, call=call, errors=errors, shelf=given.shelf)
        kept = {"call": call, "errors": given.errors, "moved": given.moved, "shelf": given.shelf}
        return self.drawn("kept", customer, again(order), **kept)

    def meant(self, data: Any) -> tuple[Order | None, Customer]:
        """The order and its customer, or only the latter. 404 for what this user may not write."""
        order, customer = None, data.get("customer", "")
        if number := data.get("order", ""):
            order = one(number[:16], lock=self.request.method == "POST")
            if order is None or not may(self.user, "orders.change", order, as_read=True):
                raise Http404
            key = order.customer_id
        else:
            known = customer.isascii() and customer.isdecimal() and len(customer) < 19
            found = scoped(self.user, Customer.objects.filter(pk=int(customer)), "customers").first() if known else None
            if found is None:
                raise Http404
            key = resolve(found).pk
        return order, whole(key)

    def demand_version(self, order: Order) -> None:
        """Raises Changed, unless what changed the draft was this very request, whose answer was lost (`again`)."""
        if str(order.version) == self.request.POST.get("version"):
            return
        changed = Changed(order)
        if not (self.request.POST.get("again") and changed.by == self.user):
            raise changed

    def drawn(
        self,
        state: str,
        customer: Customer,
        order: Order | None,
        *,
        call: str = "",
        errors: Errors | None = None,
        stale: "Changed | None" = None,
        moved: bool = False,
        other: bool = False,
        shelf: Shelf | None = None,
    ) -> HttpResponse:
        """The form as it stands in the database. `state`: opened, kept, refused or stale; `moved`: so is the address.

        `shelf`: what was read of goods already.
        """
        now, errors, shelf = order or usual(customer), errors or {}, shelf or Shelf()
        proposals = entry.proposals(order, shelf) if order else None
        taken = {line.gift_rule_id: line.quantity for line in order.gifts} if order else {}
        values = {name: getattr(now, name) for name in TYPED}
        values |= {"phone": shown(self.user, "number", spelt(now.phone)), "street": shown(self.user, "address", now.street)}
        there = proposals.points_left if proposals else usable(customer, shelf.at)
        offers = proposals.exchanges if proposals else exchanges(customer, shelf.at, there)
        context = self.context(
            state=state, customer=customer, order=order, call=order.call if order else call, now=now, stale=stale, moved=moved,
            values=values, errors=errors, loose=[text for name, texts in errors.items() if name not in BESIDE for text in texts],
            lines=[(line, proposals.available.get(line.product_id)) for line in order.goods] if order and proposals else [],
            gifts=[(one, taken.get(one.rule.pk)) for one in proposals.gifts] if proposals else [],
            points=proposals.points if proposals else NOTHING, points_left=there, points_short=-there, exchanges=offers,
            swaps=order.exchanges if order else [], will_earn=proposals.will_earn if proposals else 0,
            ways=proposals.ways if proposals else entry.ways(now.province, now.city, ZERO, shelf.standing),
            pay_by=PayBy.choices, channels=Order.Channel.choices, invoices=Order.InvoiceKind.choices,
            addresses=[(one.pk, _said(self.user, one)) for one in customer.addresses.all()],
            provinces=shelf.standing.provinces, other_customer=other,
            from_before=state == "opened" and order is not None and order.call != call,
        )  # fmt: skip
        return self.answer(context, template="orders/entry_form.html" if state != "opened" else "")

    template = "orders/entry.html"


class SubmitEntry(OrderEntry):
    """POST: to the review, as it was kept. Refused, it is drawn with the prices of now and the reasons."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        order, customer = self.meant(request.POST)
        if order is None:
            return self.drawn("refused", customer, None, errors={"lines": [_("Nothing is ordered yet.")]})
        if order.state == State.SUBMITTED:  # by a request whose answer was lost
            return self.answer(self.context(order=order, customer=customer), template="orders/entry_done.html")
        try:
            self.demand_version(order)
            steps.submit(order, self.user, held=True)
        except Changed as stale:
            return self.drawn("stale", customer, order, stale=stale)
        except ValidationError as error:
            if isinstance(error, Conflict):
                with suppress(ValidationError):  # what cannot be is left for the clerk to change
                    drafts.change(order, self.user, {})
            return self.drawn("refused", customer, again(order), errors=reasons(error))
        return self.answer(self.context(order=again(order), customer=customer), template="orders/entry_done.html")


class DropEntry(OrderEntry):
    """POST: the customer does not want it after all; the draft stays as a cancelled order."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        order, customer = self.meant(request.POST)
        if order is not None:
            if order.state != State.DRAFT:
                return self.drawn("refused", customer, order, errors={"state": [_("This is not a draft any more.")]})
            steps.cancel(order, self.user)
        return self.answer(self.context(order=None, customer=customer), template="orders/entry_done.html")


class Changed(Exception):
    """Somebody changed the draft since it was drawn: who, and what is said of it."""

    def __init__(self, order: Order) -> None:
        rows = AuditEntry.objects.select_related("user").filter(entity=order._meta.label_lower, key=str(order.pk))
        last = rows.order_by("-at", "-id").first()
        self.version, self.by, self.text = order.version, last and last.user, stale_text(order)


def again(order: Order | None) -> Order | None:
    """As the database has it now."""
    return one(order.number) if order else None


def reasons(error: ValidationError) -> Errors:
    """By field; "" for the whole."""
    return error.message_dict if hasattr(error, "error_dict") else {"": error.messages}


def _begun(by: Any, customer: Customer, given: Given, call: str) -> Order | None:
    """A draft, once there is a line to keep."""
    if not given.lines and not given.swaps:
        return None
    fields = {**given.fields, "call": call}
    if fields.get("method") is None:
        now = usual(customer)
        ways = entry.ways(fields.get("province", now.province), fields.get("city", now.city), ZERO, given.shelf.standing)
        fields["method"] = ways[0].method if ways else None
    return drafts.add(by, customer, fields, given.lines or (), given.gifts or (), given.swaps or (), given.shelf)


def _said(user: Any, where: Any) -> str:
    city = "" if where.city == where.province else where.city
    return f"{where.province}{city}{where.district} {shown(user, 'address', where.street)} {where.receiver}".strip()

"""What is done with orders by a button, in lists and on cards: the steps of their life, each with what has to be said."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.office.models import Branch
from ccenter.office.pages.acts import Act
from orders.models import Carrier, DeliveryMethod, Order, Payment, Return
from orders.models.orders import PayBy
from orders.selectors.delivery import methods
from orders.services import invoices, payments, returns, steps
from orders.services.returns import Back
from orders.states import VOID, State


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=400, widget=forms.Textarea)


class MaybeReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)


class ApproveForm(forms.Form):
    """`by`: carrier and way in one, for they belong together. Where the review found something, a reason is needed."""

    by = forms.ChoiceField(label=_("Carrier and way of delivery"))
    branch = forms.ModelChoiceField(Branch.objects.none(), label=_("branch that delivers"), required=False)
    reason = forms.CharField(label=_("Reason to approve in spite of what was found"), max_length=400, required=False)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["by"].choices = ways_for(order)
        self.fields["branch"].queryset = Branch.objects.filter(active=True)
        if order is not None:
            self.initial.setdefault("branch", order.branch_id)


class ApproveManyForm(forms.Form):
    """For many orders, each in the way its customer wants."""

    carrier = forms.ModelChoiceField(Carrier.objects.filter(active=True), label=_("carrier"))
    reason = forms.CharField(label=_("Reason to approve in spite of what was found"), max_length=400, required=False)


class ShipForm(forms.Form):
    tracking = forms.CharField(label=_("tracking number"), max_length=40, required=False)


class DeliverForm(forms.Form):
    signed_by = forms.CharField(label=_("signed by"), max_length=60, required=False)
    at = forms.DateTimeField(label=_("Handed over"), required=False, widget=forms.DateTimeInput)
    collected = forms.DecimalField(label=_("Collected at the door"), max_digits=12, decimal_places=2, min_value=0, required=False)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if order is not None:
            owed = order.delivery.cod_amount if hasattr(order, "delivery") else None
            self.initial |= {"signed_by": order.recipient, "collected": owed or None}
            if not owed:
                del self.fields["collected"]


class MoneyForm(forms.Form):
    """Money from the customer, or back: what is owed stands there already."""

    amount = forms.DecimalField(label=_("amount"), max_digits=12, decimal_places=2, min_value=0)
    method = forms.ChoiceField(label=_("way of paying"), choices=PayBy.choices)
    payer = forms.CharField(label=_("payer"), max_length=100)
    reference = forms.CharField(label=_("reference"), max_length=60, required=False)
    note = forms.CharField(label=_("note"), max_length=400, required=False)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if order is not None:
            self.initial |= {"amount": abs(order.balance), "method": order.pay_by, "payer": order.recipient}


class PayForm(MoneyForm):
    paid_at = forms.DateTimeField(label=_("paid"), required=False, widget=forms.DateTimeInput)
    more_than_owed = forms.BooleanField(label=_("More than is owed: the rest is owed to the customer"), required=False)


class CorrectForm(forms.Form):
    payment = forms.ModelChoiceField(Payment.objects.none(), label=_("Payment entered by mistake"))
    note = forms.CharField(label=_("Reason"), max_length=400)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if order is not None:
            self.fields["payment"].queryset = order.payments.filter(kind=Payment.Kind.PAYMENT).exclude(undone__kind="correction")


class TakeBackForm(forms.Form):
    """How many of each line came back, and how many of these cannot be sold again."""

    reason = forms.ChoiceField(label=_("Reason"), choices=Return.Reason.choices)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        for line in order.lines.order_by("position") if order is not None else ():
            if rest := line.quantity - line.returned:
                whole = order is not None and order.state == State.SHIPPED  # what was not taken at the door comes back as a whole
                text = _("%(name)s: came back of %(rest)s") % {"name": line.name, "rest": rest}
                self.fields[f"back_{line.pk}"] = forms.IntegerField(label=text, min_value=0, max_value=rest, required=False)
                self.initial[f"back_{line.pk}"] = rest if whole else 0
                text = _("of these broken: cannot be sold again")
                self.fields[f"bad_{line.pk}"] = forms.IntegerField(label=text, min_value=0, max_value=rest, required=False)
        if order is not None and order.state != State.SHIPPED:
            self.fields["with_fee"] = forms.BooleanField(label=_("Give the delivery fee back"), required=False)
        self.fields["note"] = forms.CharField(label=_("note"), max_length=400, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in [name for name in given if name.startswith("bad_")]:
            if (given[name] or 0) > (given.get(f"back_{name[4:]}") or 0):
                self.add_error(name, _("At most as many as came back."))
        return given


class IssueForm(forms.Form):
    title = forms.CharField(label=_("made out to"), max_length=100)
    tax_number = forms.CharField(label=_("tax number"), max_length=20, required=False)

    def __init__(self, *args: Any, order: Order | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if order is not None:
            self.initial |= {"title": order.invoice_title or order.recipient, "tax_number": order.invoice_tax_number}


def ways_for(order: Order | None) -> list[tuple[str, str]]:
    """Carriers with their ways, the one that the customer wants first; for cash on delivery those who collect. Two queries."""
    wanted, cod = (order.method_id, order.pay_by == "cod") if order else (None, False)
    found = sorted(methods(), key=lambda method: method.pk != wanted)
    return [
        (f"{carrier.pk}-{method.pk}", f"{carrier.name} · {method.name}")
        for method in found
        for carrier in method.carriers.all()
        if carrier.active and (carrier.cod or not cod)
    ]


def approve(user: Any, order: Order, by: str, branch: Branch | None, reason: str) -> None:
    carrier, _dash, method = by.partition("-")
    steps.approve(order, user, Carrier.objects.get(pk=carrier), DeliveryMethod.objects.get(pk=method), branch, reason)


def deliver(user: Any, order: Order, signed_by: str, at: Any, collected: Any = None) -> None:
    steps.deliver(order, user, signed_by, at or timezone.now(), collected)


def _is(*states: State) -> Any:
    return lambda order: order.state in states


SUBMIT = Act(
    "submit", _("Submit"), lambda user, order: steps.submit(order, user), icon="send", kind="main", when=_is(State.DRAFT)
)
APPROVE = Act("approve", _("Approve"), approve, icon="check", kind="main", form=ApproveForm, when=_is(State.SUBMITTED))
APPROVE_MANY = Act(
    "approve",
    _("Approve"),
    lambda user, order, carrier, reason: steps.approve(order, user, carrier, reason=reason),
    icon="check",
    form=ApproveManyForm,
)
REFUSE = Act(
    "refuse",
    _("Refuse"),
    lambda user, order, reason: steps.refuse(order, user, reason),
    verb="approve",
    icon="x",
    kind="bad",
    form=ReasonForm,
    when=_is(State.SUBMITTED),
)
REOPEN = Act(
    "reopen",
    _("Change again"),
    lambda user, order, reason: steps.reopen(order, user, reason),
    icon="arrow-back-up",
    form=MaybeReasonForm,
    when=_is(State.SUBMITTED, State.REFUSED),
)
PICK = Act(
    "pick",
    _("Prepare"),
    lambda user, order: steps.pick(order, user),
    verb="dispatch",
    icon="box",
    kind="main",
    when=_is(State.APPROVED),
)
PICK_MANY = Act("pick", _("Prepare"), lambda user, order: steps.pick(order, user), verb="dispatch", icon="box")
SHIP = Act(
    "ship",
    _("Ship"),
    lambda user, order, tracking: steps.ship(order, user, tracking),
    verb="dispatch",
    icon="truck",
    kind="main",
    form=ShipForm,
    when=_is(State.PICKING),
)
TRACK = Act(
    "track",
    _("Tracking number"),
    lambda user, order, tracking: steps.change_tracking(order, user, tracking),
    verb="dispatch",
    icon="map-pin",
    form=ShipForm,
    when=_is(State.SHIPPED),
)
DELIVER = Act(
    "deliver", _("Delivered"), deliver, verb="dispatch", icon="home-check", kind="main", form=DeliverForm, when=_is(State.SHIPPED)
)
CANCEL = Act(
    "cancel",
    _("Cancel the order"),
    lambda user, order, reason: steps.cancel(order, user, reason),
    icon="ban",
    kind="bad",
    form=ReasonForm,
    when=_is(State.SUBMITTED, State.APPROVED, State.PICKING),
)
CANCEL_MANY = Act(
    "cancel", _("Cancel the order"), lambda user, order, reason: steps.cancel(order, user, reason), icon="ban", form=ReasonForm
)


def _take_back(user: Any, order: Order, reason: str, note: str, with_fee: bool | None = None, **given: int | None) -> None:
    goods = []
    for name in (name for name in given if name.startswith("back_")):
        line, bad = int(name[5:]), given.get(f"bad_{name[5:]}") or 0
        well = (given[name] or 0) - bad
        goods += [Back(line, number, sellable) for number, sellable in ((well, True), (bad, False)) if number]
    returns.take_back(order, user, reason, goods, with_fee=with_fee, note=note)


TAKE_BACK = Act(
    "take_back",
    _("Goods came back"),
    _take_back,
    icon="package-import",
    form=TakeBackForm,
    when=_is(State.SHIPPED, State.DELIVERED),
)
# What is of another kind of rows: the card asks these rights.
OTHERS = {
    "pay": "payments.add",
    "refund": "payments.refund",
    "correct": "payments.refund",
    "issue": "invoices.add",
    "void": "invoices.void",
}
PAY = Act(
    "pay",
    _("Payment came in"),
    lambda user, order, amount, method, payer, **more: payments.receive(order, user, amount, method, payer, **more),
    verb="view",
    icon="coin",
    form=PayForm,
    when=lambda order: order.state != State.DRAFT and order.balance > 0,
)
REFUND = Act(
    "refund",
    _("Pay back"),
    lambda user, order, amount, method, payer, **more: payments.refund(order, user, amount, method, payer, **more),
    verb="view",
    icon="coin-off",
    form=MoneyForm,
    when=lambda order: order.balance < 0,
)
CORRECT = Act(
    "correct",
    _("Payment was a mistake"),
    lambda user, order, payment, note: payments.correct(payment, user, note),
    verb="view",
    icon="eraser",
    form=CorrectForm,
    when=lambda order: order.paid > 0,
)
ISSUE = Act(
    "issue",
    _("Issue the invoice"),
    lambda user, order, title, tax_number: invoices.issue(order, user, title, tax_number),
    verb="view",
    icon="receipt",
    form=IssueForm,
    when=lambda order: order.state not in VOID and order.total > order.returned_value and _standing(order) is None,
)
VOID_INVOICE = Act(
    "void",
    _("Withdraw the invoice"),
    lambda user, order, reason: invoices.void(_standing(order), user, reason),
    verb="view",
    icon="receipt-off",
    form=ReasonForm,
    when=lambda order: _standing(order) is not None,
)


def _standing(order: Order) -> Any:
    """The invoice that is not withdrawn; of those that were fetched."""
    return next((one for one in order.invoices.all() if one.voided_at is None), None)


def form_of(act: Act, order: Order | None, data: Any) -> Any:
    """The form of an act with its choices for this order."""
    if act.form is None:
        return None
    if act is TRACK and order is not None:
        return ShipForm(data, initial={"tracking": order.delivery.tracking})
    if act.form in (ApproveForm, DeliverForm, MoneyForm, PayForm, CorrectForm, TakeBackForm, IssueForm):
        return act.form(data, order=order)  # type: ignore[call-arg]
    return act.form(data)

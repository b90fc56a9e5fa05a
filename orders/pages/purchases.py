"""Purchases, step by step until the goods are here; suppliers, and what each sells to us."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, ModelChoiceFilter

from ccenter.office import rights
from ccenter.office.filters import Filters, YesNo
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import gone_to
from ccenter.office.pages.lists import Column
from orders.models import Purchase, Supplier, SupplierProduct
from orders.pages import forms
from orders.pages.purchase_forms import PurchaseForm, ReasonForm, ReceiveForm, lines_of
from orders.pages.tables import Tab, Tabbed, delete, of_the_whole, switches, table
from orders.selectors import purchases as selectors
from orders.selectors import stock
from orders.services import purchases as services

STATES: dict[str, Any] = {**dict(Purchase.State.choices), "ordered": _("sent to the supplier")}
TABS = (
    Tab("orders:purchases", _("Purchases"), "purchases.view"),
    Tab("orders:suppliers", _("Suppliers"), "suppliers.view"),
    Tab("orders:supplier_products", _("What they sell to us"), "suppliers.view"),
)


def _receive(user: Any, row: Purchase, **arrived: int | None) -> None:
    """`arrived`: pieces by the product's key."""
    with of_the_whole():
        services.receive(user, row, {int(key): pieces or 0 for key, pieces in arrived.items()})


ORDER = Act(
    "order", _("Send the order"), services.order, icon="send", kind="main", when=lambda row: row.state in services.TABLE["order"]
)
CANCEL = Act(
    "cancel",
    _("Cancel"),
    services.cancel,
    icon="x",
    form=ReasonForm,
    when=lambda row: row.state in services.TABLE["cancel"],
)
DELETE = Act(
    "delete",
    _("Delete"),
    services.delete_purchase,
    icon="trash",
    when=lambda row: row.state in services.TABLE["change"],
    sure=_("Delete it for good?"),
)
RECEIVE = Act(
    "receive",
    _("Receive"),
    _receive,
    icon="package-import",
    kind="main",
    form=ReceiveForm,
    when=lambda row: row.state in services.TABLE["receive"],
)
CLOSE = Act(
    "close",
    _("The rest will not come"),
    services.close,
    icon="lock",
    form=ReasonForm,
    when=lambda row: row.state in services.TABLE["close"],
)


class PurchaseFilters(Filters):
    state = ChoiceFilter(choices=list(STATES.items()), label=_("State"), empty_label="–")
    supplier = ModelChoiceFilter(queryset=Supplier.objects.all(), label=_("Supplier"), empty_label="–")
    late = YesNo(method="by_late", label=_("Late"))

    class Meta:
        model = Purchase
        fields = ["state", "supplier"]

    def by_late(self, rows: QuerySet[Purchase], name: str, value: bool) -> QuerySet[Purchase]:
        late = {"state__in": selectors.OPEN, "expected_on__lt": timezone.localdate()}
        return rows.filter(**late) if value else rows.exclude(**late)


class Purchases(ManyActs, Tabbed):
    entity, title, icon, tabs = "purchases", _("Purchases"), "truck-loading", TABS
    filterset_class, filters = PurchaseFilters, ("state", "supplier", "late")
    search_hint = _("Number, supplier, goods, note …")
    row_template, card, new = "orders/purchase_row.html", "orders:purchase", "orders:purchase_new"
    columns = (
        *(Column(_("purchase number")), Column(_("Supplier")), Column(_("State")), Column(_("Total"), figures=True)),
        *(Column(_("To come"), figures=True), Column(_("Expected on"), "expected_on"), Column(_("Written"), "created_at")),
        Column(_("Written by")),
    )
    acts = (ORDER, CANCEL, DELETE)

    def rows(self) -> QuerySet[Purchase]:
        return selectors.purchases()

    def search(self, rows: QuerySet[Purchase], text: str) -> QuerySet[Purchase]:
        return rows.filter(selectors.matching(text))

    def more(self, rows: list[Any]) -> dict[str, Any]:
        today = timezone.localdate()
        for row in rows:
            row.late, row.state_name = is_late(row, today), STATES[row.state]
        return super().more(rows)


def is_late(row: Purchase, today: date) -> bool:
    return row.state in selectors.OPEN and row.expected_on is not None and row.expected_on < today


class PurchaseCard(RowActs, CardPage):
    entity, template, part = "purchases", "orders/goods_card.html", "orders/purchase_card.html"
    acts = (ORDER, RECEIVE, CLOSE, CANCEL, DELETE)

    def rows(self) -> QuerySet[Purchase]:
        return selectors.purchases()

    def back(self) -> str:
        return reverse("orders:purchases")

    def act_form(self, act: Act, row: Any, data: Any = None) -> Any:
        return ReceiveForm(selectors.lines(row), data) if act.name == "receive" else super().act_form(act, row, data)

    def after(self, act: Act, row: Any) -> HttpResponse:
        return gone_to(reverse("orders:purchases")) if act.name == "delete" else super().after(act, row)

    def more(self, row: Purchase) -> dict[str, Any]:
        return {
            "state_name": STATES[row.state],
            "lines": selectors.lines(row),
            "late": is_late(row, timezone.localdate()),
            "may_change": row.state in services.TABLE["change"] and self.may("change", row),
            "moves": stock.moves(ref=row.number) if rights.may(self.user, "stock.view") else [],
            "entries": entries_of(self.user, row),
        }


class NewPurchase(FormPage):
    entity, verb, title, form_class = "purchases", "add", _("New purchase"), PurchaseForm
    template, part = "orders/purchase_form_page.html", "orders/purchase_form.html"

    def back(self) -> str:
        return reverse("orders:purchases")

    def form(self, row: Any, data: Any = None) -> PurchaseForm:
        return PurchaseForm(data, initial=self.initial(row))

    def values(self, form: Any) -> dict[str, Any]:
        found: dict[str, Any] = form.values()
        return found

    def save(self, row: Any, values: dict[str, Any]) -> Purchase:
        with of_the_whole():
            return services.add_purchase(self.user, values)

    def done(self, row: Any) -> HttpResponse:
        return gone_to(reverse("orders:purchase", args=[row.pk]))


class ChangePurchase(NewPurchase):
    verb, queryset = "change", Purchase.objects.all()

    def back(self) -> str:
        return reverse("orders:purchase", args=[self.kwargs["key"]])

    def initial(self, row: Any) -> dict[str, Any]:
        return {**model_to_dict(row), "lines": lines_of(list(selectors.lines(row)))}

    def save(self, row: Any, values: dict[str, Any]) -> Purchase:
        with of_the_whole():
            return services.change_purchase(self.user, row, values)


urlpatterns = [
    path("purchases/", Purchases.as_view(), name="purchases"),
    path("purchases/new/", NewPurchase.as_view(), name="purchase_new"),
    path("purchases/<int:key>/", PurchaseCard.as_view(), name="purchase"),
    path("purchases/<int:key>/change/", ChangePurchase.as_view(), name="purchase_change"),
    *table(
        "supplier",
        "suppliers",
        entity="suppliers",
        model=Supplier,
        form=forms.SupplierForm,
        title=_("Suppliers"),
        new=_("New supplier"),
        icon="building-factory-2",
        search=("code", "name", "contact"),
        hint=_("Code, name, contact …"),
        ordering="code",
        columns=(
            *(Column(_("code"), "code"), Column(_("name"), "name"), Column(_("Contact")), Column(_("Telephone"))),
            *(Column(_("Email")), Column(_("Active"))),
        ),
        cells=lambda row: (row.code, row.name, row.contact, row.phone, row.email, row.active),
        fresh={"active": True},
        acts=(*switches("suppliers"), delete("suppliers")),
        tabs=TABS,
    ),
    *table(
        "supplier_product",
        "supplier-products",
        entity="suppliers",
        model=SupplierProduct,
        form=forms.SupplierProductForm,
        title=_("What suppliers sell to us"),
        new=_("New supplier's product"),
        icon="list-details",
        queryset=selectors.supplier_products(),
        search=("supplier__name", "product__code", "product__name", "code"),
        hint=_("Supplier, product, number …"),
        ordering="-id",
        columns=(
            *(Column(_("Supplier")), Column(_("Product")), Column(_("Supplier's number"), "code")),
            *(Column(_("Cost"), "cost", figures=True), Column(_("Days to deliver"), "days", figures=True)),
        ),
        cells=lambda row: (row.supplier, row.product, row.code, row.cost, row.days),
        fresh={"days": 7},
        acts=(delete("suppliers"),),
        tabs=TABS,
    ),
]

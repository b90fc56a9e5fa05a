"""Stock: what is there, what of it is kept for whom, every move; counting, throwing away, buying again."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, NumberFilter

from ccenter.office import rights
from ccenter.office.filters import Filters, YesNo
from ccenter.office.pages.acts import Act, ManyActs, Refused, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.exports import ExportPage
from ccenter.office.pages.frame import telling
from ccenter.office.pages.lists import Column
from orders.models import Product, Reservation, Stock, StockMove
from orders.pages.product_forms import CountForm, LowForm, ScrapForm
from orders.pages.tables import Tab, Tabbed, of_the_whole
from orders.selectors import lists
from orders.selectors import purchases as coming
from orders.selectors import stock as selectors
from orders.selectors.lists import StockFilter
from orders.selectors.products import matching
from orders.services import purchases, stock

TABS = (
    Tab("orders:stocks", _("Stock"), "stock.view"),
    Tab("orders:moves", _("Stock moves"), "stock.view"),
    Tab("orders:reservations", _("Reservations"), "stock.view"),
)
SHOWN = 30  # moves beside the list


class StockFilters(StockFilter):
    to_buy = YesNo(method="few", label=_("To be bought again"))


class Stocks(ManyActs, Tabbed):
    entity, title, icon, side, tabs = "stock", _("Stock"), "building-warehouse", True, TABS
    filterset_class, filters = StockFilters, ("to_buy",)
    search_hint = _("Number, name, pinyin or initials …")
    ordering, row_template, card, export = "code", "orders/stock_row.html", "orders:stock", "orders:stock_export"
    columns = (
        *(Column(_("product number"), "code"), Column(_("name")), Column(_("On hand"), "on_hand", figures=True)),
        *(Column(_("Reserved"), "reserved", figures=True), Column(_("Free to sell"), "free_now", figures=True)),
        *(Column(_("To come"), figures=True), Column(_("To be bought again at"), "low", figures=True)),
    )
    acts = (Act("buy", _("Buy again"), purchases.buy_again, verb="view", icon="shopping-bag-plus", kind="main"),)

    def rows(self) -> QuerySet[Stock]:
        return selectors.stocks().annotate(code=F("product__code"))

    def search(self, rows: QuerySet[Stock], text: str) -> QuerySet[Stock]:
        return rows.filter(product__in=Product.objects.filter(matching(text)))

    def asked(self) -> dict[str, Any]:
        found = super().asked()
        return found if rights.may(self.user, "purchases.add") else found | {"acts": []}

    def more(self, rows: list[Any]) -> dict[str, Any]:
        left = coming.to_come([row.pk for row in rows])
        for row in rows:
            row.to_come = left.get(row.pk, 0)
        return super().more(rows)

    def act_on(self, act: Act, keys: list[int], values: dict[str, Any]) -> tuple[int, list[Refused]]:
        """Drafts of purchases for all that is ticked: one for each supplier, not one for each row."""
        rights.require(self.user, "purchases.add")
        seen = dict(rights.scoped(self.user, self.rows().filter(pk__in=keys), "stock").values_list("pk", "code"))
        _drafts, refused = purchases.buy_again(self.user, sorted(seen))
        return len(seen) - len(refused), [Refused(seen[pk], why) for pk, why in refused.items()]


class ExportStock(ExportPage):
    entity, chosen = "stock", staticmethod(lists.stock)


def _scrap(user: Any, row: Stock, quantity: int, reason: str) -> None:
    with of_the_whole():
        stock.scrap(row.product, quantity, reason, user)


class StockCard(RowActs, CardPage):
    """What is there of a product, beside the list: counted, thrown away, when to buy again."""

    entity, template, part, place = "stock", "office/side_card.html", "orders/stock_card.html", "#record"
    acts = (
        Act(
            "count",
            _("Count"),
            lambda user, row, counted, seen, reason: stock.count(row.product, counted, reason, user, seen),
            icon="calculator",
            kind="main",
            form=CountForm,
        ),
        Act(
            "scrap",
            _("Throw away"),
            _scrap,
            verb="count",
            icon="trash",
            form=ScrapForm,
        ),
        Act(
            "low",
            _("To be bought again at"),
            lambda user, row, low: stock.set_low(row.product, low, user),
            verb="change",
            icon="arrow-bar-to-down",
            form=LowForm,
        ),
    )

    def rows(self) -> QuerySet[Stock]:
        return selectors.stocks()

    def act_form(self, act: Act, row: Any, data: Any = None) -> Any:
        first = {"seen": row.on_hand, "counted": row.on_hand} if act.name == "count" else {"low": row.low}
        return act.form(data, initial=first) if act.form else None

    def back(self) -> str:
        return reverse("orders:stocks")

    def after(self, act: Act, row: Any) -> HttpResponse:
        return telling(super().after(act, row), gettext("Done."), rows_changed=True)

    def more(self, row: Stock) -> dict[str, Any]:
        return {
            "moves": selectors.moves(row.pk)[:SHOWN],
            "kept": selectors.reservations(row.pk).filter(issued=False)[:SHOWN],
            "to_come": coming.to_come([row.pk]).get(row.pk, 0),
        }


class MoveFilters(Filters):
    stock = NumberFilter(label=_("Product"))
    kind = ChoiceFilter(choices=StockMove.Kind.choices, label=_("Kind"), empty_label="–")
    ref = CharFilter(label=_("Order or purchase"))

    class Meta:
        model = StockMove
        fields = ["stock", "kind", "ref"]


class Moves(Tabbed):
    """Every change of the stock, the newest first."""

    entity, title, icon, tabs, saved_as = "stock", _("Stock moves"), "arrows-transfer-up", TABS, "stock-moves"
    filterset_class, filters = MoveFilters, ("kind", "ref")
    search_hint = _("Number, name, pinyin or initials …")
    row_template = "orders/move_row.html"
    columns = (
        *(Column(_("When")), Column(_("Product")), Column(_("Kind")), Column(_("On hand"), figures=True)),
        *(Column(_("Reserved"), figures=True), Column(_("Order or purchase")), Column(_("Reason")), Column(_("Who"))),
    )

    def rows(self) -> QuerySet[StockMove]:
        return selectors.moves()

    def search(self, rows: QuerySet[StockMove], text: str) -> QuerySet[StockMove]:
        return rows.filter(stock__in=Product.objects.filter(matching(text)).values("pk"))


class ReservationFilters(Filters):
    issued = YesNo(label=_("Left the house"))
    ref = CharFilter(label=_("Order"))

    class Meta:
        model = Reservation
        fields = ["issued", "ref"]


class Reservations(Tabbed):
    """What is kept for which order, or went out with it."""

    entity, title, icon, tabs, saved_as = "stock", _("Reservations"), "lock", TABS, "stock-reservations"
    filterset_class = ReservationFilters
    search_hint = _("Number, name, pinyin or initials …")
    row_template = "orders/reservation_row.html"
    columns = (
        *(Column(_("Order")), Column(_("Product")), Column(_("Quantity"), figures=True), Column(_("State"))),
        *(Column(_("Came back"), figures=True), Column(_("Since"))),
    )

    def rows(self) -> QuerySet[Reservation]:
        return selectors.reservations()

    def search(self, rows: QuerySet[Reservation], text: str) -> QuerySet[Reservation]:
        return rows.filter(stock__in=Product.objects.filter(matching(text)).values("pk"))


urlpatterns = [
    path("stock/", Stocks.as_view(), name="stocks"),
    path("stock/moves/", Moves.as_view(), name="moves"),
    path("stock/reservations/", Reservations.as_view(), name="reservations"),
    path("stock/export/", ExportStock.as_view(), name="stock_export"),
    path("stock/<int:key>/", StockCard.as_view(), name="stock"),
]

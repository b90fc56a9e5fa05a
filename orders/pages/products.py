"""Products: what is sold, at which price, from when until when, and what one should know of it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import Filter

from ccenter.office import rights
from ccenter.office.filters import YesNo
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.exports import ExportPage
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import OfficePage, gone_to
from ccenter.office.pages.lists import Column, ListPage
from orders.models import Product, ProductCategory
from orders.pages.fields import CategoryField
from orders.pages.product_forms import PriceForm, ProductForm
from orders.selectors import lists, purchases, stock
from orders.selectors import products as selectors
from orders.selectors.lists import ProductFilter
from orders.services import products as services

SHOWN = 20  # prices, moves on a card


class CategoryFilter(Filter):
    field_class = CategoryField


class ProductFilters(ProductFilter):
    category = CategoryFilter(method="within", label=_("Category"), empty_label=_("all"))
    sold_now = YesNo(method="sold", label=_("On sale"))

    def within(self, rows: QuerySet[Product], name: str, value: ProductCategory) -> QuerySet[Product]:
        return rows.filter(category__in=selectors.below(value.pk))


class Products(ManyActs, ListPage):
    entity, title, icon = "products", _("Products"), "package"
    filterset_class, filters = ProductFilters, ("category", "sold_now", "stocked", "gift_only")
    search_hint = _("Number, name, pinyin or initials …")
    ordering, row_template = "code", "orders/product_row.html"
    card, new, export = "orders:product", "orders:product_new", "orders:products_export"
    columns = (
        *(Column(_("product number"), "code"), Column(_("name"), "name"), Column(_("Category"))),
        *(Column(_("Price"), "price", figures=True), Column(_("Free to sell"), "free_now", figures=True), Column(_("On sale"))),
        Column(_("Added"), "created_at"),
    )
    acts = (
        Act(
            "sell",
            _("Put on sale"),
            lambda user, row: services.change_product(user, row, {"on_sale": True}),
            verb="change",
            icon="player-play",
        ),
        Act(
            "withdraw",
            _("Take off sale"),
            lambda user, row: services.change_product(user, row, {"on_sale": False}),
            verb="change",
            icon="player-pause",
            sure=_("Take the ticked products off sale?"),
        ),
    )

    def rows(self) -> QuerySet[Product]:
        return selectors.products()

    def search(self, rows: QuerySet[Product], text: str) -> QuerySet[Product]:
        return rows.filter(selectors.matching(text)).annotate(nearness=selectors.nearness(text))

    def more(self, rows: list[Any]) -> dict[str, Any]:
        now = timezone.now()
        for row in rows:
            row.sale = sale_of(row, now)
        return {}


def sale_of(product: Product, now: Any) -> str:
    """ "now", "later", "over" or "no"."""
    if not product.on_sale:
        return "no"
    if product.sale_from and product.sale_from > now:
        return "later"
    return "over" if product.sale_until and product.sale_until <= now else "now"


class ExportProducts(ExportPage):
    entity, chosen = "products", staticmethod(lists.products)


class ProductCard(RowActs, CardPage):
    """What is known of a product, what it cost, costs and will cost, what moved, who sells it to us."""

    entity, template, part = "products", "orders/goods_card.html", "orders/product_card.html"
    acts = (
        Act(
            "set_price",
            _("Set price"),
            services.set_price,
            icon="tag",
            form=PriceForm,
        ),
        Act(
            "sell",
            _("Put on sale"),
            lambda user, row: services.change_product(user, row, {"on_sale": True}),
            verb="change",
            icon="player-play",
            when=lambda row: not row.on_sale,
        ),
        Act(
            "withdraw",
            _("Take off sale"),
            lambda user, row: services.change_product(user, row, {"on_sale": False}),
            verb="change",
            icon="player-pause",
            when=lambda row: row.on_sale,
        ),
    )

    def rows(self) -> QuerySet[Product]:
        return selectors.products().select_related("stock")

    def back(self) -> str:
        return reverse("orders:products")

    def more(self, row: Product) -> dict[str, Any]:
        now = timezone.now()
        known = selectors.attributes_of(row.category_id)
        told: dict[str, Any] = {
            "sale": sale_of(row, now),
            "attributes": [(known.get(code, code), value) for code, value in row.attributes.items()],
            "prices": prices(row, now),
            "may_change": self.may("change"),
            "entries": entries_of(self.user, row),
        }
        if row.stocked and rights.may(self.user, "stock.view"):
            told |= {
                "moves": stock.moves(row.pk)[:SHOWN],
                "kept": stock.reservations(row.pk).filter(issued=False)[:SHOWN],
                "to_come": purchases.to_come([row.pk]).get(row.pk, 0),
            }
        if rights.may(self.user, "suppliers.view"):
            told["offers"] = purchases.offers(row)
        return told


def prices(product: Product, now: Any) -> list[Any]:
    """The newest, each with what it is: "later", "now", "over"."""
    found, current = list(selectors.history(product)[:SHOWN]), False
    for row in found:
        row.way = "later" if row.since > now else "over" if current else "now"
        current = current or row.since <= now
    return found


class NewProduct(FormPage):
    entity, verb, title, form_class = "products", "add", _("New product"), ProductForm
    template, part = "orders/goods_form_page.html", "orders/product_form.html"

    def back(self) -> str:
        return reverse("orders:products")

    def initial(self, row: Any) -> dict[str, Any]:
        return {"on_sale": True, "stocked": True}

    def save(self, row: Any, values: dict[str, Any]) -> Product:
        return services.add_product(self.user, values)

    def values(self, form: Any) -> dict[str, Any]:
        found: dict[str, Any] = form.values()
        return found

    def done(self, row: Any) -> HttpResponse:
        return gone_to(reverse("orders:product", args=[row.pk]))


class ChangeProduct(NewProduct):
    verb, queryset = "change", Product.objects.all()

    def back(self) -> str:
        return reverse("orders:product", args=[self.kwargs["key"]])

    def initial(self, row: Any) -> dict[str, Any]:
        return FormPage.initial(self, row)

    def save(self, row: Any, values: dict[str, Any]) -> Product:
        return services.change_product(self.user, row, values)


class AttributeFields(OfficePage):
    """The fields that a category asks for, as they stand in the form of a product: asked for when another one is chosen."""

    entity = "products"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ProductForm(request.GET)
        form._errors = {}  # nothing is wrong yet
        return self.answer(self.context(form=form), template="orders/attribute_fields.html")


class FoundProducts(OfficePage):
    """What fits what is being typed into a field of whatever name: options of the page's list."""

    entity = "products"

    def get(self, request: HttpRequest) -> HttpResponse:
        text = next(iter(request.GET.values()), "").strip()[:60]
        found = selectors.products().filter(selectors.matching(text)).order_by("code")[:12] if text else []
        # the browser shows what holds the typed text: of what only sounds so, the label says how
        told = [(one, "" if text.casefold() in str(one).casefold() else text) for one in found]
        return self.answer({"found": told}, template="orders/found_products.html")


urlpatterns = [
    path("products/", Products.as_view(), name="products"),
    path("products/new/", NewProduct.as_view(), name="product_new"),
    path("products/found/", FoundProducts.as_view(), name="found_products"),
    path("products/attributes/", AttributeFields.as_view(), name="attribute_fields"),
    path("products/export/", ExportProducts.as_view(), name="products_export"),
    path("products/<int:key>/", ProductCard.as_view(), name="product"),
    path("products/<int:key>/change/", ChangeProduct.as_view(), name="product_change"),
]

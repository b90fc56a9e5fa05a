"""Kinds of products as a tree, and what is asked of the products of each."""

from collections import defaultdict
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from ccenter.office.pages.frame import OfficePage
from orders.models import Product, ProductAttribute, ProductCategory
from orders.pages import forms
from orders.pages.tables import TableForm
from orders.selectors.products import tree
from orders.services import products as services


class Categories(OfficePage):
    """The whole tree at once: some dozens. A click opens a category, or one of its attributes, beside it. Three queries."""

    entity, title, icon = "product_categories", _("Product categories"), "category"
    template, part = "orders/categories.html", "orders/category_tree.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        asked: dict[int, list[ProductAttribute]] = defaultdict(list)
        for attribute in ProductAttribute.objects.order_by("position", "code"):
            asked[attribute.category_id].append(attribute)
        pieces = dict(Product.objects.order_by().values_list("category").annotate(Count("pk")))
        nodes = [(one, range(depth), asked[one.pk], pieces.get(one.pk, 0)) for one, depth in tree()]
        return self.answer(self.context(nodes=nodes, may_add=self.may("add")))


def _category(user: Any, row: ProductCategory | None, values: dict[str, Any]) -> ProductCategory:
    return services.add_category(user, values) if row is None else services.change_category(user, row, values)


def _attribute(user: Any, row: ProductAttribute | None, values: dict[str, Any]) -> ProductAttribute:
    return services.add_attribute(user, values) if row is None else services.change_attribute(user, row, values)


CATEGORY: dict[str, Any] = {
    "entity": "product_categories", "model": ProductCategory, "form_class": forms.CategoryForm, "write": _category,
    "remove": services.delete_category, "list_name": "orders:categories",
}  # fmt: skip
ATTRIBUTE: dict[str, Any] = {
    "entity": "product_categories", "model": ProductAttribute, "form_class": forms.AttributeForm, "write": _attribute,
    "remove": services.delete_attribute, "list_name": "orders:categories",
}  # fmt: skip
NEW = {"verb": "add", "fresh": {"active": True, "position": 0}}

urlpatterns = [
    path("categories/", Categories.as_view(), name="categories"),
    path("categories/new/", TableForm.as_view(title=_("New category"), **CATEGORY, **NEW), name="category_new"),
    path("categories/<int:key>/", TableForm.as_view(**CATEGORY), name="category"),
    path("categories/attributes/new/", TableForm.as_view(title=_("New attribute"), **ATTRIBUTE, **NEW), name="attribute_new"),
    path("categories/attributes/<int:key>/", TableForm.as_view(**ATTRIBUTE), name="attribute"),
]

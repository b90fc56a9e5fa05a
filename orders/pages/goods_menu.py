"""Goods in the menu."""

from django.utils.translation import gettext_lazy as _

from ccenter.office.pages import menu


def add_all() -> None:
    for name, label, icon, right in (
        ("products", _("Products"), "package", "products.view"),
        ("categories", _("Product categories"), "category", "product_categories.view"),
        ("stocks", _("Stock"), "building-warehouse", "stock.view"),
        ("purchases", _("Purchases"), "truck-loading", "purchases.view"),
        ("gift_rules", _("Gift rules"), "gift", "gift_rules.view"),
        ("points", _("Points"), "coins", "points.view"),
        ("earning_rules", _("Rules of points"), "stars", "point_rules.view"),
        ("carriers", _("Ways of delivery"), "truck", "carriers.view delivery_methods.view delivery_fees.view"),
        ("review_rules", _("Rules of the review"), "checklist", "review_rules.view"),
    ):
        menu.add("goods", f"orders:{name}", label, icon, right)

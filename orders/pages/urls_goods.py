"""Addresses of the pages of goods: products, stock, rules, points, suppliers, purchases, delivery."""

from orders.pages import categories, points, products, purchases, rules, stock

urlpatterns = [
    *products.urlpatterns,
    *categories.urlpatterns,
    *stock.urlpatterns,
    *points.urlpatterns,
    *purchases.urlpatterns,
    *rules.urlpatterns,
]

"""/orders/: pages of orders and goods."""

from django.urls import include, path

app_name = "orders"
urlpatterns = [
    path("", include("orders.pages.urls_goods")),
    path("", include("orders.pages.urls_orders")),  # last: an order's number is any word
]

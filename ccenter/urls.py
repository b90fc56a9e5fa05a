"""Addresses of the web process."""

from django.contrib import admin
from django.urls import include, path

handler404 = "ccenter.office.errors.no_page"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/desk/", include("ccenter.desktop.api_urls")),
    path("api/office/", include("ccenter.office.api.urls")),
    path("api/crm/", include("crm.api.urls")),
    path("api/orders/", include("orders.api.urls")),
    path("api/", include("ccenter.desktop.callbacks.rest")),
    path("api/", include("ccenter.calls.api.urls")),
    path("office/", include("ccenter.office.pages.urls")),
    path("crm/", include("crm.pages.urls")),
    path("orders/", include("orders.pages.urls")),
    path("callbacks/", include("ccenter.desktop.callbacks.urls")),
    path("", include("ccenter.desktop.urls")),
]

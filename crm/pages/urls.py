"""/crm/: pages of customers, and of what is done for them."""

from django.urls import include, path

app_name = "crm"
urlpatterns = [
    path("", include("crm.pages.customer_urls")),
    path("", include("crm.pages.service_urls")),
]

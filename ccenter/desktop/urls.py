"""Addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog, set_language

from ccenter.desktop import views

urlpatterns = [
    path("", views.console, name="console"),
    path("desk/day/", views.day, name="day"),
    path("desk/targets/", views.targets, name="targets"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("language/", set_language, name="set_language"),
    path("lead/", include("ccenter.desktop.urls_lead")),
    path("texts.js", JavaScriptCatalog.as_view(domain="djangojs"), name="texts"),
]

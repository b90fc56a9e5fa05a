"""Django's own pages for tables, at /admin/: for administrators alone, and for what has no page of its own."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class Site(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        """Being staff is not enough: staff also read the interface's documentation."""
        from ccenter.calls.rights import Role, role_of

        return super().has_permission(request) and role_of(request.user) is Role.ADMIN


class Administration(AdminConfig):
    default_site = "ccenter.administration.Site"

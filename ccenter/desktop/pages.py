"""What all pages share: who may open one, and what the browser may load for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import get_language

from ccenter.calls.rights import Role, role_of

Page = Callable[..., HttpResponse]
LOGIN = reverse_lazy("login")


def secured(response: HttpResponse) -> HttpResponse:
    """Adds what the page may load: our own files alone, no script or style written into the page."""
    phone = urlsplit(settings.SIP_WS)
    response["Content-Security-Policy"] = (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self' {phone.scheme}://{phone.netloc}; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    response["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    response["Cache-Control"] = "no-store"  # a page left behind shows nobody's customers
    return response


def asked_in_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page that is there already."""
    return request.headers.get("HX-Request") == "true"


def page(least: Role) -> Callable[[Page], Page]:
    """A page for signed-in people with at least this role; others get the sign-in page, or 403."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                if asked_in_part(request):  # the door is a page, not a part of one
                    return secured(HttpResponse(status=401, headers={"HX-Refresh": "true"}))
                return secured(redirect_to_login(request.get_full_path(), LOGIN))
            if role_of(request.user) < least:
                raise PermissionDenied
            return secured(view(request, *args, **kwargs))

        return guarded

    return decorate


def named(code: str, zh: str, en: str) -> dict[str, str]:
    """A code with its name in the language of the request."""
    return {"code": code, "name": zh if (get_language() or "").startswith("zh") else en}

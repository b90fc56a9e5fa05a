"""Who may open which desk."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language

from ccenter.calls.rights import Role, role_of
from ccenter.office.pages.frame import asked_in_part, at_the_door, secured

__all__ = ["asked_in_part", "named", "page", "secured"]

Page = Callable[..., HttpResponse]


def page(least: Role, instead: Callable[[HttpRequest], str] | None = None) -> Callable[[Page], Page]:
    """A page for signed-in people with at least this role; others get the sign-in page, what `instead` names, or 403."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return at_the_door(request)
            if role_of(request.user) < least:
                if instead is not None and (address := instead(request)):
                    return secured(HttpResponseRedirect(address))
                raise PermissionDenied
            return secured(view(request, *args, **kwargs))

        return guarded

    return decorate


def named(code: str, zh: str, en: str) -> dict[str, str]:
    """A code with its name in the language of the request."""
    return {"code": code, "name": zh if (get_language() or "").startswith("zh") else en}

"""Every way into the web process, as the URL resolver knows it."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, resolve

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PLACE = re.compile(r"\(\?P<(\w+)>[^)]*\)")  # of the addresses of `office.rest`, which are regular expressions


def plain(route: str) -> str:
    """An address as a path: "/api/crm/notes/<str:pk>/"."""
    return "/" + PLACE.sub(r"<str:\1>", route.replace("^", "").replace("$", ""))


def patterns(under: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Address with its places ("/api/calls/<str:ident>/") and view of each, the administration's aside."""
    for pattern in (under or get_resolver()).url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from patterns(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield plain(address), pattern.callback


def ways() -> set[tuple[str, str]]:
    """Method and address of all that is answered; of a plain function, a reader's and a writer's method."""
    found = set()
    for address, view in patterns():
        if hasattr(view, "actions"):  # a view of `office.rest`
            allowed = set(view.cls.http_method_names) - {"head"}
            found |= {(method.upper(), address) for method in view.actions if method in allowed}
            continue
        kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
        for method in METHODS if kind else ("GET", "POST"):
            if kind is None or hasattr(kind, method.lower()):
                found.add((method, address))
    return found


def way_of(method: str, path: str) -> tuple[str, str]:
    """Which of these a request is."""
    return method, plain(resolve(path.partition("?")[0]).route)

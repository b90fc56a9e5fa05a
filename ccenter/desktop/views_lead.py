"""The team lead's pages: the floor live and the wallboard; and the frame of all of them.

A page holds names that do not change during a day (of the groups this lead leads); everything live comes over the interface.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ccenter.calls.live import claims
from ccenter.calls.models import CentreSettings, Flow, Queue, ReasonCode
from ccenter.calls.rights import Role, led_groups, led_queues, role_of, seat_of
from ccenter.desktop.pages import named, page


@page(Role.LEAD)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Seats, queues, calls and trunks, and what a lead does with them."""
    seat = seat_of(request.user)
    return lead_page(request, "lead", claims=claims(seat, request.user) if seat else {"queues": [], "seats": []})


@page(Role.LEAD)
@require_safe
def wallboard(request: HttpRequest) -> HttpResponse:
    """The same from afar: for a big screen, nothing to press."""
    return lead_page(request, "lead_wallboard")


def _names(request: HttpRequest) -> dict[str, Any]:
    return {
        "groups": [{"code": group.code, "name": group.name or group.code} for group in led_groups(request.user).distinct()],
        "queues": [{"code": queue.code, "name": queue.name or queue.code} for queue in _queues(request)],
        "flows": [{"code": flow.code, "name": flow.name or flow.code} for flow in Flow.objects.only("code", "name")],
        "reasons": [named(row.code, row.name_zh, row.name_en) for row in ReasonCode.objects.filter(active=True)],
    }


def _queues(request: HttpRequest) -> Any:
    return Queue.objects.filter(pk__in=led_queues(request.user).values("pk")).only("code", "name")


def lead_page(request: HttpRequest, name: str, context: dict[str, Any] | None = None, **data: Any) -> HttpResponse:
    """A page of its own template; `context` for the template, `data` for its scripts, beside what all of them have."""
    seat = seat_of(request.user)
    data |= _names(request)
    data |= {
        "time_zone": settings.TIME_ZONE,
        "user": request.user.get_username(),
        "seat": seat.number if seat else "",
        "admin": role_of(request.user) is Role.ADMIN,
    }
    if seat:
        data["phones"] = {"browser": seat.browser_phone, "desk": seat.desk_phone, "number": seat.mobile}
    centre = CentreSettings.objects.values_list("name", flat=True).first() or ""
    frame = {"data": data, "centre": centre, "here": name, "seat": seat}
    return render(request, f"desk/{name}.html", (context or {}) | frame)

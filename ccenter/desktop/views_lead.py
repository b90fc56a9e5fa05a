"""The team lead's pages: the floor live, the wallboard, recordings, seat records.

A page holds names that do not change during a day (of the groups this lead leads); everything live comes over the interface.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ccenter.calls.models import CentreSettings, Flow, Queue, ReasonCode, Skill
from ccenter.calls.rights import Role, led_groups, led_queues, led_seats, role_of, seat_of
from ccenter.calls.seat_records import ROLES, SEE_NUMBERS
from ccenter.desktop.pages import named, page


@page(Role.LEAD)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Seats, queues, calls and trunks, and what a lead does with them."""
    return _page(request, "lead", **_names(request))


@page(Role.LEAD)
@require_safe
def wallboard(request: HttpRequest) -> HttpResponse:
    """The same from afar: for a big screen, nothing to press."""
    return _page(request, "lead_wallboard", **_names(request))


@page(Role.LEAD)
@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """Search, play, who listened."""
    seats = led_seats(request.user).order_by("number").values("number", "name")
    return _page(request, "lead_recordings", seats=list(seats), **_names(request))


@page(Role.LEAD)
@require_safe
def seat_records(request: HttpRequest) -> HttpResponse:
    """Who sits where, what they can and may do; changed one by one or by a CSV file."""
    return _page(
        request,
        "lead_seats",
        skills=[{"code": skill.code, "name": skill.name or skill.code} for skill in Skill.objects.all()],
        permissions=[*ROLES, SEE_NUMBERS],
        **_names(request),
    )


def _names(request: HttpRequest) -> dict[str, Any]:
    return {
        "groups": [{"code": group.code, "name": group.name or group.code} for group in led_groups(request.user).distinct()],
        "queues": [{"code": queue.code, "name": queue.name or queue.code} for queue in _queues(request)],
        "flows": [{"code": flow.code, "name": flow.name or flow.code} for flow in Flow.objects.only("code", "name")],
        "reasons": [named(row.code, row.name_zh, row.name_en) for row in ReasonCode.objects.filter(active=True)],
    }


def _queues(request: HttpRequest) -> Any:
    return Queue.objects.filter(pk__in=led_queues(request.user).values("pk")).only("code", "name")


def _page(request: HttpRequest, name: str, **data: Any) -> HttpResponse:
    seat = seat_of(request.user)
    data |= {
        "time_zone": settings.TIME_ZONE,
        "user": request.user.get_username(),
        "seat": seat.number if seat else "",
        "admin": role_of(request.user) is Role.ADMIN,
    }
    if seat:
        data["phones"] = {"browser": seat.browser_phone, "desk": seat.desk_phone, "number": seat.mobile}
    centre = CentreSettings.objects.values_list("name", flat=True).first() or ""
    return render(request, f"desk/{name}.html", {"data": data, "centre": centre, "here": name, "seat": seat})

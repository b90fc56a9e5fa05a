"""Recordings and seat records: pages whose lists and forms are made here, whole, or in the part that htmx asks for."""

import json
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from ccenter.calls import recordings, seat_records
from ccenter.calls.api.recordings import MOST_LISTENINGS, FoundRecording, ListeningRow, RecordingFilter
from ccenter.calls.api.seat_records import SeatRecord
from ccenter.calls.models import Listening, Recording, Skill
from ccenter.calls.rights import Role, led_groups, led_queues, led_seats, may_hear_call, role_of, scope_of
from ccenter.desktop import texts
from ccenter.desktop.pages import asked_in_part, page
from ccenter.desktop.views_lead import lead_page

DIRECTIONS: dict[str, Promise] = {"in": _("in"), "out": _("out"), "internal": _("between seats")}
STATES: dict[str, Promise | str] = {
    "ready": "", "raw": _("being made ready"), "recording": _("still recording"), "failed": _("failed"), "deleted": _("deleted"),
}  # fmt: skip
PERMISSIONS: dict[str, Promise] = {
    "agent": _("agent"), "lead": _("lead"), "admin": _("administrator"), "see_numbers": _("sees whole numbers"),
}  # fmt: skip
LABELS: dict[str, Promise] = {
    "number": _("Number"), "name": _("Name"), "login": _("Login"), "level": _("Level"), "group": _("Group"),
    "queues": _("Further queues"), "skills": _("Skills"), "permissions": _("Permissions"),
    "mobile": _("Telephone over the trunk"),
}  # fmt: skip
LEVELS = range(1, 11)
SKILL = "skill-"  # before a skill's code: the name of its field


# -- recordings ------------------------------------------------------------------------------------------------


@page(Role.LEAD)
@require_safe
def found_recordings(request: HttpRequest) -> HttpResponse:
    """Search, play, who listened. The search stands in the address: it can be sent to a colleague."""
    asked = RecordingFilter(data=request.GET.dict())
    found: dict[str, Any] = {"rows": [], "page": 1, "more": False, "asked": request.GET}
    if asked.is_valid():
        wanted = dict(asked.validated_data)
        found["page"] = wanted.pop("page")
        rows, found["more"] = recordings.search(request.user, scope_of(request.user), found["page"], **wanted)
        told = FoundRecording(rows, many=True, context={"user": request.user, "hears": True}).data
        found["rows"] = [_line(row, one) for row, one in zip(rows, told, strict=True)]
    else:
        found["trouble"] = [str(why) for errors in asked.errors.values() for why in errors]
    if not asked_in_part(request):
        seats = list(led_seats(request.user).order_by("number").values("number", "name"))
        return lead_page(request, "lead_recordings", found | {"directions": DIRECTIONS}, seats=seats)
    answer = render(request, "desk/lead_recordings_list.html", found)
    given = urlencode({name: value for name, value in request.GET.items() if value and (name, value) != ("page", "1")})
    answer["HX-Replace-Url"] = f"{request.path}?{given}" if given else request.path
    return answer


def _line(row: Recording, told: dict[str, Any]) -> dict[str, Any]:
    """A line of the list; under "player" what the player needs of it, as JSON."""
    told["who"] = " ".join(filter(None, (told["name"], told["number"]["text"])))
    told["seats"] = ", ".join(f"{agent['number']} {agent['name']}" for agent in told["agents"])
    told["direction_name"] = DIRECTIONS.get(told["direction"], told["direction"])
    told["outcome_name"] = texts.outcome(told["outcome"])
    told["state_name"] = STATES.get(told["state"], told["state"])
    told["at"] = f"{localtime(row.started_at):%Y-%m-%d %H:%M:%S}"
    queue = told["queue"] and told["queue"]["name"]
    about = (told["at"], str(told["direction_name"]), queue, told["label"], told["city"], told["call"])
    player = {name: told[name] for name in ("id", "call", "started_at", "seconds", "audio")}
    player |= {"title": " ↔ ".join(filter(None, (told["who"], told["seats"]))), "about": " · ".join(filter(None, about))}
    return told | {"player": json.dumps(player)}


@page(Role.LEAD)
@require_safe
def listeners(request: HttpRequest, ident: str) -> HttpResponse:
    """Who listened to a recording, the last first."""
    recording = Recording.objects.filter(pk=ident).defer("peaks").first()
    if recording is None or not may_hear_call(request.user, recording.call):
        raise Http404
    rows = Listening.objects.filter(recording=ident).select_related("user__seat").order_by("-at")[:MOST_LISTENINGS]
    told = [{**ListeningRow(row).data, "at": row.at} for row in rows]
    return render(request, "desk/lead_listeners.html", {"rows": told})


# -- seat records ----------------------------------------------------------------------------------------------


@page(Role.LEAD)
@require_safe
def seats(request: HttpRequest) -> HttpResponse:
    """Who sits where, what they can and may do; changed one by one or by a CSV file."""
    words, group = request.GET.get("q", "").strip().casefold(), request.GET.get("group", "")
    groups = dict(led_groups(request.user).values_list("code", "name"))
    skills = dict(Skill.objects.values_list("code", "name"))
    rows = [
        row
        | {
            "group_name": groups.get(row["group"]) or row["group"],
            "rights": ", ".join(str(PERMISSIONS.get(code, code)) for code in row["permissions"]),
            "skill_names": [(skills.get(code) or code, level) for code, level in row["skills"].items()],
        }
        for row in seat_records.records(led_seats(request.user))
        if (not group or row["group"] == group) and words in f"{row['number']} {row['name']} {row['login']}".casefold()
    ]
    if asked_in_part(request):
        return render(request, "desk/lead_seats_list.html", {"rows": rows})
    return lead_page(request, "lead_seats", {"rows": rows})


@page(Role.LEAD)
@require_http_methods(["GET", "POST"])
def seat(request: HttpRequest, number: str = "") -> HttpResponse:
    """The form of a seat record (without a number: of a new one), and its keeping."""
    admin = role_of(request.user) is Role.ADMIN
    mine = led_seats(request.user).filter(number=number)
    if number and not mine.exists():
        raise Http404
    if not number and not admin:
        raise PermissionDenied
    record = seat_records.records(mine)[0] if number else {**seat_records.NEW, "number": ""}
    queues = {queue.code: queue.name or queue.code for queue in led_queues(request.user)}
    context = {
        "number": number, "record": record, "admin": admin, "groups": led_groups(request.user).distinct(), "queues": queues,
        "skills": Skill.objects.all(), "permissions": PERMISSIONS, "levels": LEVELS, "errors": [],
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "desk/lead_seat.html", context)
    given = _given(request, record, queues, admin)
    body = SeatRecord(data=given)
    errors: dict[str, Any] = {}
    if body.is_valid():
        try:
            saved, password = seat_records.save(
                request.user, {**body.validated_data, "number": number or given["number"]}, new=not number
            )
        except seat_records.Invalid as error:
            errors = error.errors
    else:
        errors = {field: " ".join(map(str, whys)) for field, whys in body.errors.items()}
    if errors:
        told = [(LABELS.get(field, field), why) for field, why in errors.items()]
        return render(request, "desk/lead_seat.html", context | {"record": record | given, "errors": told})
    answer = render(request, "desk/lead_seat_saved.html", {"login": saved["login"], "password": password})
    answer["HX-Trigger"] = "seat-saved"
    return answer


def _given(request: HttpRequest, before: dict[str, Any], queues: dict[str, str], admin: bool) -> dict[str, Any]:
    """What was written into the form, as a record."""
    form = request.POST
    given: dict[str, Any] = {name: form.get(name, "").strip() for name in ("name", "login", "level", "group", "mobile")}
    given |= {name: name in form for name in ("active", "desk_phone", "browser_phone")}
    given["skills"] = {name.removeprefix(SKILL): level for name, level in form.items() if name.startswith(SKILL) and level}
    given["queues"] = [code for code in before["queues"] if code not in queues] + form.getlist(
        "queues"
    )  # others' are not ours to take
    if not before["number"]:
        given["number"] = form.get("number", "").strip()
    if admin:
        given["permissions"] = form.getlist("permissions")
    return given

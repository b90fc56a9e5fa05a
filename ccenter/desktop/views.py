"""The agent's console, and the door to it."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from ccenter.calls import history
from ccenter.calls.logins import held_up
from ccenter.calls.models import Agent, AgentStatus, CentreSettings, Queue, ReasonCode
from ccenter.calls.rights import Role, role_of, seat_of
from ccenter.desktop import selectors, services
from ccenter.desktop.pages import named, page, secured
from ccenter.desktop.shapes import may_change
from ccenter.office.pages import menu
from crm import selectors as crm


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Login(LoginView):
    """Name and password; then the console, or for who has no seat the lead's page or the office's first."""

    template_name = "desk/login.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        return reverse("console")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"centre": centre_name()}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Wrong, or tried too often: then it says how long to wait."""
        error = held_up(form)
        if error is None:
            return super().form_invalid(form)
        context = self.get_context_data(form=form, held_up=" ".join(error.messages))
        seconds = str(error.params["seconds"])
        return self.render_to_response(context, status=429, headers={"Retry-After": seconds})

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        return secured(super().dispatch(*args, **kwargs))


def centre_name() -> str:
    return CentreSettings.objects.values_list("name", flat=True).first() or ""


@page(Role.AGENT, instead=lambda request: menu.home(request.user))
@never_cache
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The agent's page. What is written into it does not change during a day; all else comes over the interface."""
    seat = seat_of(request.user)
    role = role_of(request.user)
    if seat is None:
        if role >= Role.LEAD:
            return HttpResponseRedirect("/lead/")
        return render(request, "desk/no_seat.html", {"centre": centre_name()}, status=403)
    data = {
        "user": request.user.get_username(),
        "seat": {"number": seat.number, "name": seat.name, "group": seat.group.name or seat.group.code},
        "phones": {
            "browser": seat.browser_phone,
            "desk": seat.desk_phone,
            "number": seat.mobile,
        },
        "lead": role >= Role.LEAD,
        "reasons": [named(row.code, row.name_zh, row.name_en) for row in ReasonCode.objects.filter(active=True)],
        "queues": [{"code": queue.code, "name": queue.name or queue.code} for queue in Queue.objects.only("code", "name")],
        "seats": list(Agent.objects.filter(active=True).values("number", "name")),
        "time_zone": settings.TIME_ZONE,
        "tools": menu.tools(request.user),
    }
    return render(request, "desk/console.html", {"centre": centre_name(), "data": data, "seat": seat, "lead": data["lead"]})


@page(Role.AGENT)
@require_http_methods(["GET", "POST"])
def day(request: HttpRequest) -> HttpResponse:
    """A part of the console: my follow-ups and my records of today. POST `done`: that one is followed up."""
    if request.method == "POST":
        ident = request.POST.get("done", "")
        record = crm.records().filter(pk=ident).first() if ident.isdecimal() and len(ident) < 19 else None
        if record is None or not may_change(request.user, record):
            raise Http404
        services.change_record(record, {"followed_up": True}, request.user)
    now = timezone.localtime()
    mine = crm.records().filter(author=request.user, created_at__gte=now.replace(hour=0, minute=0, second=0, microsecond=0))
    told = {
        "today": now.date(),
        "followups": selectors.followups(request.user, now.date()),
        "records": selectors.records(request.user, mine[: crm.RECORDS]),
    }
    return render(request, "desk/day.html", told)


@page(Role.AGENT)
@require_GET
def targets(request: HttpRequest) -> JsonResponse:
    """Where a call can be sent, and how it is there now. Asked while somebody chooses.

    {"seats": [{"number", "name", "group", "state", "since"}], "queues": [{"code", "name", "waiting", "ready"}]}
    """
    states = {row.agent: row for row in AgentStatus.objects.only("agent", "state", "since")}
    mine = seat_of(request.user)
    seats = []
    for agent in Agent.objects.filter(active=True).select_related("group").defer("sip_password"):
        if mine is not None and agent.number == mine.number:
            continue
        status = states.get(agent.number)
        seats.append(
            {
                "number": agent.number,
                "name": agent.name,
                "group": agent.group.name or agent.group.code,
                "state": status.state if status else "LOGGED_OUT",
                "since": status.since if status else None,
            }
        )
    queues = [
        {
            "code": queue["queue"],
            "name": queue["name"] or queue["queue"],
            "waiting": queue["waiting"],
            "ready": queue["states"].get("READY", 0),
        }
        for queue in history.queues(Queue.objects.all())
    ]
    return JsonResponse({"seats": seats, "queues": queues})

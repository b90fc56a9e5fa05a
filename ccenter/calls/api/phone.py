"""The browser as a phone: its account comes with the sign-in, and is told again after a reload."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.api import params
from ccenter.calls.api.base import HasSeat, View
from ccenter.calls.api.seat import KEY, ActionAnswer, SeatAction
from ccenter.calls.models import Agent, AgentStatus, WebPhone
from ccenter.calls.models import Request as Row


class PhoneAccount(serializers.Serializer):
    """What a SIP client needs."""

    endpoint = serializers.CharField(help_text="User and login name.")
    password = serializers.CharField()
    ws = serializers.CharField(help_text="The websocket to register over.")
    domain = serializers.CharField()


class SignInAnswer(ActionAnswer):
    phone = PhoneAccount(required=False, help_text="With phone=browser, unless it was refused.")


def account(phone: WebPhone) -> dict[str, str]:
    domain = urlsplit(settings.SIP_WS).hostname or "localhost"
    return {"endpoint": phone.endpoint, "password": phone.password, "ws": settings.SIP_WS, "domain": domain}


class SignInView(SeatAction):
    action = "SignIn"
    body = params.SignIn

    @extend_schema(
        operation_id="seat_sign_in",
        request=params.SignIn,
        responses={200: SignInAnswer, 202: SignInAnswer, 409: ActionAnswer},
        parameters=[KEY],
        tags=["seat"],
    )
    def post(self, request: Request) -> Response:
        """Sign in with a phone. With phone=browser a fresh account is made for it, which lives until you sign out."""
        assert self.seat is not None
        wanted = self.wanted(request)
        if wanted.get("endpoint"):
            return self.ask(request, self.seat, wanted)
        phone = self._known(request, wanted) or WebPhone.fresh(self.seat)
        try:
            answer = self.ask(request, self.seat, {**wanted, "endpoint": f"PJSIP/{phone.endpoint}"})
        except Exception:
            phone.delete()
            raise
        if answer.data["result"] == Row.State.REFUSED:
            phone.delete()
            return answer
        if answer.data["result"] == Row.State.DONE:
            left = list(WebPhone.objects.filter(agent=self.seat).exclude(pk=phone.pk).values_list("pk", flat=True))
            if left:  # each deletion makes the switch's accounts be looked at
                WebPhone.objects.filter(pk__in=left).delete()
        answer.data["phone"] = account(phone)
        answer["Cache-Control"] = "no-store"
        return answer

    def _known(self, request: Request, wanted: dict[str, Any]) -> WebPhone | None:
        """The phone of the same click before."""
        key = request.headers.get("Idempotency-Key", "")
        row = Row.objects.filter(user=request.user, key=key, action="SignIn").first() if key else None
        if row is None or row.params.get("ready") != wanted["ready"]:
            return None
        return WebPhone.objects.filter(endpoint=row.params["endpoint"].removeprefix("PJSIP/")).first()


class PhoneView(View):
    permission_classes = [HasSeat]

    @extend_schema(responses=PhoneAccount, tags=["seat"], operation_id="seat_phone")
    def get(self, request: Request) -> Response:
        """The account of the browser's phone you are signed in with, for a page that was loaded again. 404 without one."""
        assert self.seat is not None
        phone = phone_of(self.seat)
        if phone is None:
            raise NotFound(_("You are not signed in with a browser's phone."))
        return Response(account(phone), headers={"Cache-Control": "no-store"})


def phone_of(seat: Agent) -> WebPhone | None:
    """The browser's phone a seat is signed in with."""
    endpoint = AgentStatus.objects.filter(pk=seat.number).values_list("endpoint", flat=True).first() or ""
    return WebPhone.objects.filter(agent=seat, endpoint=endpoint.removeprefix("PJSIP/")).first()

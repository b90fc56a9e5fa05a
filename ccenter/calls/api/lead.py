"""What a lead does with the seats they lead: listen, whisper, barge in, force, take over."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls.api import params
from ccenter.calls.api.base import IsLead
from ccenter.calls.api.seat import KEY, ActionAnswer, Asking
from ccenter.calls.models import Agent
from ccenter.calls.rights import led_seats


class Mode(params.Strict):
    mode = serializers.ChoiceField(["listen", "whisper", "barge"], default="listen")


class State(params.Strict):
    state = serializers.ChoiceField(["ready", "not_ready", "signed_out"])
    reason = serializers.CharField(max_length=40, required=False, help_text="The code of a busy reason, with not_ready.")

    def validate(self, asked: Any) -> Any:
        if asked["state"] != "not_ready":
            if "reason" in asked:
                raise serializers.ValidationError({"reason": [_("Only with not_ready.")]})
        elif "reason" not in asked:
            raise serializers.ValidationError({"reason": [_("This field is required.")]})
        else:
            params.check_reason(asked["reason"])
        return asked


class LeadAction(Asking):
    """One thing to do to a seat. `by_own_seat`: the lead's own phone takes part in it."""

    permission_classes = [IsLead]
    by_own_seat: ClassVar[bool] = False

    def post(self, request: Request, number: str) -> Response:
        target = led_seats(request.user).filter(number=number, active=True).first()
        if target is None:
            raise NotFound(_("There is no such seat, or you do not lead it."))
        wanted = self.wanted(request, target)
        if not self.by_own_seat:
            return self.ask(request, target, wanted)
        if self.seat is None:
            raise PermissionDenied(_("You have no seat."))
        return self.ask(request, self.seat, {**wanted, "target": target.number} if self.action != "StopMonitor" else wanted)

    def wanted(self, request: Request, target: Agent) -> dict[str, Any]:
        body = self.body(data=request.data, context={"user": request.user})
        body.is_valid(raise_exception=True)
        return body.to_params(target)


def _action(
    name: str, path: str, says: str, body: type[params.Strict] = params.Nothing, *, by_own_seat: bool = False
) -> tuple[str, Any]:
    view = type(name + "View", (LeadAction,), {"action": name, "body": body, "by_own_seat": by_own_seat, "__doc__": says})
    schema = extend_schema(
        operation_id="lead_" + path.replace("-", "_"),
        description=says,
        request=None if body is params.Nothing else body,
        responses={200: ActionAnswer, 202: ActionAnswer, 409: ActionAnswer},
        parameters=[KEY],
        tags=["lead"],
    )
    return path, extend_schema_view(post=schema)(view).as_view()


ACTIONS = [
    _action("Monitor", "monitor", "Hear the seat's call; again with another mode: change it.", Mode, by_own_seat=True),
    _action("StopMonitor", "stop-monitor", "Hear it no longer.", by_own_seat=True),
    _action("TakeOver", "take-over", "Serve the seat's customer yourself.", by_own_seat=True),
    _action("ForceState", "force-state", "Make the seat ready, busy or signed out; in a call: when it is over.", State),
    _action("ForceHangUp", "force-hang-up", "End the seat's call."),
    _action("ForceTransfer", "force-transfer", "Send the seat's customer on.", params.Transfer),
]

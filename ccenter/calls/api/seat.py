"""A person's own seat: what it is doing, and everything they can do there."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import history, reasons, requests
from ccenter.calls.api import params
from ccenter.calls.api.base import HasSeat, View
from ccenter.calls.api.serializers import OwnSeat
from ccenter.calls.models import Agent
from ccenter.calls.models import Request as Row

PATIENCE = 3.0  # seconds an action waits for the core's answer
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of your own, at most 100 characters. Sent again with the same body, the action is done once "
    "and the first answer is given again.",
)
STATUS = {Row.State.DONE: 200, Row.State.REFUSED: 409, Row.State.PENDING: 202}


class ActionAnswer(serializers.Serializer):
    request = serializers.UUIDField()
    result = serializers.ChoiceField(Row.State.choices)
    reason = serializers.CharField(help_text="Why it was refused, as a code.")
    message = serializers.CharField(help_text="Why it was refused, in words.")
    call = serializers.CharField(help_text="The call it was about.")


def answer(row: Row) -> Response:
    """200 done, 409 refused, 202 not answered yet."""
    body = {"request": row.id, "result": row.state, "reason": row.reason, "message": reasons.text(row.reason), "call": row.call}
    return Response(body, status=STATUS[Row.State(row.state)])


class SeatView(View):
    permission_classes = [HasSeat]

    @extend_schema(responses=OwnSeat, tags=["seat"], operation_id="seat")
    def get(self, request: Request) -> Response:
        """Your own seat: its state, its phone, its call, what you may do. From `seq` on the feed tells what changes."""
        assert self.seat is not None
        seq = history.last_seq()
        return Response(OwnSeat({"seq": seq, **history.seat(self.seat)}, context={"user": request.user}).data)


class RequestView(View):
    @extend_schema(
        responses={200: ActionAnswer, 202: ActionAnswer, 409: ActionAnswer}, tags=["seat"], operation_id="seat_request"
    )
    def get(self, request: Request, ident: str) -> Response:
        """What became of an action that was still pending."""
        row = Row.objects.filter(pk=ident, user=request.user).first()
        if row is None:
            raise NotFound(_("You made no such request."))
        return answer(row)


class Asking(View):
    """Something to ask of the core, and its answer."""

    action: ClassVar[str] = ""
    body: ClassVar[type[params.Strict]] = params.Nothing

    def ask(self, request: Request, seat: Agent, wanted: dict[str, Any]) -> Response:
        """Asks it for a seat and waits a while for the answer. Raises ValidationError."""
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 100 or not key.isprintable():
            raise serializers.ValidationError({"Idempotency-Key": [_("At most 100 printable characters.")]})
        try:
            row = requests.submit(request.user, seat.number, self.action, wanted, key)
        except requests.KeyReused:
            raise serializers.ValidationError({"Idempotency-Key": [_("This key was used for something else.")]}) from None
        except requests.BadRequest as error:
            raise serializers.ValidationError({"detail": [str(error)]}) from error
        return answer(requests.wait_for(row.id, PATIENCE))


class SeatAction(Asking):
    """One thing to do at one's own seat."""

    permission_classes = [HasSeat]

    def post(self, request: Request) -> Response:
        assert self.seat is not None
        return self.ask(request, self.seat, self.wanted(request))

    def wanted(self, request: Request) -> dict[str, Any]:
        assert self.seat is not None
        body = self.body(data=request.data, context={"user": request.user})
        body.is_valid(raise_exception=True)
        return body.to_params(self.seat)


def _action(name: str, path: str, says: str, body: type[params.Strict] = params.Nothing) -> tuple[str, Any]:
    view = type(name + "View", (SeatAction,), {"action": name, "body": body, "__doc__": says})
    schema = extend_schema(
        operation_id="seat_" + path.replace("-", "_"),
        description=says,
        request=None if body is params.Nothing else body,
        responses={200: ActionAnswer, 202: ActionAnswer, 409: ActionAnswer},
        parameters=[KEY],
        tags=["seat"],
    )
    return path, extend_schema_view(post=schema)(view).as_view()


ACTIONS = [
    _action("SignOut", "sign-out", "Sign out; in a call: when it is over."),
    _action("Ready", "ready", "Be ready for calls. Ends wrap-up."),
    _action("NotReady", "not-ready", "Be busy, with a reason; in a call: when it is over.", params.NotReady),
    _action("AnswerCall", "answer", "Pick up your ringing desk phone from afar."),
    _action("HangUpCall", "hang-up", "End your call, or decline the one that rings."),
    _action("HoldCall", "hold", "Let the customer hear music."),
    _action("ResumeCall", "resume", "Take the customer back."),
    _action("TransferCall", "transfer", "Send the customer on. Who is not taken comes back.", params.Transfer),
    _action("ConsultWith", "consult", "Put the customer on hold and ring somebody.", params.Consult),
    _action("CompleteTransfer", "complete", "Leave the customer to whom you consulted."),
    _action("CancelConsult", "cancel-consult", "Let the consulted person go, take the customer back."),
    _action("JoinAll", "join-all", "Talk all three."),
    _action("LeaveCall", "leave", "Leave a three-way call; the others talk on."),
    _action("InviteParty", "invite", "Ring a further person for your conference.", params.Consult),
    _action("DialNumber", "dial", "Ring your phone, then the number or the colleague.", params.Dial),
    _action("PickUp", "pick-up", "Take a call that rings at a colleague.", params.ThisCall),
    _action("TakeWaiting", "take", "Serve this waiting call now.", params.ThisCall),
    _action("PauseRecording", "pause-recording", "Record silence, while card data is read."),
    _action("ResumeRecording", "resume-recording", "Record again."),
    _action("Reconnect", "reconnect", "Ring this page's phone for the call you are in: the page is new."),
    _action("NextCallback", "next-callback", "Ring your phone, then that of the next customer who is owed a call."),
    _action("DialCallback", "dial-callback", "Call this one: accept it when it is shown to you.", params.ThisCallback),
    _action("SkipCallback", "skip-callback", "Not this one, not now.", params.ThisCallback),
    _action("CallbackResult", "callback-result", "What came of calling them, during the talk or after it.", params.Result),
    _action("SendKeys", "send-keys", "Send keys to the customer's side.", params.Keys),
]

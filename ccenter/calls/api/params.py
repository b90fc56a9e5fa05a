"""The bodies of seat actions: checked here, turned into the params of the core's requests."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from ccenter.acd.owing import RESULTS
from ccenter.calls import tokens
from ccenter.calls.live import may_claim
from ccenter.calls.models import Agent, CallbackEntry, ReasonCode, Trunk
from ccenter.calls.numbers import whole
from ccenter.calls.rights import served_queues

NUMBER = r"^\+?[0-9*#]{2,31}$"
SEPARATORS = str.maketrans("", "", " -./()（）\t")


class Strict(serializers.Serializer):
    """A body whose unknown fields are an error: a misspelt field must not be silently nothing."""

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        if unknown := set(data) - set(self.fields):
            raise serializers.ValidationError({str(name): [_("There is no such field.")] for name in sorted(unknown)})
        return values

    def to_params(self, seat: Agent) -> dict[str, Any]:
        """The params of the core's request. Raises ValidationError."""
        return dict(self.validated_data)


class NumberField(serializers.RegexField):
    """A number as people write it; separators are dropped."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(NUMBER, max_length=40, error_messages={"invalid": _("Not a telephone number.")}, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).translate(SEPARATORS)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, int | float):
            self.fail("invalid")  # 1.5 is not 15
        return super().run_validation(data.translate(SEPARATORS) if isinstance(data, str) else data)


class Nothing(Strict):
    """No body is needed."""


class SignIn(Strict):
    phone = serializers.ChoiceField(
        ["browser", "desk", "number"], default="desk", help_text="This browser, your desk phone, or a number over the trunk."
    )
    number = NumberField(required=False, help_text="With phone=number; default: the number kept with your seat.")
    ready = serializers.BooleanField(default=False)

    def to_params(self, seat: Agent) -> dict[str, Any]:
        """Without an endpoint for a browser's phone, which is made when everything else is right."""
        asked = self.validated_data
        if asked["phone"] == "browser":
            if not seat.browser_phone:
                raise serializers.ValidationError({"phone": [_("Your seat may not use the browser as its phone.")]})
            return {"ready": asked["ready"]}
        if asked["phone"] == "desk":
            if not seat.desk_phone:
                raise serializers.ValidationError({"phone": [_("Your seat has no desk phone.")]})
            return {"endpoint": f"PJSIP/{seat.number}", "ready": asked["ready"]}
        number = asked.get("number") or seat.mobile.translate(SEPARATORS)
        if not number:
            raise serializers.ValidationError({"number": [_("Which number?")]})
        trunks = Trunk.objects.filter(enabled=True, outbound=True).values_list("code", "prefixes")
        trunk = next((code for code, prefixes in trunks if not prefixes or number.startswith(tuple(prefixes))), None)
        if trunk is None:
            raise serializers.ValidationError({"number": [_("No trunk may call this number.")]})
        return {"endpoint": f"PJSIP/{number}@trunk-{trunk}", "ready": asked["ready"]}


class NotReady(Strict):
    reason = serializers.CharField(max_length=40, help_text="The code of a busy reason.")

    def validate_reason(self, code: str) -> str:
        return check_reason(code)


def check_reason(code: str) -> str:
    """A busy reason's code. Raises ValidationError."""
    if not ReasonCode.objects.filter(code=code, active=True).exists():
        raise serializers.ValidationError({"reason": [_("There is no such reason.")]})
    return code


TARGETS = {"agent": "agent", "queue": "queue", "number": "number", "flow": "flow", "voicemail": "mailbox"}


class Transfer(Strict):
    to = serializers.ChoiceField(list(TARGETS))
    agent = serializers.CharField(max_length=10, required=False)
    queue = serializers.CharField(max_length=40, required=False)
    number = NumberField(required=False)
    flow = serializers.CharField(max_length=40, required=False)
    mailbox = serializers.CharField(max_length=60, required=False)

    def to_params(self, seat: Agent) -> dict[str, Any]:
        asked = self.validated_data
        field = TARGETS[asked["to"]]
        if field not in asked:
            raise serializers.ValidationError({field: [_("This field is required.")]})
        if extra := set(asked) - {"to", field}:
            raise serializers.ValidationError({name: [_("Not with this kind of target.")] for name in sorted(extra)})
        return {"target": {"to": asked["to"], field: asked[field]}}


class Consult(Strict):
    to = serializers.ChoiceField(["agent", "number"])
    agent = serializers.CharField(max_length=10, required=False)
    number = NumberField(required=False)

    to_params = Transfer.to_params


class Dial(Strict):
    number = NumberField(required=False, help_text="A number, or a colleague's extension.")
    token = serializers.CharField(max_length=200, required=False, help_text="Of a number on the screen, instead of `number`.")

    def to_params(self, seat: Agent) -> dict[str, Any]:
        asked = self.validated_data
        if ("number" in asked) == ("token" in asked):
            raise serializers.ValidationError({"number": [_("A number or a token, one of them.")]})
        if "number" in asked:
            return {"number": whole(asked["number"])}
        try:
            return {"number": whole(tokens.number_of(asked["token"], self.context["user"]))}
        except tokens.BadToken:
            why = _("This number cannot be dialled any more. Load the page again.")
            raise serializers.ValidationError({"token": [why]}) from None


class ThisCall(Strict):
    call = serializers.RegexField(r"^c[0-9]{1,18}$", error_messages={"invalid": _("Not the id of a call.")})

    def to_params(self, seat: Agent) -> dict[str, Any]:
        call = self.validated_data["call"]
        if not may_claim(seat, call):
            raise NotFound(_("This call is not waiting any more, or not for you."))
        return {"call": call}


class ThisCallback(Strict):
    callback = serializers.CharField(max_length=64)

    def to_params(self, seat: Agent) -> dict[str, Any]:
        """Raises NotFound for one that is closed, or of a queue they do not serve."""
        served = served_queues(seat).values("code")
        mine = Q(queue="") | Q(queue__in=served) | Q(agent=seat.number) | Q(offered_to=seat.number) | Q(by=seat.number)
        if not CallbackEntry.objects.filter(mine, pk=self.validated_data["callback"], closed_at=None).exists():
            raise NotFound(_("This callback is closed already."))
        return dict(self.validated_data)


class Result(ThisCallback):
    result = serializers.ChoiceField(list(RESULTS))
    at = serializers.DateTimeField(required=False, help_text="With result=later: when they want to be called.")

    def to_params(self, seat: Agent) -> dict[str, Any]:
        asked = super().to_params(seat)
        if (asked["result"] == "later") != ("at" in asked):
            raise serializers.ValidationError({"at": [_("When? With the result later, and only then.")]})
        return {**asked, "at": asked["at"].timestamp() if "at" in asked else None}


class Keys(Strict):
    keys = serializers.RegexField(r"^[0-9*#A-D]{1,32}$", error_messages={"invalid": _("Only digits, *, # and A to D.")})

"""Shapes of what the REST interface answers."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ccenter.acd.facts import AnyFact
from ccenter.calls.models import Call, Recording, TrunkChannel, Voicemail
from ccenter.calls.rights import sees_numbers
from ccenter.calls.telling import mask_in
from ccenter.calls.tokens import Number, shown, token_of

CALL_FIELDS = [
    "id", "direction", "state", "away", "outcome", "ani", "number", "token", "province", "city", "name", "dnis", "label",
    "trunk", "language", "queue", "answered_by", "agent", "customer", "started_at", "answered_at", "queued_at",
    "waiting_since", "offered_at", "connected_at", "ended_at", "waited", "talked", "held", "ended_by", "recorded",
    "callback", "voicemail", "owed", "surge",
]  # fmt: skip


STEP_FIELDS = (
    "flow", "node", "key", "kind", "result", "queue", "reason", "target", "agent", "number", "back_to", "party", "action", "by",
    "mailbox",
)  # fmt: skip


class NumberShown(serializers.Serializer):
    """A telephone number: masked for who may not see it; `token` dials it all the same."""

    text = serializers.CharField()
    token = serializers.CharField(help_text='For /api/seat/dial/; "" when there is nobody to call.')


class QueueNamed(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()


class AgentNamed(serializers.Serializer):
    number = serializers.CharField()
    name = serializers.CharField()


_TEXT, _NUMBER, _WHEN = {"type": "string"}, {"type": "number"}, {"type": "string", "format": "date-time"}


@extend_schema_field(
    {
        "type": "object",
        "description": "What else it tells depends on `type`: the fields of that class in ccenter/acd/facts.py.",
        "properties": {
            "seq": {"type": "integer"},
            "at": _WHEN,
            "type": {**_TEXT, "enum": [kind.__name__ for kind in get_args(AnyFact)]},
            **{name: {**_TEXT, "description": "Left out where it is about none."} for name in ("call", "agent", "queue")},
        },
        "required": ["seq", "at", "type"],
        "additionalProperties": True,
    }
)
class FactTold(serializers.DictField):
    """A fact, as JSON that was made already."""


@extend_schema_field(
    {
        "type": "object",
        "description": "What else it tells depends on `step`: see ccenter/calls/projections/calls.py.",
        "properties": {"at": _WHEN, "step": _TEXT},
        "required": ["at", "step"],
        "additionalProperties": True,
    }
)
class StepTold(serializers.DictField):
    """A step of a call's way, as it stands in the record."""


@extend_schema_field({"type": "array", "items": {"oneOf": [_TEXT, _NUMBER]}, "minItems": 2, "maxItems": 2})
class Candidate(serializers.ListField):
    """[agent, score]"""


@extend_schema_field(
    {
        "type": "array",
        "items": {"oneOf": [{"type": "integer"}, {"type": "array", "items": _TEXT}]},
        "minItems": 2,
        "maxItems": 2,
    }
)
class PassedOver(serializers.ListField):
    """[how many, the first ten agents]"""


class ForUser(serializers.BaseSerializer):
    """Masks telephone numbers for who may not see them whole. `context` holds the user; without one they are masked."""

    masks: tuple[str, ...] = ()

    def whole_numbers(self) -> bool:
        user = self.context.get("user") or getattr(self.context.get("request"), "user", None)
        return user is not None and sees_numbers(user)

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)
        if not self.whole_numbers():
            for name in self.masks:
                shown[name] = mask_in(shown[name])
        return shown


class CallRow(ForUser, serializers.ModelSerializer):
    """A call in a list. `ani` and `number` are masked for who may not see them; `token` dials `number` all the same."""

    token = serializers.SerializerMethodField(help_text='For /api/seat/dial/; "" when there is nobody to call.')
    masks = ("ani", "number", "name")

    class Meta:
        model = Call
        fields = CALL_FIELDS
        read_only_fields = fields

    def get_token(self, call: Call) -> str:
        user = self.context.get("user") or getattr(self.context.get("request"), "user", None)
        return token_of("c", call.id, user) if user is not None and call.number else ""

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)
        if instance.direction == "out" and not self.whole_numbers():
            shown["dnis"] = mask_in(shown["dnis"])
        return shown


class Step(ForUser, serializers.Serializer):
    """One step of a call's way; what it has beside time and kind depends on the kind: see ccenter/calls/projections/calls.py."""

    at = serializers.DateTimeField()
    step = serializers.CharField(help_text="node, key, lookup, queue, talk, hold, transfer, end ...")
    seconds = serializers.FloatField(allow_null=True, help_text="Until the next step.")
    position = serializers.IntegerField(required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), **{name: serializers.CharField(required=False) for name in STEP_FIELDS}}

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if not self.whole_numbers():
            shown |= {name: mask_in(shown[name]) for name in STEP_FIELDS if name in shown}
        return shown


class Why(serializers.Serializer):
    """Why this agent: the candidates with their scores (least wins), the others by why they were passed over."""

    strategy = serializers.CharField()
    candidates = serializers.ListField(child=Candidate(), help_text="[agent, score] each, the first ten.")
    candidates_total = serializers.IntegerField()
    passed_over = serializers.DictField(child=PassedOver(), help_text="Reason: [how many, the first ten agents].")


class Offer(serializers.Serializer):
    agent = serializers.CharField()
    queue = serializers.CharField()
    at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    result = serializers.CharField(help_text='connected, or why not: no_answer, busy, refused ... "" while it rings.')
    rang = serializers.FloatField(help_text="Seconds.")
    why = Why(allow_null=True, help_text="null: nobody chose, the call was meant for this agent.")


class RecordingRow(serializers.ModelSerializer):
    """A recording. `state`: recording, raw (not converted yet), ready, failed, deleted."""

    state = serializers.SerializerMethodField()
    audio = serializers.SerializerMethodField(help_text="Where it can be heard; null when it cannot, or not by you.")

    class Meta:
        model = Recording
        fields = ["id", "call", "state", "reason", "started_at", "ended_at", "seconds", "pauses", "file_bytes", "sha256", "audio"]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(["recording", "raw", "ready", "failed", "deleted"]))
    def get_state(self, recording: Recording) -> str:
        if recording.deleted_at:
            return "deleted"
        return "ready" if recording.converted_at else recording.state

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_audio(self, recording: Recording) -> str | None:
        hears = self.context.get("hears", False)
        return f"/api/recordings/{recording.id}/audio/" if hears and self.get_state(recording) == "ready" else None


class VoicemailRow(ForUser, serializers.ModelSerializer):
    """A message that was left; `audio` is for who may hear it. `token` dials the caller."""

    audio = serializers.SerializerMethodField()
    token = serializers.SerializerMethodField()
    masks = ("caller",)

    class Meta:
        model = Voicemail
        fields = ["id", "call", "mailbox", "caller", "token", "at", "seconds", "heard_at", "audio"]
        read_only_fields = fields

    def get_token(self, message: Voicemail) -> str:
        user = self.context.get("user") or getattr(self.context.get("request"), "user", None)
        return token_of("v", message.id, user) if user is not None and message.caller.startswith("+") else ""

    def get_audio(self, message: Voicemail) -> str:
        return f"/api/voicemails/{message.id}/audio/"


class CallWhole(CallRow):
    """Everything on record about a call. `whole` of the instance is from `history.whole_call`."""

    steps = Step(many=True, source="whole.steps")
    offers = Offer(many=True, source="whole.offers")
    agents = serializers.ListField(child=serializers.CharField(), source="whole.agents", help_text="Who had to do with it.")
    recordings = RecordingRow(many=True, source="whole.recordings")
    voicemails = VoicemailRow(many=True, source="whole.voicemails")

    class Meta(CallRow.Meta):
        fields = [*CALL_FIELDS, "leg", "ended_in", "cause", "note", "steps", "offers", "agents", "recordings", "voicemails"]
        read_only_fields = fields


class SeatState(serializers.Serializer):
    """What a seat is doing now."""

    agent = serializers.CharField()
    name = serializers.CharField()
    group = serializers.CharField()
    state = serializers.ChoiceField(["LOGGED_OUT", "READY", "RESERVED", "TALKING", "WRAP_UP", "NOT_READY"])
    reason = serializers.CharField(help_text="Of NOT_READY.")
    since = serializers.DateTimeField(allow_null=True)
    endpoint = serializers.CharField(help_text="The phone signed in with.")
    online = serializers.BooleanField(help_text="Whether that phone is there, as far as known.")
    actions = serializers.ListField(child=serializers.CharField(), help_text="Requests the centre would accept now: HoldCall ...")
    call = CallRow(allow_null=True)


class Phones(serializers.Serializer):
    browser = serializers.BooleanField()
    desk = serializers.BooleanField()
    number = serializers.CharField(help_text='The one kept, "" for none.')


class OwnSeat(SeatState):
    seq = serializers.IntegerField(help_text="The last fact on record.")
    phone = serializers.ChoiceField(["browser", "desk", "number", ""], help_text="The kind of phone signed in with.")
    phones = Phones(help_text="What one may sign in with.")


class QueueState(serializers.Serializer):
    queue = serializers.CharField()
    name = serializers.CharField()
    waiting = serializers.IntegerField(help_text="Callers.")
    waiting_since = serializers.DateTimeField(allow_null=True, help_text="Of who waits longest.")
    talking = serializers.IntegerField(help_text="Calls.")
    agents = serializers.IntegerField(help_text="Who serve it.")
    states = serializers.DictField(child=serializers.IntegerField(), help_text="State: how many of these agents.")


class ChannelRow(serializers.Serializer):
    """A channel of a trunk in use."""

    leg = serializers.CharField()
    call = serializers.CharField()
    agent = serializers.CharField(help_text='The seat whose phone is reached by it; "" for a customer or other outside party.')
    direction = serializers.ChoiceField(["in", "out"])
    number = serializers.SerializerMethodField(help_text="Who calls, or is called by it.")
    since = serializers.DateTimeField(source="started_at")

    @extend_schema_field(NumberShown)
    def get_number(self, channel: TrunkChannel) -> Number:
        return shown(channel.number, "t", channel.leg, self.context["user"])


class TrunkState(serializers.Serializer):
    trunk = serializers.CharField()
    name = serializers.CharField()
    node = serializers.CharField()
    enabled = serializers.BooleanField()
    capacity = serializers.IntegerField(help_text="Channels.")
    in_use = serializers.IntegerField(help_text="Channels, whoever has them.")
    channels = ChannelRow(many=True, help_text="Those of your groups' calls and seats.")

"""Shapes of what the REST interface answers."""

from rest_framework import serializers

from ccenter.calls.models import Call


class CallRow(serializers.ModelSerializer):
    """A call in a list."""

    class Meta:
        model = Call
        fields = [
            "id", "direction", "state", "outcome", "ani", "number", "province", "city", "name", "dnis", "label", "trunk", "queue",
            "answered_by", "agent", "customer", "started_at", "answered_at", "queued_at", "connected_at", "ended_at", "waited",
            "talked", "held", "ended_by", "recorded", "callback", "voicemail",
        ]  # fmt: skip
        read_only_fields = fields


class SeatState(serializers.Serializer):
    """What a seat is doing now."""

    agent = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(["LOGGED_OUT", "READY", "RESERVED", "TALKING", "WRAP_UP", "NOT_READY"])
    reason = serializers.CharField(help_text="Of NOT_READY.")
    since = serializers.DateTimeField(allow_null=True)
    endpoint = serializers.CharField(help_text="The phone signed in with.")
    online = serializers.BooleanField(help_text="Whether that phone is there, as far as known.")
    call = CallRow(allow_null=True)

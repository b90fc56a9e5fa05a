"""The audit log, to read."""

from typing import Any

from django_filters import IsoDateTimeFilter
from rest_framework import serializers

from ccenter.office.filters import Filters, Named
from ccenter.office.models import AuditEntry
from ccenter.office.rest import Rows, as_read


class AuditFilter(Filters):
    user = Named("user__username", help_text="A login's name.")
    since = IsoDateTimeFilter("at", "gte")
    until = IsoDateTimeFilter("at", "lt")

    class Meta:
        model = AuditEntry
        fields = ["action", "entity", "key"]


class AuditBody(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", default="", help_text='Who; "" for the system by itself.')
    changes = serializers.DictField(child=serializers.ListField(), help_text="{field: [from, to]}")

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "user", "action", "entity", "key", "label", "changes"]

    def to_representation(self, entry: AuditEntry) -> dict[str, Any]:
        """Numbers and addresses as the reader reads them."""
        user, told = self.context["request"].user, super().to_representation(entry)
        changes = {field: as_read(user, field, pair) for field, pair in told["changes"].items()}
        return {**told, "label": as_read(user, "", told["label"]), "changes": changes}


class Audit(Rows[AuditEntry]):
    """Who did what, when, from what to what."""

    entity = "audit"
    queryset = AuditEntry.objects.select_related("user")
    serializer_class = AuditBody
    filterset_class = AuditFilter

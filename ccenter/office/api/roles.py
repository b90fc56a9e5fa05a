"""Roles: what their members may do, and who they are."""

import hashlib
import json
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office import rights, services
from ccenter.office.filters import Filters
from ccenter.office.models import Right
from ccenter.office.rest import Entities, RowBody


class RightsField(serializers.DictField):
    """{"orders.approve": "team"}: what a role may, and with which rows."""

    child = serializers.ChoiceField(Right.Scope.choices)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        wanted: dict[str, str] = super().to_internal_value(data)
        if unknown := sorted(set(wanted) - set(rights.actions())):
            raise serializers.ValidationError({name: [_("There is no such action.")] for name in unknown})
        return wanted

    def to_representation(self, rows: Any) -> dict[str, str]:
        known = rights.actions()
        return {right.action: right.scope for right in rows.all() if right.action in known}


class RoleBody(RowBody):
    rights = RightsField(required=False, help_text="What is not named stays as it is; none takes it away.")
    members = serializers.SlugRelatedField("username", source="user_set", many=True, required=False, queryset=services.people())
    title = serializers.SerializerMethodField()
    built_in = serializers.SerializerMethodField()

    class Meta:
        model = Group
        fields = ["id", "name", "title", "built_in", "rights", "members"]

    def get_title(self, group: Group) -> str:
        return str(rights.ROLES.get(group.name, group.name))

    def get_built_in(self, group: Group) -> bool:
        return group.name in rights.ROLES


class ActionBody(serializers.Serializer):
    action = serializers.CharField(help_text="orders.approve")
    entity = serializers.CharField(help_text="What it is done with, for people.")
    title = serializers.CharField(help_text="What is done, for people.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="Which scopes mean something here.")


class RoleFilter(Filters):
    class Meta:
        model = Group
        fields = ["name"]


class Roles(Entities[Group]):
    """Roles and their rights. Members of "admin" may everything, whatever is written here."""

    entity = "roles"
    versioned = True
    queryset = Group.objects.prefetch_related("rights", "user_set")
    serializer_class = RoleBody
    filterset_class = RoleFilter
    ordering = "name"

    def etag(self, row: Group) -> str:
        """Groups are Django's and have no version: what matters of them is digested."""
        held = sorted(row.rights.values_list("action", "scope"))
        text = json.dumps([row.name, held, sorted(row.user_set.values_list("pk", flat=True))])
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'

    def add(self, values: dict[str, Any]) -> Group:
        return services.add_role(self.user, values)

    def change(self, row: Group, values: dict[str, Any]) -> Group:
        return services.change_role(self.user, row, values)

    def remove(self, row: Group) -> None:
        services.delete_role(self.user, row)

    @extend_schema(responses=ActionBody(many=True), parameters=[], filters=False)
    @action(detail=False, right="view", pagination_class=None)
    def actions(self, request: Request) -> Response:
        """Everything that can be allowed."""
        found = [
            {
                "action": f"{entity.name}.{verb}",
                "entity": str(entity.label),
                "title": str(title),
                "scopes": list(rights.scopes_of(entity)),
            }
            for entity in rights.entities()
            for verb, title in entity.verbs.items()
        ]
        return Response(ActionBody(found, many=True).data)

"""Branches."""

from typing import Any

from rest_framework import serializers

from ccenter.office import services
from ccenter.office.models import Branch
from ccenter.office.rest import Entities, MaskedField, RowBody


class BranchBody(RowBody):
    phone = MaskedField("number", max_length=40, required=False, allow_blank=True)
    address = MaskedField("address", max_length=200, required=False, allow_blank=True)
    logins = serializers.SlugRelatedField("username", many=True, required=False, queryset=services.people())

    class Meta:
        model = Branch
        fields = ["id", "version", "code", "name", "phone", "email", "province", "city", "address", "active", "logins"]


class Branches(Entities[Branch]):
    """Shops and branch offices, and who logs in for them."""

    entity = "branches"
    queryset = Branch.objects.prefetch_related("logins")
    serializer_class = BranchBody
    filterset_fields = ["code", "city", "active"]
    search_fields = ["code", "name", "city"]
    ordering = "code"
    ordering_fields = ["id", "name"]

    def add(self, values: dict[str, Any]) -> Branch:
        return services.add_branch(self.user, values)

    def change(self, row: Branch, values: dict[str, Any]) -> Branch:
        return services.change_branch(self.user, row, values)

    def remove(self, row: Branch) -> None:
        services.delete_branch(self.user, row)

"""Saved filters: one's own, and those that somebody shared."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ccenter.office import rights
from ccenter.office.models import SavedFilter
from ccenter.office.rest import Entities, RowBody

LARGEST = 50  # filters at once


class SavedFilterBody(RowBody):
    owner = serializers.CharField(source="owner.username", read_only=True)
    query = serializers.DictField(
        child=serializers.CharField(max_length=200, allow_blank=True), help_text='What the list is asked: {"state": "open"}.'
    )

    class Meta:
        model = SavedFilter
        fields = ["id", "version", "owner", "entity", "name", "query", "shared"]

    def validate_entity(self, entity: str) -> str:
        if entity.partition("-")[0] not in {one.name for one in rights.entities()}:
            raise serializers.ValidationError(_("There is no such list."))
        return entity

    def validate_query(self, query: dict[str, str]) -> dict[str, str]:
        if len(query) > LARGEST:
            raise serializers.ValidationError(_("Too many at once."))
        return query


class SavedFilters(Entities[SavedFilter]):
    """Lists as people like to see them. What a filter finds is still only what its reader may see."""

    entity = "filters"
    queryset = SavedFilter.objects.select_related("owner")
    serializer_class = SavedFilterBody
    filterset_fields = ["entity", "shared"]
    ordering = "name"
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[SavedFilter]:
        if self.verb != "view":
            return super().get_queryset()
        return self.rows().filter(Q(owner=self.user.pk) | Q(shared=True))

    def add(self, values: dict[str, Any]) -> SavedFilter:
        self._may_share(values)
        return SavedFilter.objects.create(owner=self.user, **values)

    def change(self, row: SavedFilter, values: dict[str, Any]) -> SavedFilter:
        self._may_share(values)
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        return row

    def remove(self, row: SavedFilter) -> None:
        row.delete()

    def _may_share(self, values: dict[str, Any]) -> None:
        if values.get("shared"):
            rights.require(self.user, "filters.share")

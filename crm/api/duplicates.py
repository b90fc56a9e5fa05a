"""Customers who are in the book twice."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office import rights
from ccenter.office.rest import MaskedField, RowBody, Rows, Strict
from crm.models import Customer, Duplicate, Merge
from crm.selectors.duplicates import duplicates, merges
from crm.services import merging


class PersonBody(RowBody):
    """As much as one needs to compare them."""

    phones = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = ["id", "version", "number", "name", "level", "points", "phones", "address", "created_at"]

    def get_phones(self, customer: Customer) -> list[str]:
        field = MaskedField("number")
        field.bind("number", self)
        return [field.to_representation(phone.number) for phone in customer.phones.all()]

    def get_address(self, customer: Customer) -> str:
        field = MaskedField("address")
        field.bind("address", self)
        main = customer.main_address
        return field.to_representation(main.text) if main else ""


class DuplicateBody(RowBody):
    first = PersonBody(read_only=True)
    second = PersonBody(read_only=True)
    decided_by = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = Duplicate
        fields = ["id", "first", "second", "reason", "state", "found_at", "decided_by", "decided_at"]
        read_only_fields = fields


class DecideBody(Strict):
    keep = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Which of the two stays.")
    take = serializers.MultipleChoiceField(choices=merging.TAKEN, required=False, help_text="What is taken from the other.")


class Duplicates(Rows[Duplicate]):
    """Pairs of customers who may be one: the same number, or the same name and address."""

    entity = "duplicates"
    queryset = duplicates()
    serializer_class = DuplicateBody
    filterset_fields = ["state", "reason"]

    @extend_schema(request=None, responses=DuplicateBody)
    @action(detail=True, methods=["post"], right="change")
    def distinct(self, request: Request, pk: str) -> Response:
        """These are two people."""
        return self.answer(merging.distinct(self.get_object(), self.user))

    @extend_schema(request=DecideBody, responses=None)
    @action(detail=True, methods=["post"], right="change")
    def merge(self, request: Request, pk: str) -> Response:
        """They are one: the other becomes part of the one that stays."""
        pair, asked = self.get_object(), self.body(DecideBody)
        if asked["keep"] not in (pair.first_id, pair.second_id):
            raise serializers.ValidationError({"keep": [_("One of the two.")]})
        kept, gone = (pair.first, pair.second) if asked["keep"] == pair.first_id else (pair.second, pair.first)
        for one in (kept, gone):
            rights.require(self.user, "customers.merge", one)
        merging.merge(kept, gone, self.user, asked.get("take", ()))
        return Response(status=204)


class MergeRowBody(RowBody):
    by = serializers.SlugRelatedField("username", read_only=True)
    undone_by = serializers.SlugRelatedField("username", read_only=True)
    kept_name = serializers.CharField(source="kept.name", read_only=True)
    gone_name = serializers.CharField(source="gone.name", read_only=True)

    class Meta:
        model = Merge
        fields = ["id", "kept", "kept_name", "gone", "gone_name", "by", "at", "undone_by", "undone_at"]
        read_only_fields = fields


class Merges(Rows[Merge]):
    """What was merged, and can be taken apart again."""

    entity = "merges"
    queryset: QuerySet[Any] = merges()
    serializer_class = MergeRowBody
    filterset_fields = ["kept", "gone"]

    @extend_schema(request=None, responses=MergeRowBody)
    @action(detail=True, methods=["post"], right="undo")
    def undo(self, request: Request, pk: str) -> Response:
        """Both are there again; what came after the merge stays with the one that was kept."""
        return self.answer(merging.undo(self.get_object(), self.user))

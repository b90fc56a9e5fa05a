"""Customers, their notes and tags, and the fields the centre defines itself."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.calls import tokens
from ccenter.calls.models import SeatGroup
from ccenter.office import rights
from ccenter.office.models import Branch
from ccenter.office.rest import Adds, Entities, MaskedField, MomentField, RowBody, Strict
from ccenter.office.services import people
from crm.models import Customer, CustomerNote, CustomerPhone, CustomField, Tag
from crm.selectors import fields as own_fields
from crm.selectors import finding
from crm.selectors.history import PAGE, history, kinds
from crm.selectors.lists import CustomerFilters
from crm.services import by_hand, customers, merging, tags
from crm.services.fields import add_field, change_field, delete_field

Values = dict[str, Any]


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 200})
class OwnFields(serializers.DictField):
    """{code: value} of the fields this user sees; in a change, of those that change: null takes a value away."""

    def to_representation(self, value: Values) -> Values:
        return own_fields.shown(value, self.context["view"].seen)

    def to_internal_value(self, data: Any) -> Values:
        if not isinstance(data, dict) or len(data) > 200:
            self.fail("not_a_dict", input_type=type(data).__name__)
        return {str(code): value for code, value in data.items()}


class PhoneBody(Strict):
    """`id` alone keeps a number; without it, it is a new one. `shared`: somebody else has it too. `token`: to dial by."""

    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    number = MaskedField("number", max_length=40, required=False)
    shared = serializers.BooleanField(required=False)
    token = serializers.SerializerMethodField()

    def validate(self, attrs: Values) -> Values:
        if "id" not in attrs and "number" not in attrs:
            raise serializers.ValidationError({"number": [_("This field is required.")]})
        return attrs

    def get_token(self, phone: CustomerPhone) -> str:
        return tokens.token_of("p", phone.pk, self.context["request"].user)


class AddressBody(Strict):
    """`id` for one that is there; what is left out stays as it is."""

    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    province = serializers.CharField(max_length=40, required=False, allow_blank=True)
    city = serializers.CharField(max_length=40, required=False, allow_blank=True)
    district = serializers.CharField(max_length=40, required=False, allow_blank=True)
    street = MaskedField("address", max_length=200, required=False, allow_blank=True)
    postcode = serializers.CharField(max_length=10, required=False, allow_blank=True)
    receiver = serializers.CharField(max_length=100, required=False, allow_blank=True)
    phone = MaskedField("number", max_length=40, required=False, allow_blank=True)
    main = serializers.BooleanField(required=False)


def _slug(column: str, rows: Any, **options: Any) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(column, queryset=rows, required=False, **options)


class WholeCustomerBody(RowBody):
    """Lists of phones and addresses are all there shall be: what is not in them goes.

    `consent`: to calls of the kinds that need it, "" not known; with "yes" goes `consent_how`. `consent_at`: now, if not said.
    """

    fields = OwnFields(required=False)
    tags = _slug("name", Tag.objects.all(), many=True)
    owner = _slug("username", people(), allow_null=True)
    team = _slug("code", SeatGroup.objects.all(), allow_null=True)
    branch = _slug("code", Branch.objects.all(), allow_null=True)
    consent_by = serializers.SlugRelatedField(
        "username", read_only=True, allow_null=True, help_text="Who wrote it down; null: the system."
    )
    phones = PhoneBody(many=True, required=False, max_length=customers.MOST_PHONES)
    addresses = AddressBody(many=True, required=False, max_length=customers.MOST_ADDRESSES)

    class Meta:
        model = Customer
        fields = [
            "id", "version", "number", "name", "title", "level", "language", "email", "consent", "consent_at", "consent_how",
            "consent_by", "points", "fields", "tags", "owner", "team", "branch", "phones", "addresses", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["number", "points"]


class MergeBody(Strict):
    gone = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="The customer who becomes part of this one.")
    take = serializers.MultipleChoiceField(choices=merging.TAKEN, required=False, help_text="What is taken from them.")


class EntryBody(serializers.Serializer):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    amount = serializers.CharField()
    state = serializers.CharField()
    data = serializers.DictField()


class HistoryBody(serializers.Serializer):
    entries = EntryBody(many=True)
    before = serializers.DateTimeField(allow_null=True, help_text="Ask with this for what was earlier; null: that was all.")


class HistoryQuery(Strict):
    before = MomentField(required=False)
    kind = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=20)


class Customers(Entities[Customer]):
    """Customers. `search` takes whatever is known of them: name, pinyin, initials, any part of a number, an order, an address."""

    entity = "customers"
    queryset = finding.found()
    serializer_class = WholeCustomerBody
    filterset_class = CustomerFilters
    ordering_fields = ["number", "updated_at"]

    @property
    def seen(self) -> list[CustomField]:
        if not hasattr(self, "_seen"):
            self._seen = own_fields.visible(self.user)
        return self._seen

    def search(self, rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
        return finding.matching(rows, text, self.user)

    def add(self, values: Values) -> Customer:
        return by_hand.add(self.user, values, self.seen)

    def change(self, row: Customer, values: Values) -> Customer:
        return by_hand.change(self.user, row, values, self.seen)

    def remove(self, row: Customer) -> None:
        customers.delete_customer(row, by=self.user)

    @extend_schema(
        parameters=[
            OpenApiParameter("before", datetime),
            OpenApiParameter("kind", str, many=True, description="Only these; as often as needed."),
        ],
        responses=HistoryBody,
        filters=False,
    )
    @action(detail=True, pagination_class=None, right="view")
    def history(self, request: Request, pk: str) -> Response:
        """Everything that was with this customer, the newest first."""
        asked = HistoryQuery(
            data={
                **({"before": request.query_params["before"]} if "before" in request.query_params else {}),
                "kind": request.query_params.getlist("kind"),
            }
        )
        asked.is_valid(raise_exception=True)
        if unknown := set(asked.validated_data["kind"]) - set(kinds()):
            raise serializers.ValidationError({"kind": [_("There is no such kind: %(kind)s") % {"kind": min(unknown)}]})
        page = history(self.user, self.get_object(), asked.validated_data.get("before"), asked.validated_data["kind"], PAGE)
        return Response(HistoryBody({"entries": [one._asdict() for one in page.entries], "before": page.before}).data)

    @extend_schema(request=MergeBody, responses=WholeCustomerBody)
    @action(detail=True, methods=["post"], right="merge")
    def merge(self, request: Request, pk: str) -> Response:
        """Another customer becomes part of this one, with all there is; `merges` can undo it."""
        kept, asked = self.locked_row(), self.body(MergeBody)
        gone = self.get_queryset().filter(pk=asked["gone"]).first()
        if gone is None:
            raise serializers.ValidationError({"gone": [_("There is no such customer.")]})
        return self.answer(merging.merge(kept, gone, self.user, asked.get("take", ())).kept)


class CustomerNoteBody(RowBody):
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.filter(merged_into=None).defer("pin"))
    author = serializers.SlugRelatedField("username", read_only=True)

    class Meta:
        model = CustomerNote
        fields = ["id", "customer", "text", "author", "created_at"]
        read_only_fields = ["created_at"]


class Notes(Adds[CustomerNote]):
    """What whoever serves a customer next should know."""

    entity = "notes"
    queryset = CustomerNote.objects.select_related("author")
    serializer_class = CustomerNoteBody
    filterset_fields = ["customer", "author__username"]

    def add(self, values: Values) -> CustomerNote:
        rights.require(self.user, "customers.view", values["customer"])
        return customers.add_note(values["customer"], values["text"], self.user)


class TagBody(RowBody):
    class Meta:
        model = Tag
        fields = ["id", "version", "name", "colour"]


class Tags(Entities[Tag]):
    """Words customers are marked with."""

    entity = "tags"
    queryset = Tag.objects.all()
    serializer_class = TagBody
    search_fields = ["name"]
    ordering = "name"
    filterset_fields = ["name"]

    def add(self, values: Values) -> Tag:
        return tags.add_tag(self.user, values)

    def change(self, row: Tag, values: Values) -> Tag:
        return tags.change_tag(self.user, row, values)

    def remove(self, row: Tag) -> None:
        tags.delete_tag(self.user, row)


class FieldBody(RowBody):
    name = serializers.CharField(read_only=True, help_text="In the reader's language.")
    choices = serializers.ListField(child=serializers.CharField(max_length=60), max_length=200, required=False)
    default = serializers.JSONField(required=False, allow_null=True)
    visible_to = _slug("name", Group.objects.all(), many=True)

    class Meta:
        model = CustomField
        fields = [
            "id", "version", "code", "name", "name_zh", "name_en", "kind", "choices", "required", "default", "group", "position",
            "visible_to", "searchable", "active",
        ]  # fmt: skip


class CustomFields(Entities[CustomField]):
    """Fields of customers that the centre defines by itself: in forms, search, filters, files and here at once."""

    entity = "custom_fields"
    queryset = CustomField.objects.prefetch_related("visible_to")
    serializer_class = FieldBody
    filterset_fields = ["code", "kind", "active", "group"]
    ordering = "position"
    ordering_fields = ["code"]

    def rows(self) -> QuerySet[CustomField]:
        found = super().rows()
        if getattr(self, "swagger_fake_view", False) or rights.may(self.user, "custom_fields.change"):
            return found
        return found.filter(pk__in=[field.pk for field in own_fields.visible(self.user)])

    def add(self, values: Values) -> CustomField:
        return add_field(self.user, values)

    def change(self, row: CustomField, values: Values) -> CustomField:
        return change_field(self.user, row, values)

    def remove(self, row: CustomField) -> None:
        delete_field(self.user, row)

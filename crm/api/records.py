"""Service records and the tree of categories."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ccenter.calls.rights import may_see_call, seat_of
from ccenter.office.rest import Adds, Changes, Entities, RowBody
from crm.api.fields import CallField, login_of
from crm.models import Category, Customer, ServiceRecord
from crm.selectors import service_lists
from crm.selectors.service_lists import RecordFilters
from crm.services import records as services
from crm.services import rows, settings

Values = dict[str, Any]


class CallCategoryBody(RowBody):
    class Meta:
        model = Category
        fields = ["id", "version", "code", "parent", "name_zh", "name_en", "position", "active"]


class Categories(Entities[Category]):
    """What calls, complaints and articles are about, as a tree."""

    entity = "categories"
    queryset = Category.objects.all()
    serializer_class = CallCategoryBody
    filterset_fields = ["code", "parent", "active"]
    search_fields = ["code", "name_zh", "name_en"]
    ordering = "id"
    ordering_fields = ["code", "position"]

    def add(self, values: Values) -> Category:
        return settings.save_category(self.user, None, values)

    def change(self, row: Category, values: Values) -> Category:
        return settings.save_category(self.user, row, values)

    def remove(self, row: Category) -> None:
        rows.delete(self.user, "categories", row)


class ServiceRecordBody(RowBody):
    """`followed_up` true ticks the follow-up off. `first_contact`: settled without the customer having had to ask twice."""

    call = CallField(required=True)
    customer = serializers.PrimaryKeyRelatedField(queryset=Customer.objects.defer("pin"), allow_null=True, required=False)
    customer_name = serializers.CharField(source="customer.name", read_only=True, default=None, allow_null=True)
    author = login_of()
    followed_up = serializers.BooleanField(write_only=True, required=False)

    class Meta:
        model = ServiceRecord
        fields = [
            "id", "version", "call", "author", "agent", "customer", "customer_name", "order", "category", "result", "summary",
            "follow_up", "followed_up", "followed_up_at", "first_contact", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["agent", "followed_up_at", "first_contact", "created_at", "updated_at"]


class Records(Adds[ServiceRecord], Changes[ServiceRecord]):
    """What agents did in calls 服务记录: one a call and author. A POST for a call that has one changes that."""

    entity = "records"
    queryset = ServiceRecord.objects.select_related("author", "customer").defer("author__password", "customer__pin")
    serializer_class = ServiceRecordBody
    filterset_class = RecordFilters
    ordering_fields = ["created_at"]

    def search(self, found: Any, text: str) -> Any:
        return service_lists.records(found, text, self.user)

    def add(self, values: Values) -> ServiceRecord:
        call = values.pop("call")
        if not may_see_call(self.user, call):
            raise ValidationError({"call": _("There is no such call, or it is not yours.")})
        seat = seat_of(self.user)
        return services.save_record(call, self.user, seat.number if seat else "", values)[0]

    def change(self, row: ServiceRecord, values: Values) -> ServiceRecord:
        if values.pop("call", row.call) != row.call:
            raise ValidationError({"call": _("A record stays its call's.")})
        return services.change_record(row, values, self.user)

"""Points: rules, terms, levels, what they buy; accounts and every entry."""

from typing import Any, ClassVar

from django.db.models import Model
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.filters import Filters
from ccenter.office.rest import Entities, RowBody, Rows, Strict
from ccenter.office.rights import scoped
from crm.models import Customer
from crm.services import rows
from orders.api.gifts import CONDITION
from orders.models import EarningRule, PointAccount, PointEntry, PointExchange, PointLevel, PointLot, PointTerms
from orders.selectors import points as selectors
from orders.services import points as services


class Rules(Entities[Any]):
    """Tables of rules: written as they are sent."""

    entity = "point_rules"
    model: ClassVar[type[Model]]

    def add(self, values: dict[str, Any]) -> Any:
        return rows.add(self.user, self.entity, self.model(**values))

    def change(self, row: Any, values: dict[str, Any]) -> Any:
        return rows.change(self.user, self.entity, row, values)

    def remove(self, row: Any) -> None:
        rows.delete(self.user, self.entity, row)


class EarningRuleBody(RowBody):
    class Meta:
        model = EarningRule
        fields = [*CONDITION, "points", "amount"]


class EarningRules(Rules):
    """What is earned with which goods."""

    model = EarningRule
    queryset = EarningRule.objects.all()
    serializer_class = EarningRuleBody
    filterset_fields = ["product", "category", "level", "active"]
    search_fields = ["name"]
    ordering_fields = ["name", "since", "until"]


class PointTermsBody(RowBody):
    class Meta:
        model = PointTerms
        fields = ["id", "version", "since", "worth", "step", "least", "most_share", "months"]


class Terms(Rules):
    """What points are worth, and how long they are good. Those with the latest `since` that is over hold."""

    model = PointTerms
    queryset = PointTerms.objects.all()
    serializer_class = PointTermsBody
    ordering_fields = ["since"]


class PointLevelBody(RowBody):
    class Meta:
        model = PointLevel
        fields = ["id", "version", "level", "points", "months"]


class Levels(Rules):
    """How many points, earned in which time, raise a customer to which level."""

    model = PointLevel
    queryset = PointLevel.objects.all()
    serializer_class = PointLevelBody
    filterset_fields = ["level"]


class PointExchangeBody(RowBody):
    class Meta:
        model = PointExchange
        fields = ["id", "version", "product", "points", "price", "level", "since", "until", "active"]


class Exchanges(Rules):
    """Products that can be had for points."""

    model = PointExchange
    queryset = PointExchange.objects.all()
    serializer_class = PointExchangeBody
    filterset_fields = ["product", "level", "active"]
    ordering_fields = ["points"]


class PointLotBody(serializers.ModelSerializer):
    class Meta:
        model = PointLot
        fields = ["points", "left", "expires_on"]


class PointAccountBody(serializers.ModelSerializer):
    number = serializers.CharField(source="customer.number", read_only=True)
    name = serializers.CharField(source="customer.name", read_only=True)
    balance = serializers.IntegerField(read_only=True, help_text="Below 0: owed, for goods that came back.")

    class Meta:
        model = PointAccount
        fields = ["customer", "number", "name", "balance", "level"]


class PointAdjustBody(Strict):
    customer = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    points = serializers.IntegerField(min_value=-services.MOST, max_value=services.MOST, help_text="Below 0 takes points away.")
    reason = serializers.CharField(max_length=200)


class PointEntryBody(serializers.ModelSerializer):
    customer = serializers.IntegerField(source="account_id", read_only=True)
    by = serializers.CharField(source="by.username", default="", help_text='Who; "" for the system by itself.')

    class Meta:
        model = PointEntry
        fields = ["id", "customer", "kind", "before", "points", "balance", "ref", "reason", "by", "at"]


class Accounts(Rows[PointAccount]):
    """Customers' points, by the customer's key. A customer gets an account with the first entry."""

    entity = "points"
    queryset = selectors.accounts()
    serializer_class = PointAccountBody
    ordering = "customer"
    ordering_fields = ["balance"]

    class Filter(Filters):
        class Meta:
            model = PointAccount
            fields: ClassVar[Any] = {"customer": ["exact"], "balance": ["gte", "lte"], "level": ["exact"]}

    filterset_class = Filter

    @extend_schema(responses=PointLotBody(many=True), parameters=[], filters=False)
    @action(detail=True, right="view", pagination_class=None)
    def lots(self, request: Request, pk: str) -> Response:
        """What is left of which points and when it expires; at most 500."""
        return Response(PointLotBody(selectors.lots(self.get_object().customer)[:500], many=True).data)

    @extend_schema(request=PointAdjustBody, responses=PointAccountBody)
    @action(detail=False, methods=["post"])
    def adjust(self, request: Request) -> Response:
        """Puts a customer's points right by hand; opens the account if there is none."""
        sent = self.body(PointAdjustBody)
        customer = scoped(self.user, Customer.objects.filter(merged_into=None), "customers").filter(pk=sent["customer"]).first()
        if customer is None:
            raise ValidationError({"customer": [_("There is no such customer.")]})
        entry = services.adjust(customer, sent["points"], sent["reason"], self.user)
        return self.answer(entry.account)


class Entries(Rows[PointEntry]):
    """Every change of every account, and the balance before and after it."""

    entity = "point_entries"
    queryset = selectors.history()
    serializer_class = PointEntryBody

    class Filter(Filters):
        class Meta:
            model = PointEntry
            fields: ClassVar[Any] = {"account": ["exact"], "kind": ["exact"], "ref": ["exact"], "at": ["gte", "lt"]}

    filterset_class = Filter

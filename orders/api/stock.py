"""Stock: what is there, what of it is reserved, every move, and the hands that put it right."""

from typing import Any

from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.filters import Filters
from ccenter.office.rest import Rows, Strict
from orders.models import Product, Reservation, Stock, StockMove
from orders.selectors import stock as selectors
from orders.selectors.lists import StockFilter
from orders.selectors.products import matching
from orders.services import stock as services

MOST = services.MOST


class StockBody(serializers.ModelSerializer):
    code = serializers.CharField(source="product.code", read_only=True)
    name = serializers.CharField(source="product.name", read_only=True)
    free = serializers.IntegerField(read_only=True)

    class Meta:
        model = Stock
        fields = ["product", "code", "name", "on_hand", "reserved", "free", "low"]


class StockCountBody(Strict):
    counted = serializers.IntegerField(min_value=0, max_value=MOST)
    seen = serializers.IntegerField(
        min_value=0, max_value=MOST, required=False, help_text="What the book said when the counting began."
    )
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class StockScrapBody(Strict):
    quantity = serializers.IntegerField(min_value=1, max_value=MOST)
    reason = serializers.CharField(max_length=200)


class StockLowBody(Strict):
    low = serializers.IntegerField(min_value=0, max_value=MOST)


class Stocks(Rows[Stock]):
    """What lies there of each product, by the product's key."""

    entity = "stock"
    queryset = selectors.stocks().annotate(code=F("product__code"))
    serializer_class = StockBody
    filterset_class = StockFilter
    ordering = "product"
    ordering_fields = ["code", "on_hand", "free_now"]

    def search(self, rows: QuerySet[Stock], text: str) -> QuerySet[Stock]:
        return rows.filter(product__in=Product.objects.filter(matching(text)))

    @extend_schema(request=StockCountBody, responses=StockBody)
    @action(detail=True, methods=["post"])
    def count(self, request: Request, pk: str) -> Response:
        """Somebody counted what lies there."""
        row, sent = self.get_object(), self.body(StockCountBody)
        services.count(row.product, sent["counted"], sent.get("reason", ""), self.user, sent.get("seen"))
        return self.answer(row)

    @extend_schema(request=StockScrapBody, responses=StockBody)
    @action(detail=True, methods=["post"], right="count")
    def scrap(self, request: Request, pk: str) -> Response:
        """Pieces are broken or too old, and are thrown away."""
        row, sent = self.get_object(), self.body(StockScrapBody)
        services.scrap(row.product, sent["quantity"], sent["reason"], self.user)
        return self.answer(row)

    @extend_schema(request=StockLowBody, responses=StockBody)
    @action(detail=True, methods=["post"], right="change")
    def set_low(self, request: Request, pk: str) -> Response:
        """At how many free pieces it should be bought again."""
        row, sent = self.get_object(), self.body(StockLowBody)
        services.set_low(row.product, sent["low"], self.user)
        return self.answer(row)


class StockMoveBody(serializers.ModelSerializer):
    product = serializers.IntegerField(source="stock_id", read_only=True)
    code = serializers.CharField(source="stock.product.code", read_only=True)
    by = serializers.CharField(source="by.username", default="", help_text='Who; "" for the system by itself.')

    class Meta:
        model = StockMove
        fields = [
            *("id", "product", "code", "kind", "on_hand_before", "on_hand", "reserved_before", "reserved", "ref", "reason"),
            *("by", "at"),
        ]


class Moves(Rows[StockMove]):
    """Every change of the stock, and the figures before and after it."""

    entity = "stock"
    queryset = selectors.moves()
    serializer_class = StockMoveBody

    class Filter(Filters):
        class Meta:
            model = StockMove
            fields: Any = {"stock": ["exact"], "kind": ["exact"], "ref": ["exact"], "at": ["gte", "lt"]}

    filterset_class = Filter


class ReservationBody(serializers.ModelSerializer):
    product = serializers.IntegerField(source="stock_id", read_only=True)
    code = serializers.CharField(source="stock.product.code", read_only=True)

    class Meta:
        model = Reservation
        fields = ["id", "product", "code", "ref", "quantity", "issued", "put_back", "at"]


class Reservations(Rows[Reservation]):
    """What is kept for which order, or went out with it."""

    entity = "stock"
    queryset = selectors.reservations()
    serializer_class = ReservationBody
    filterset_fields = ["stock", "ref", "issued"]

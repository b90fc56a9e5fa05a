"""Suppliers, what they sell to us, and purchases."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.rest import Entities, RowBody, Strict
from crm.services import rows
from orders.models import Product, Purchase, PurchaseLine, Supplier, SupplierProduct
from orders.services import purchases as services
from orders.services.stock import MOST


class SupplierBody(RowBody):
    class Meta:
        model = Supplier
        fields = ["id", "version", "code", "name", "contact", "phone", "email", "address", "note", "active"]


class Suppliers(Entities[Supplier]):
    """Who delivers to us."""

    entity = "suppliers"
    queryset = Supplier.objects.all()
    serializer_class = SupplierBody
    filterset_fields = ["code", "active"]
    search_fields = ["code", "name", "contact"]
    ordering = "code"
    ordering_fields = ["id", "name"]

    def add(self, values: dict[str, Any]) -> Supplier:
        return rows.add(self.user, "suppliers", Supplier(**values))

    def change(self, row: Supplier, values: dict[str, Any]) -> Supplier:
        return rows.change(self.user, "suppliers", row, values)

    def remove(self, row: Supplier) -> None:
        rows.delete(self.user, "suppliers", row)


class SupplierProductBody(RowBody):
    class Meta:
        model = SupplierProduct
        fields = ["id", "version", "supplier", "product", "code", "cost", "currency", "days"]


class SupplierProducts(Entities[SupplierProduct]):
    """Which supplier sells us which product, at which price."""

    entity = "suppliers"
    queryset = SupplierProduct.objects.all()
    serializer_class = SupplierProductBody
    filterset_fields = ["supplier", "product", "code"]
    ordering_fields = ["cost", "days"]

    def add(self, values: dict[str, Any]) -> SupplierProduct:
        return rows.add(self.user, "suppliers", SupplierProduct(**values))

    def change(self, row: SupplierProduct, values: dict[str, Any]) -> SupplierProduct:
        return rows.change(self.user, "suppliers", row, values)

    def remove(self, row: SupplierProduct) -> None:
        rows.delete(self.user, "suppliers", row)


class PurchaseLineBody(Strict, serializers.ModelSerializer):
    quantity = serializers.IntegerField(min_value=1, max_value=MOST)
    cost = serializers.DecimalField(12, 2, min_value=0, required=False, help_text="What the supplier asks, if nothing is said.")

    class Meta:
        model = PurchaseLine
        fields = ["product", "quantity", "cost", "received"]
        read_only_fields = ["received"]


class PurchaseBody(RowBody):
    lines = PurchaseLineBody(many=True, required=False)
    author = serializers.CharField(source="author.username", default="", read_only=True)

    class Meta:
        model = Purchase
        fields = [
            *("id", "version", "number", "supplier", "state", "currency", "expected_on", "note", "author", "created_at"),
            *("ordered_at", "lines"),
        ]
        read_only_fields = ["number", "state", "ordered_at"]


class PurchaseArrivedBody(Strict):
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.all())
    quantity = serializers.IntegerField(min_value=1, max_value=MOST)


class PurchaseReceiveBody(Strict):
    lines = PurchaseArrivedBody(many=True, allow_empty=False)


class PurchaseReasonBody(Strict):
    reason = serializers.CharField(max_length=200)


class Purchases(Entities[Purchase]):
    """Goods ordered from suppliers. Only drafts are changed or deleted; then it goes by steps."""

    entity = "purchases"
    queryset = Purchase.objects.select_related("author").prefetch_related("lines")
    serializer_class = PurchaseBody
    filterset_fields = ["number", "supplier", "state", "expected_on"]
    search_fields = ["^number", "supplier__name", "note"]
    ordering_fields = ["created_at", "expected_on"]

    def add(self, values: dict[str, Any]) -> Purchase:
        return services.add_purchase(self.user, values)

    def change(self, row: Purchase, values: dict[str, Any]) -> Purchase:
        return services.change_purchase(self.user, row, values)

    def remove(self, row: Purchase) -> None:
        services.delete_purchase(self.user, row)

    @extend_schema(request=None, responses=PurchaseBody)
    @action(detail=True, methods=["post"])
    def order(self, request: Request, pk: str) -> Response:
        """The supplier was told."""
        return self.answer(services.order(self.user, self.locked_row()))

    @extend_schema(request=PurchaseReceiveBody, responses=PurchaseBody)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, pk: str) -> Response:
        """Goods came in, and lie in stock from now on."""
        row = self.locked_row()
        arrived: dict[int, int] = {}
        for line in self.body(PurchaseReceiveBody)["lines"]:
            arrived[line["product"].pk] = arrived.get(line["product"].pk, 0) + line["quantity"]
        return self.answer(services.receive(self.user, row, arrived))

    @extend_schema(request=PurchaseReasonBody, responses=PurchaseBody)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """The rest will not come."""
        return self.answer(services.close(self.user, self.locked_row(), self.body(PurchaseReasonBody)["reason"]))

    @extend_schema(request=PurchaseReasonBody, responses=PurchaseBody)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Nothing will come."""
        return self.answer(services.cancel(self.user, self.locked_row(), self.body(PurchaseReasonBody)["reason"]))

"""Products, their categories and attributes, their prices, and what can be sold now."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ccenter.office.rest import Adds, Changes, Entities, MomentField, RowBody, Strict
from ccenter.office.rights import require
from orders.models import Product, ProductAttribute, ProductCategory, ProductPrice
from orders.selectors import products as selectors
from orders.selectors.lists import ProductFilter
from orders.services import products as services

MOST_OFFERS = 50


class ProductCategoryBody(RowBody):
    class Meta:
        model = ProductCategory
        fields = ["id", "version", "code", "parent", "name_zh", "name_en", "position", "active"]


class Categories(Entities[ProductCategory]):
    """Kinds of products, as a tree."""

    entity = "product_categories"
    queryset = ProductCategory.objects.all()
    serializer_class = ProductCategoryBody
    filterset_fields = ["code", "parent", "active"]
    search_fields = ["code", "name_zh", "name_en"]
    ordering = "id"
    ordering_fields = ["code", "position"]

    def add(self, values: dict[str, Any]) -> ProductCategory:
        return services.add_category(self.user, values)

    def change(self, row: ProductCategory, values: dict[str, Any]) -> ProductCategory:
        return services.change_category(self.user, row, values)

    def remove(self, row: ProductCategory) -> None:
        services.delete_category(self.user, row)


class ProductAttributeBody(RowBody):
    choices = serializers.ListField(child=serializers.CharField(max_length=60), max_length=200, required=False)

    class Meta:
        model = ProductAttribute
        fields = [
            *("id", "version", "category", "code", "name_zh", "name_en", "kind", "unit", "choices", "required", "position"),
        ]


class Attributes(Entities[ProductAttribute]):
    """What is told of each product of a category."""

    entity = "product_categories"
    queryset = ProductAttribute.objects.all()
    serializer_class = ProductAttributeBody
    filterset_fields = ["category", "code", "kind"]
    ordering = "id"
    ordering_fields = ["code", "position"]

    def add(self, values: dict[str, Any]) -> ProductAttribute:
        return services.add_attribute(self.user, values)

    def change(self, row: ProductAttribute, values: dict[str, Any]) -> ProductAttribute:
        return services.change_attribute(self.user, row, values)

    def remove(self, row: ProductAttribute) -> None:
        services.delete_attribute(self.user, row)


class ProductBody(RowBody):
    attributes = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        required=False,
        help_text="{code: value}, as the category's attributes say; all that the product shall have.",
    )
    available = serializers.SerializerMethodField(help_text="Pieces that are free; null: not kept in stock.")

    class Meta:
        model = Product
        fields = [
            *(
                "id",
                "version",
                "code",
                "name",
                "category",
                "attributes",
                "unit",
                "price",
                "currency",
                "stocked",
                "gift_only",
            ),
            *("on_sale", "sale_from", "sale_until", "description", "available", "created_at"),
        ]

    def get_available(self, product: Product) -> int | None:
        return (getattr(product, "free_now", None) or 0) if product.stocked else None


class ProductPriceBody(Strict, serializers.ModelSerializer):
    since = MomentField(required=False, allow_null=True, help_text="From when on; now if nothing is said.")
    by = serializers.CharField(source="by.username", default="", read_only=True)

    class Meta:
        model = ProductPrice
        fields = ["id", "price", "since", "by", "at"]


class ProductOfferBody(serializers.Serializer):
    """A product that can be sold now."""

    id = serializers.IntegerField(source="product.pk")
    code = serializers.CharField(source="product.code")
    name = serializers.CharField(source="product.name")
    unit = serializers.CharField(source="product.unit")
    price = serializers.DecimalField(12, 2)
    currency = serializers.CharField(source="product.currency")
    available = serializers.IntegerField(allow_null=True, help_text="Pieces that are free; null: not kept in stock.")


class Products(Adds[Product], Changes[Product]):
    """What is sold. Nothing is deleted: what is not sold any more is taken off sale."""

    entity = "products"
    queryset = selectors.products()
    serializer_class = ProductBody
    filterset_class = ProductFilter
    ordering = "code"
    ordering_fields = ["id", "name", "price", "created_at"]

    def search(self, rows: QuerySet[Product], text: str) -> QuerySet[Product]:
        return rows.filter(selectors.matching(text))

    def add(self, values: dict[str, Any]) -> Product:
        return services.add_product(self.user, values)

    def change(self, row: Product, values: dict[str, Any]) -> Product:
        if values.get("price", row.price) != row.price:
            require(self.user, "products.set_price")
        return services.change_product(self.user, row, values)

    @extend_schema(responses=ProductPriceBody(many=True), parameters=[], filters=False)
    @action(detail=True, right="view", pagination_class=None)
    def prices(self, request: Request, pk: str) -> Response:
        """What it costs, cost and will cost: the newest first, at most 500."""
        return Response(ProductPriceBody(selectors.history(self.get_object())[:500], many=True).data)

    @extend_schema(request=ProductPriceBody, responses=ProductBody)
    @action(detail=True, methods=["post"])
    def set_price(self, request: Request, pk: str) -> Response:
        """A price from now on, or from a time to come."""
        product, sent = self.locked_row(), self.body(ProductPriceBody)
        services.set_price(self.user, product, sent["price"], sent.get("since"))
        return self.answer(product)

    @extend_schema(
        responses=ProductOfferBody(many=True),
        parameters=[OpenApiParameter("text", str, description="Number, name, pinyin or initials, or their beginning.")],
        filters=False,
    )
    @action(detail=False, right="view", pagination_class=None)
    def offers(self, request: Request) -> Response:
        """What can be sold now, for somebody who types: the nearest first, at most 50."""
        if unknown := sorted(set(request.query_params) - {"text"}):
            raise ValidationError({name: [_("There is no such filter.")] for name in unknown})
        text = request.query_params.get("text", "")
        if len(text) > 100 or "\0" in text:
            raise ValidationError({"text": [_("At most 100 characters.")]})
        return Response(ProductOfferBody(selectors.search(text, timezone.now(), MOST_OFFERS), many=True).data)

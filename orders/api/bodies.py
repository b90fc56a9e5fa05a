"""Orders and what hangs on them, as REST reads and writes them."""

from rest_framework import serializers

from ccenter.office.models import Branch
from ccenter.office.rest import MaskedField, MomentField, RowBody, Strict
from orders.models import (
    Carrier,
    Delivery,
    DeliveryFee,
    DeliveryMethod,
    Invoice,
    Order,
    OrderLine,
    Payment,
    Return,
    ReturnLine,
    ReviewRules,
)
from orders.models.orders import PayBy


class OrderLineBody(Strict, serializers.ModelSerializer):
    code = serializers.CharField(max_length=20, help_text="The product's number.")
    quantity = serializers.IntegerField(min_value=1, max_value=9999)

    class Meta:
        model = OrderLine
        fields = ["id", "code", "name", "quantity", "price", "sold", "amount", "returned"]
        read_only_fields = ["name", "price", "sold", "amount", "returned"]


class GiftBody(Strict, serializers.ModelSerializer):
    rule = serializers.IntegerField(source="gift_rule_id", min_value=1, max_value=2**62, help_text="Key of the gift rule.")
    quantity = serializers.IntegerField(min_value=1, max_value=9999)

    class Meta:
        model = OrderLine
        fields = ["id", "rule", "code", "name", "quantity", "returned"]
        read_only_fields = ["code", "name", "returned"]


class ExchangeLineBody(Strict, serializers.ModelSerializer):
    """`points`: for each piece, with `price` to pay besides."""

    exchange = serializers.IntegerField(
        source="exchange_id", min_value=1, max_value=2**62, help_text="Key of what can be had for points."
    )
    quantity = serializers.IntegerField(min_value=1, max_value=9999)

    class Meta:
        model = OrderLine
        fields = ["id", "exchange", "code", "name", "quantity", "points", "price", "amount", "returned"]
        read_only_fields = ["code", "name", "points", "price", "amount", "returned"]


class OrderDelivery(serializers.ModelSerializer):
    carrier = serializers.SlugRelatedField("code", read_only=True)
    method = serializers.SlugRelatedField("code", read_only=True)
    tracking_link = serializers.CharField(read_only=True)

    class Meta:
        model = Delivery
        fields = [
            *("carrier", "method", "tracking", "tracking_link", "cod_amount", "created_at", "shipped_at", "delivered_at"),
            "signed_by",
        ]
        read_only_fields = fields


class OrderBody(RowBody):
    """`balance`: what the customer owes; below 0 we owe it. Sums are counted here, never sent."""

    lines = OrderLineBody(many=True, source="goods", required=False)
    gifts = GiftBody(many=True, required=False)
    exchanges = ExchangeLineBody(many=True, required=False, help_text="What is had for points.")
    method = serializers.SlugRelatedField("code", queryset=DeliveryMethod.objects.all(), required=False, allow_null=True)
    branch = serializers.SlugRelatedField("code", queryset=Branch.objects.all(), required=False, allow_null=True)
    phone = MaskedField("number", max_length=40, required=False, allow_blank=True)
    street = MaskedField("address", max_length=200, required=False, allow_blank=True)
    points_used = serializers.IntegerField(min_value=0, max_value=2_000_000_000, required=False)
    balance = serializers.DecimalField(12, 2, read_only=True)
    delivery = OrderDelivery(read_only=True, allow_null=True)
    taken_by = serializers.CharField(source="taken_by.username", read_only=True, default="")
    state_name = serializers.CharField(source="get_state_display", read_only=True)

    class Meta:
        model = Order
        fields = [
            *("id", "version", "number", "customer", "state", "state_name", "channel", "call", "agent", "taken_by", "branch"),
            *("lines", "gifts", "exchanges", "currency", "subtotal", "delivery_fee", "points_used", "points_value"),
            *("points_exchanged", "points_earned"),
            *("total", "returned_value", "paid", "balance", "pay_by", "recipient", "phone", "province", "city", "district"),
            *("street", "method", "wish", "invoice_kind", "invoice_title", "invoice_tax_number", "invoice_email", "note"),
            *("reason", "findings", "delivery", "created_at", "submitted_at", "updated_at"),
        ]
        read_only_fields = [
            *("number", "state", "agent", "currency", "subtotal", "delivery_fee", "points_value", "points_exchanged"),
            *("points_earned", "total", "returned_value", "paid", "balance", "reason", "findings"),
            *("created_at", "submitted_at", "updated_at"),
        ]


class StepReason(Strict):
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class ApproveBody(StepReason):
    carrier = serializers.SlugRelatedField("code", queryset=Carrier.objects.all())
    method = serializers.SlugRelatedField("code", queryset=DeliveryMethod.objects.all(), required=False, allow_null=True)
    branch = serializers.SlugRelatedField("code", queryset=Branch.objects.all(), required=False, allow_null=True)


class TrackingBody(Strict):
    tracking = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


class DeliverBody(Strict):
    signed_by = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    at = MomentField(required=False, allow_null=True, default=None)
    collected = serializers.DecimalField(
        12, 2, min_value=0, required=False, allow_null=True, default=None, help_text="What the carrier took at the door."
    )


class BackBody(Strict):
    line = serializers.IntegerField(min_value=1, max_value=2**62, help_text="Key of the order's line.")
    quantity = serializers.IntegerField(min_value=1, max_value=9999)
    sellable = serializers.BooleanField(default=True)


class TakeBackBody(Strict):
    reason = serializers.ChoiceField(Return.Reason.choices)
    lines = BackBody(many=True, allow_empty=False)
    with_fee = serializers.BooleanField(
        default=None, allow_null=True, help_text="Give the delivery fee back; null: if it was never delivered."
    )
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class FindingBody(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.CharField()
    stops = serializers.BooleanField()


class ProposedGift(serializers.Serializer):
    rule = serializers.IntegerField(source="rule.pk")
    name = serializers.CharField(source="rule.name")
    group = serializers.CharField(source="rule.group")
    code = serializers.CharField(source="product.code")
    product = serializers.CharField(source="product.name")
    quantity = serializers.IntegerField()
    left = serializers.IntegerField(allow_null=True)


class ProposedExchange(serializers.Serializer):
    """`left`: pieces in stock; null: not kept in stock."""

    exchange = serializers.IntegerField(source="pk")
    code = serializers.CharField(source="product.code")
    product = serializers.CharField(source="product.name")
    points = serializers.IntegerField()
    price = serializers.DecimalField(12, 2)
    left = serializers.IntegerField(source="free_now", allow_null=True)


class PointOffer(serializers.Serializer):
    points = serializers.IntegerField()
    worth = serializers.DecimalField(12, 2)


class WayBody(serializers.Serializer):
    method = serializers.CharField(source="method.code")
    name = serializers.CharField(source="method.name")
    fee = serializers.DecimalField(12, 2)


class ProposalsBody(serializers.Serializer):
    gifts = ProposedGift(many=True)
    points = PointOffer()
    points_left = serializers.IntegerField(help_text="What the customer has besides those this order takes; below 0: too few.")
    exchanges = ProposedExchange(many=True)
    will_earn = serializers.IntegerField()
    ways = WayBody(many=True)


class PaymentBody(RowBody):
    """`amount` is below 0 for what was paid back or put right."""

    order = serializers.SlugRelatedField("number", queryset=Order.objects.all())
    amount = serializers.DecimalField(12, 2)
    by = serializers.CharField(source="by.username", read_only=True, default="")
    more_than_owed = serializers.BooleanField(write_only=True, default=False)

    class Meta:
        model = Payment
        fields = [
            *("id", "order", "kind", "method", "payer", "amount", "currency", "paid_at", "reference", "of", "note", "by", "at"),
            "more_than_owed",
        ]
        read_only_fields = ["kind", "currency", "of", "at"]


class RefundBody(Strict):
    order = serializers.SlugRelatedField("number", queryset=Order.objects.all())
    amount = serializers.DecimalField(12, 2, help_text="More than 0.")
    method = serializers.ChoiceField(PayBy.choices)
    payer = serializers.CharField(max_length=100, help_text="Who gets it.")
    reference = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class CorrectionBody(Strict):
    note = serializers.CharField(max_length=400)


class ReturnLineBody(serializers.ModelSerializer):
    code = serializers.CharField(source="line.code", read_only=True)

    class Meta:
        model = ReturnLine
        fields = ["line", "code", "quantity", "sellable"]
        read_only_fields = fields


class ReturnBody(RowBody):
    order = serializers.SlugRelatedField("number", read_only=True)
    lines = ReturnLineBody(many=True, read_only=True)
    by = serializers.CharField(source="by.username", read_only=True, default="")

    class Meta:
        model = Return
        fields = ["id", "order", "reason", "value", "fee_back", "points_back", "points_taken", "note", "by", "at", "lines"]
        read_only_fields = fields


class InvoiceBody(RowBody):
    order = serializers.SlugRelatedField("number", queryset=Order.objects.all())
    title = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    by = serializers.CharField(source="by.username", read_only=True, default="")

    class Meta:
        model = Invoice
        fields = [
            *("id", "version", "number", "order", "title", "tax_number", "amount", "currency", "issued_at", "by", "voided_at"),
            "void_reason",
        ]
        read_only_fields = ["number", "amount", "currency", "issued_at", "voided_at", "void_reason"]


class CarrierBody(RowBody):
    class Meta:
        model = Carrier
        fields = ["id", "version", "code", "name", "phone", "cod", "tracking_url", "active"]


class MethodBody(RowBody):
    carriers = serializers.SlugRelatedField("code", many=True, queryset=Carrier.objects.all(), required=False)

    class Meta:
        model = DeliveryMethod
        fields = ["id", "version", "code", "name_zh", "name_en", "carriers", "position", "active"]


class FeeBody(RowBody):
    method = serializers.SlugRelatedField("code", queryset=DeliveryMethod.objects.all())
    fee = serializers.DecimalField(12, 2, min_value=0)
    free_from = serializers.DecimalField(12, 2, min_value=0, required=False, allow_null=True)

    class Meta:
        model = DeliveryFee
        fields = ["id", "version", "method", "province", "city", "fee", "free_from"]


class RulesBody(RowBody):
    class Meta:
        model = ReviewRules
        fields = ["id", "version", "limit", "duplicate_days"]
        read_only_fields = ["id"]

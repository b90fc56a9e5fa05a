"""Reads of suppliers and purchases."""

from django.db.models import DecimalField, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from orders.models import Product, Purchase, PurchaseLine, Supplier, SupplierProduct

State = Purchase.State
OPEN = (State.ORDERED, State.PARTLY)  # goods are still to come


def purchases() -> QuerySet[Purchase]:
    """With supplier, author, `total` (money) and `to_come` (pieces that were ordered and are not here yet)."""
    lines = PurchaseLine.objects.filter(purchase=OuterRef("pk")).order_by().values("purchase")
    total = lines.annotate(sum=Sum(F("quantity") * F("cost"))).values("sum")
    left = lines.annotate(sum=Sum(F("quantity") - F("received"))).values("sum")
    return Purchase.objects.select_related("supplier", "author").annotate(
        total=Coalesce(Subquery(total), 0, output_field=DecimalField(max_digits=18, decimal_places=2)),
        to_come=Coalesce(Subquery(left), 0, output_field=IntegerField()),
    )


def matching(text: str) -> Q:
    """The condition on purchases with this number or its beginning, this supplier, these words in the note or these goods."""
    goods = PurchaseLine.objects.filter(Q(product__code__istartswith=text) | Q(product__name__icontains=text))
    found = Q(number__istartswith=text) | Q(supplier__name__icontains=text) | Q(note__icontains=text)
    return found | Q(pk__in=goods.values("purchase"))


def lines(purchase: Purchase) -> QuerySet[PurchaseLine]:
    """With their products, `left` (still to come) and `amount`."""
    rows = PurchaseLine.objects.filter(purchase=purchase).select_related("product").order_by("id")
    return rows.annotate(left=F("quantity") - F("received"), amount=F("quantity") * F("cost"))


def suppliers() -> QuerySet[Supplier]:
    return Supplier.objects.order_by("code")


def supplier_products() -> QuerySet[SupplierProduct]:
    """Who sells us what, with supplier and product."""
    return SupplierProduct.objects.select_related("supplier", "product")


def offers(product: Product) -> QuerySet[SupplierProduct]:
    """Who sells us this product, the cheapest first."""
    return supplier_products().filter(product=product).order_by("cost", "days", "id")


def to_come(products: list[int]) -> dict[int, int]:
    """Pieces {product: quantity} that were ordered and have not come. One query."""
    rows = PurchaseLine.objects.filter(purchase__state__in=OPEN, product__in=products, received__lt=F("quantity"))
    return dict(rows.order_by().values_list("product").annotate(left=Sum(F("quantity") - F("received"))))

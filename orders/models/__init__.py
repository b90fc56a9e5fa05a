"""Tables of products and orders, one file for each subject."""

from orders.models.delivery import Carrier, Delivery, DeliveryFee, DeliveryMethod
from orders.models.gifts import GiftRule
from orders.models.orders import Order, OrderLine
from orders.models.payments import Invoice, Payment, Return, ReturnLine
from orders.models.points import (
    EarningRule,
    PointAccount,
    PointEntry,
    PointExchange,
    PointLevel,
    PointLot,
    PointTerms,
    PointUse,
)
from orders.models.products import Product, ProductAttribute, ProductCategory, ProductPrice
from orders.models.purchases import Purchase, PurchaseLine, Supplier, SupplierProduct
from orders.models.review import ReviewRules
from orders.models.stock import Reservation, Stock, StockMove

__all__ = [
    "Carrier",
    "Delivery",
    "DeliveryFee",
    "DeliveryMethod",
    "EarningRule",
    "GiftRule",
    "Invoice",
    "Order",
    "OrderLine",
    "Payment",
    "PointAccount",
    "PointEntry",
    "PointExchange",
    "PointLevel",
    "PointLot",
    "PointTerms",
    "PointUse",
    "Product",
    "ProductAttribute",
    "ProductCategory",
    "ProductPrice",
    "Purchase",
    "PurchaseLine",
    "Reservation",
    "Return",
    "ReturnLine",
    "ReviewRules",
    "Stock",
    "StockMove",
    "Supplier",
    "SupplierProduct",
]

"""Tables of products and orders, one file for each subject."""

from orders.models.orders import Order
from orders.models.products import Product

__all__ = ["Order", "Product"]

"""Reads, one file for each subject; what the telephone and the pop ask for is here by name."""

from orders.selectors.orders import belongs, orders_of, search

__all__ = ["belongs", "orders_of", "search"]

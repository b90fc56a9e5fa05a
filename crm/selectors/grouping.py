"""Rows by customer."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any


def grouped(rows: Iterable[Any], most: int) -> dict[int, list[Any]]:
    """At most `most` of each customer, in the order they come."""
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if len(groups[row.customer_id]) < most:
            groups[row.customer_id].append(row)
    return groups

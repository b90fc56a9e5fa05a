"""Complaints as screens show them."""

from collections.abc import Collection

from django.db.models import Q

from crm.models import Complaint
from crm.selectors.grouping import grouped


def open_complaints(customers: Collection[int]) -> dict[int, list[Complaint]]:
    """By customer. One query."""
    return grouped(Complaint.objects.filter(~Q(state=Complaint.State.CLOSED), customer__in=customers), 20)

"""Writes of complaints."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Complaint, Customer
from crm.services.categories import usable


def add_complaint(customer: Customer, text: str, author: Any, **fields: Any) -> Complaint:
    """`fields`: call, order, category, due_at."""
    complaint = Complaint(customer=customer, text=text.strip(), author=author, **fields)
    usable(complaint.category)
    complaint.clean_fields(exclude=["customer", "category", "author"])
    complaint.save()
    return complaint


@transaction.atomic
def change_complaint(complaint: Complaint, fields: dict[str, Any]) -> Complaint:
    """Who closes it says how it was settled."""
    complaint = Complaint.objects.select_for_update().get(pk=complaint.pk)
    usable(fields.get("category"), complaint.category_id)
    for name, value in fields.items():
        setattr(complaint, name, value)
    closed = complaint.state == Complaint.State.CLOSED
    if closed and not complaint.resolution.strip():
        raise ValidationError({"resolution": _("How was it settled?")})
    complaint.closed_at = (complaint.closed_at or timezone.now()) if closed else None
    complaint.clean_fields(exclude=["customer", "category", "author"])
    complaint.save(update_fields=[*fields, "closed_at"])
    return complaint

"""Who may be in the book twice."""

from django.db.models import Prefetch, QuerySet

from crm.models import Customer, Duplicate, Merge


def duplicates() -> QuerySet[Duplicate]:
    """Pairs with both customers, their phones and addresses; not those of whom one was merged elsewhere. Seven queries."""
    people = Customer.objects.defer("pin", "fields").prefetch_related("phones", "addresses")
    rows = Duplicate.objects.filter(first__merged_into=None, second__merged_into=None)
    return rows.prefetch_related(Prefetch("first", people), Prefetch("second", people)).select_related("decided_by")


def merges() -> QuerySet[Merge]:
    """With the names. One query."""
    return Merge.objects.select_related("kept", "gone", "by", "undone_by").defer("moved", "kept__pin", "gone__pin")

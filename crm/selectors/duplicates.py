"""Who may be in the book twice."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.apps import apps
from django.db.models import CharField, Count, ForeignKey, Model, Prefetch, QuerySet, Value

from crm.models import Customer, Duplicate, Merge

# columns and parts of the customer itself, and what only this subject knows
PARTS = frozenset(
    f"crm.{name}"
    for name in ("customer", "customerphone", "customeraddress", "customerindex", "customer_tags", "duplicate", "merge")
)


class Reference(NamedTuple):
    """A foreign key to customers: `name` "crm.customernote.customer", `column` "customer_id"."""

    name: str
    model: type[Model]
    column: str


def references() -> Iterator[Reference]:
    """Each foreign key to customers, in whatever app, but those of PARTS."""
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label_lower
        if label in PARTS:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is Customer:
                yield Reference(f"{label}.{field.name}", model, field.attname)


def hanging(customers: Collection[int]) -> dict[int, dict[str, int]]:
    """How much of what hangs on these customers: {key: {"orders": 3}}, names in the reader's language. One query."""
    names = {one.name: str(one.model._meta.verbose_name_plural) for one in references()}
    first, *rest = (
        one.model._base_manager.filter(**{f"{one.column}__in": customers})
        .order_by()
        .values_list(one.column, Value(one.name, CharField()))
        .annotate(n=Count("pk"))
        for one in references()
    )
    found: dict[int, dict[str, int]] = {key: {} for key in customers}
    for customer, name, n in first.union(*rest, all=True):
        found[customer][names[name]] = found[customer].get(names[name], 0) + n
    return found


def duplicates() -> QuerySet[Duplicate]:
    """Pairs with both customers, their phones and addresses; not those of whom one was merged elsewhere. Seven queries."""
    people = Customer.objects.defer("pin", "fields").prefetch_related("phones", "addresses")
    rows = Duplicate.objects.filter(first__merged_into=None, second__merged_into=None)
    return rows.prefetch_related(Prefetch("first", people), Prefetch("second", people)).select_related("decided_by")


def merges() -> QuerySet[Merge]:
    """With the names. One query."""
    return Merge.objects.select_related("kept", "gone", "by", "undone_by").defer("moved", "kept__pin", "gone__pin")

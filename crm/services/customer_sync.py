"""Customers as other systems know them, for `syncing`."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localtime

from ccenter.calls.tokens import spelt
from crm.models import Customer, CustomerPhone
from crm.selectors.customers import resolve
from crm.selectors.fields import definitions
from crm.services import columns, syncing
from crm.services.customers import add_customer, tags_of
from crm.services.importing import change_by_row
from crm.services.syncing import Texts
from crm.tables import text_of


def targets() -> dict[str, str]:
    return columns.targets(definitions())


def known(texts: Texts) -> list[int]:
    """By member number, else by telephone numbers."""
    if texts.get("number") and (found := Customer.objects.filter(number=texts["number"]).first()):
        return [resolve(found).pk]
    numbers = columns.numbers_of(texts.get("phones", ""))
    return sorted(set(CustomerPhone.objects.filter(number__in=numbers, shared=False).values_list("customer", flat=True)))


@transaction.atomic
def save(key: int | None, texts: Texts) -> int:
    places = dict(enumerate(texts))
    row = columns.read(list(texts.values()), places, definitions(), new=key is None)
    tags = tags_of(row.tags, make=True)
    if key is not None:
        customer = resolve(Customer.objects.get(pk=key))
        change_by_row(customer, row, tags)
        return customer.pk
    addresses = [{**row.address, "main": True}] if row.address else []
    brought = {"number": row.number} if row.number else {}
    points = {"points": row.points} if row.points else {}
    fields = {**row.columns, **brought, **points, "fields": row.own, "tags": tags, "addresses": addresses}
    return add_customer(fields, row.phones).pk


def load(keys: Iterable[int]) -> dict[int, Texts]:
    """Four queries. Who was merged into another is told as that one, under the old key."""
    rows = Customer.objects.filter(pk__in=list(keys)).select_related("merged_into")
    return {one.pk: _texts(resolve(one)) for one in rows.prefetch_related("phones", "addresses", "tags")}


def _texts(one: Customer) -> Texts:
    main = one.main_address
    where = {part: getattr(main, part) if main else "" for part in ("province", "city", "district", "street", "postcode")}
    return {
        "number": one.number,
        "name": one.name,
        "title": one.title,
        "level": one.level,
        "language": one.language,
        "email": one.email,
        "consent": one.consent,
        "consent_at": f"{localtime(one.consent_at):%Y-%m-%d %H:%M}" if one.consent_at else "",
        "consent_how": one.consent_how,
        "phones": "; ".join(sorted(spelt(phone.number) for phone in one.phones.all())),
        **where,
        "tags": ", ".join(sorted(tag.name for tag in one.tags.all())),
        "points": str(one.points),
        **{f"fields.{code}": text_of(value) for code, value in one.fields.items()},
    }


def changed(since: datetime) -> list[int]:
    rows = Customer.objects.filter(updated_at__gte=since, merged_into=None)
    return list(rows.order_by("updated_at", "id").values_list("pk", flat=True))


def when(key: int) -> datetime:
    return Customer.objects.values_list("updated_at", flat=True).get(pk=key)


syncing.register("customer", syncing.Adapter(targets, known, save, load, changed, when))

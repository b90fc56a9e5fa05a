"""Keeps what customers are found by (`CustomerIndex`) and finds who may be in the book twice.

Whoever writes customers, their numbers or addresses calls `index` in the same transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db import connection, transaction
from psycopg2.extras import execute_values

from crm import words
from crm.models import Customer, CustomerAddress, CustomerIndex, CustomerPhone, CustomField

BATCH = 1000
AT_ONCE = 20_000
MOST_SHARERS = 8  # a number that more people share is an office's and says nothing


class Entry(NamedTuple):
    """What the index needs of one customer."""

    name: str
    number: str
    email: str
    fields: dict[str, Any]
    phones: list[str]
    addresses: list[tuple[str, str, str, str]]  # province, city, district, street


def row(key: int, entry: Entry, searchable: Mapping[str, int]) -> tuple[int, list[str], list[int]]:
    """(customer, lexemes, twins). `searchable`: keys of own fields by their codes."""
    own = {field: str(entry.fields[code]) for code, field in searchable.items() if code in entry.fields}
    places = ["".join(dict.fromkeys(parts)) for parts in entry.addresses]
    twins = {words.twin(entry.name, *parts) for parts in entry.addresses} - {None}
    found = words.lexemes(entry.name, entry.phones, entry.number, places, entry.email, own)
    return key, found, sorted(twin for twin in twins if twin is not None)


def searchable_fields() -> dict[str, int]:
    return dict(CustomField.objects.filter(searchable=True, active=True).values_list("code", "pk"))


@transaction.atomic
def index(keys: Iterable[int], *, duplicates: bool = True) -> None:
    """Makes the index of these customers anew, and notes new duplicates. Five queries for each thousand."""
    wanted = list(dict.fromkeys(keys))
    codes = searchable_fields() if wanted else {}
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        _store([row(key, entry, codes) for key, entry in _read(batch).items()])
        if duplicates:
            _find_duplicates(batch)


def index_missing(most: int = AT_ONCE) -> int:
    """Indexes customers that came in past the services, by SQL; how many. More are left when it is `most`."""
    keys = list(Customer.objects.filter(index=None, merged_into=None).order_by("id").values_list("pk", flat=True)[:most])
    index(keys)
    return len(keys)


def index_all() -> None:
    """After a change of what can be searched: in batches, each a transaction of its own."""
    last = 0
    while keys := list(
        Customer.objects.filter(pk__gt=last, merged_into=None).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        index(keys, duplicates=False)
        last = keys[-1]


def forget(keys: Collection[int]) -> None:
    """Customers who are not to be found any more."""
    CustomerIndex.objects.filter(pk__in=keys).delete()


def _read(keys: list[int]) -> dict[int, Entry]:
    phones: dict[int, list[str]] = defaultdict(list)
    for customer, number in CustomerPhone.objects.filter(customer__in=keys).values_list("customer", "number"):
        phones[customer].append(number)
    addresses: dict[int, list[tuple[str, str, str, str]]] = defaultdict(list)
    rows = CustomerAddress.objects.filter(customer__in=keys)
    for customer, *parts in rows.values_list("customer", "province", "city", "district", "street"):
        addresses[customer].append((parts[0], parts[1], parts[2], parts[3]))
    people = Customer.objects.filter(pk__in=keys, merged_into=None).values_list("pk", "name", "number", "email", "fields")
    return {pk: Entry(name, number, email, fields, phones[pk], addresses[pk]) for pk, name, number, email, fields in people}


def _store(rows: list[tuple[int, list[str], list[int]]]) -> None:
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "INSERT INTO crm_customerindex (customer_id, words, twins) VALUES %s"
            " ON CONFLICT (customer_id) DO UPDATE SET words = excluded.words, twins = excluded.twins"
            " WHERE (crm_customerindex.words, crm_customerindex.twins) IS DISTINCT FROM (excluded.words, excluded.twins)",
            rows,
            template="(%s, array_to_tsvector(%s::text[]), %s::bigint[])",
            page_size=BATCH,
        )


DUPLICATES = """
INSERT INTO crm_duplicate (first_id, second_id, reason, state, found_at)
SELECT least(a, b), greatest(a, b), min(reason), 'open', now() FROM (
    SELECT mine.customer_id AS a, theirs.customer_id AS b, 'number' AS reason
    FROM crm_customerphone mine
    JOIN crm_customerphone theirs ON theirs.number = mine.number AND theirs.customer_id <> mine.customer_id
    WHERE mine.customer_id = ANY(%(keys)s)
      AND (SELECT count(*) FROM (SELECT FROM crm_customerphone p WHERE p.number = mine.number LIMIT %(most)s + 1) few) <= %(most)s
    UNION ALL
    SELECT mine.customer_id, theirs.customer_id, 'address'
    FROM crm_customerindex mine JOIN crm_customerindex theirs
      ON theirs.twins && mine.twins AND theirs.customer_id <> mine.customer_id
    WHERE mine.customer_id = ANY(%(keys)s) AND mine.twins <> '{}'
) AS pairs (a, b, reason)
GROUP BY least(a, b), greatest(a, b)
ON CONFLICT (first_id, second_id) DO NOTHING
"""


def _find_duplicates(keys: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DUPLICATES, {"keys": keys, "most": MOST_SHARERS})

"""Millions of orders for measurements, made in the database: `DATABASE_URL=… python -m tests.load.orders 3000000`.

For customers of `tests.load.people`, the demo's products and agents. Three years of them, one every half minute; the newest
NEW are in all states, the others delivered and paid, some cancelled. Written past the triggers, as the services would have
left them; `check` compares the sums. What is open keeps no stock. The database's user has to be its administrator.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.load.people import FIRST as FIRST_CUSTOMER

FIRST = 300_000_001  # nine digits; the demo's and new ones have eight
NEW = 6000
TABLES = ("orders_order", "orders_orderline", "orders_delivery", "orders_payment", "orders_reservation")

PLAN = """
CREATE TEMP TABLE plan AS
WITH goods AS (SELECT array_agg(id ORDER BY id) AS keys FROM orders_product WHERE code ~ '^1[0-9]{3}$'),
     takers AS (SELECT array_agg(user_id ORDER BY user_id) AS keys FROM calls_agent WHERE user_id IS NOT NULL),
     people AS (SELECT min(id) AS first, count(*) AS many FROM crm_customer WHERE number ~ '^7[0-9]{7}$' AND number >= %(person)s)
SELECT n, (%(first)s + n)::text AS number, people.first + (n * 7919 %% people.many) AS customer,
    goods.keys[1 + n * 13 %% cardinality(goods.keys)] AS product, 1 + (n %% 11) / 8 AS quantity,
    takers.keys[1 + n %% cardinality(takers.keys)] AS taker,
    now() - (%(count)s - n) * interval '31 seconds' AS at,
    CASE WHEN n < %(count)s - %(new)s THEN CASE WHEN n %% 20 = 7 THEN 'cancelled' ELSE 'delivered' END
         ELSE (ARRAY['draft', 'submitted', 'approved', 'picking', 'shipped', 'delivered'])[1 + n %% 6] END AS state
FROM goods, takers, people, generate_series(%(start)s::bigint, %(count)s - 1) n
"""
ORDERS = """
INSERT INTO orders_order (version, number, customer_id, state, channel, call, agent, taken_by_id, currency, subtotal, delivery_fee,
    points_used, points_value, points_earned, total, returned_value, paid, pay_by, recipient, phone, province, city, district,
    street, method_id, wish, invoice_kind, invoice_title, invoice_tax_number, invoice_email, note, reason, findings,
    created_at, submitted_at, updated_at)
SELECT 1, plan.number, customer, state, 'phone', '', '', taker, product.currency, product.price * quantity, 0,
    0, 0, 0, product.price * quantity, 0, CASE WHEN state = 'delivered' THEN product.price * quantity ELSE 0 END, 'cod',
    person.name, coalesce(phone.number, ''), coalesce(place.province, ''), coalesce(place.city, ''), coalesce(place.district, ''),
    coalesce(place.street, '-'), method.id, '', '', '', '', '', '', '', '{}', at, CASE WHEN state = 'draft' THEN NULL ELSE at END, at
FROM plan
JOIN orders_product product ON product.id = plan.product
JOIN crm_customer person ON person.id = plan.customer
LEFT JOIN crm_customerphone phone ON phone.customer_id = plan.customer
LEFT JOIN crm_customeraddress place ON place.customer_id = plan.customer
CROSS JOIN (SELECT id FROM orders_deliverymethod ORDER BY position, id LIMIT 1) method
ORDER BY n
"""
LINES = """
INSERT INTO orders_orderline (order_id, position, product_id, code, name, quantity, price, amount, returned)
SELECT o.id, 1, product.id, product.code, product.name, quantity, product.price, product.price * quantity, 0
FROM plan JOIN orders_order o ON o.number = plan.number JOIN orders_product product ON product.id = plan.product ORDER BY n
"""
DELIVERIES = """
INSERT INTO orders_delivery (order_id, carrier_id, method_id, tracking, cod_amount, created_at, shipped_at, delivered_at, signed_by)
SELECT o.id, carrier.id, o.method_id, 'SF' || o.number, o.total, at + interval '4 hours',
    CASE WHEN plan.state IN ('shipped', 'delivered') THEN at + interval '1 day' END,
    CASE WHEN plan.state = 'delivered' THEN at + interval '3 days' END,
    CASE WHEN plan.state = 'delivered' THEN left(o.recipient, 60) ELSE '' END
FROM plan JOIN orders_order o ON o.number = plan.number CROSS JOIN (SELECT id FROM orders_carrier ORDER BY id LIMIT 1) carrier
WHERE plan.state IN ('approved', 'picking', 'shipped', 'delivered') ORDER BY n
"""
PAYMENTS = """
INSERT INTO orders_payment (order_id, kind, method, payer, amount, currency, paid_at, reference, again, note, at)
SELECT o.id, 'payment', 'cod', o.recipient, o.paid, o.currency, plan.at + interval '3 days', '', 0, '', plan.at + interval '3 days'
FROM plan JOIN orders_order o ON o.number = plan.number WHERE o.paid > 0 ORDER BY n
"""
RESERVATIONS = """
INSERT INTO orders_reservation (stock_id, ref, quantity, issued, put_back, at)
SELECT stock.product_id, plan.number, quantity, true, 0, plan.at
FROM plan JOIN orders_stock stock ON stock.product_id = plan.product WHERE plan.state IN ('shipped', 'delivered') ORDER BY n
"""
CHECK = """
SELECT count(*) FROM orders_order o
LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM orders_orderline GROUP BY 1) lines ON lines.order_id = o.id
LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM orders_payment GROUP BY 1) paid ON paid.order_id = o.id
WHERE o.number ~ '^3[0-9]{8}$' AND (o.subtotal, o.paid) IS DISTINCT FROM (coalesce(lines.amount, 0), coalesce(paid.amount, 0))
"""
INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique
"""


@contextmanager
def without_indexes(cursor: Any, say: Callable[[str], Any]) -> Iterator[None]:
    """To build an index once is several times faster."""
    cursor.execute(INDEXES, [list(TABLES)])
    there = cursor.fetchall()
    for name, _definition in there:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for name, definition in there:
        cursor.execute(definition)
        say(f"index {name}")


def fill(count: int, say: Callable[[str], Any] = print) -> None:
    """Makes orders until there are `count` of these, with lines, deliveries and payments; then ANALYZE. One transaction."""
    from django.db import connection, transaction

    started = time.monotonic()
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute("SELECT count(*) FROM orders_order WHERE number ~ '^3[0-9]{8}$'")
            start = cursor.fetchone()[0]
            if start >= count:
                return
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("SET LOCAL work_mem = '256MB'")
            asked = {"first": FIRST, "new": NEW, "start": start, "count": count, "person": str(FIRST_CUSTOMER)}
            cursor.execute(PLAN, asked)
            with without_indexes(cursor, say):
                for statement in (ORDERS, LINES, DELIVERIES, PAYMENTS, RESERVATIONS):
                    cursor.execute("ANALYZE plan") if statement == ORDERS else None
                    cursor.execute(statement)
                    say(f"{statement.split()[2]}: {cursor.rowcount}, {time.monotonic() - started:.0f} s")
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    say(f"{count} orders in {time.monotonic() - started:.0f} s")


def check() -> None:
    """RuntimeError when an order's figures are not those of its lines and payments."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(CHECK)
        if wrong := cursor.fetchone()[0]:
            raise RuntimeError(f"{wrong} orders whose sums are not true")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=3_000_000)
    asked = parser.parse_args()
    import django

    django.setup()
    fill(asked.count)
    check()


if __name__ == "__main__":
    main()

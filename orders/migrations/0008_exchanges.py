"""Goods had for points as lines of an order; the points they cost are summed up in it, and the database checks the sum."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

guards = import_module("orders.migrations.0005_order_guards")
# As in 0005_order_guards, and points_exchanged besides.
SUMS = """
CREATE OR REPLACE FUNCTION orders_sums_are_true() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ident bigint;
    told record;
    lines numeric;
    points bigint;
    money numeric;
    strange bigint;
    back numeric;
BEGIN
    IF TG_TABLE_NAME = 'orders_order' THEN
        ident := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        ident := OLD.order_id;
    ELSE
        ident := NEW.order_id;
    END IF;
    SELECT number, subtotal, points_exchanged, paid, returned_value, currency INTO told FROM orders_order WHERE id = ident;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(l.amount), 0), coalesce(sum(l.points::bigint * l.quantity), 0) INTO lines, points
        FROM orders_orderline l WHERE l.order_id = ident;
    SELECT coalesce(sum(amount), 0), count(*) FILTER (WHERE currency <> told.currency) INTO money, strange
        FROM orders_payment WHERE order_id = ident;
    SELECT coalesce(sum(value), 0) INTO back FROM orders_return WHERE order_id = ident;
    IF (told.subtotal, told.points_exchanged, told.paid, told.returned_value) <> (lines, points, money, back) OR strange > 0 THEN
        RAISE EXCEPTION 'order %: goods % points % paid % returned %, but its rows come to % % % % (other currency: %)',
            told.number, told.subtotal, told.points_exchanged, told.paid, told.returned_value, lines, points, money, back, strange
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'order_sums_are_true';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER order_sums_new ON orders_order;
CREATE CONSTRAINT TRIGGER order_sums_new AFTER INSERT ON orders_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.subtotal <> 0 OR NEW.points_exchanged <> 0 OR NEW.paid <> 0 OR NEW.returned_value <> 0)
    EXECUTE FUNCTION orders_sums_are_true();
DROP TRIGGER order_sums_changed ON orders_order;
CREATE CONSTRAINT TRIGGER order_sums_changed
    AFTER UPDATE OF subtotal, points_exchanged, paid, returned_value, currency ON orders_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.subtotal, OLD.points_exchanged, OLD.paid, OLD.returned_value, OLD.currency)
        IS DISTINCT FROM (NEW.subtotal, NEW.points_exchanged, NEW.paid, NEW.returned_value, NEW.currency))
    EXECUTE FUNCTION orders_sums_are_true();
DROP TRIGGER order_sums_of_lines ON orders_orderline;
CREATE CONSTRAINT TRIGGER order_sums_of_lines
    AFTER INSERT OR DELETE OR UPDATE OF amount, points, quantity, order_id ON orders_orderline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_sums_are_true();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_list_indexes")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="points_exchanged",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="points exchanged for goods"),
        ),
        migrations.AddField(
            model_name="orderline",
            name="exchange",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.pointexchange",
                verbose_name="had for points by",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="points",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="points for one"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("exchange", None), ("points", 0)),
                    models.Q(("exchange__isnull", False), ("gift_rule", None), ("points__gt", 0)),
                    _connector="OR",
                ),
                name="order_line_for_points",
            ),
        ),
        migrations.RunSQL(SUMS, guards.NO_SUMS + guards.SUMS),
    ]

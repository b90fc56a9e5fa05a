"""What keeps orders right, whoever writes: the table of states, sums that are true, ledgers that stay as they are."""

from django.db import migrations

from ccenter.office.schema import append_only, versioned

NUMBERS = [
    "CREATE SEQUENCE orders_number START 70000001 MINVALUE 10000000 MAXVALUE 9999999999999999",
    "CREATE SEQUENCE orders_invoice_number",
]

# The pairs of orders/states.py; a test compares them.
STATES = """
CREATE FUNCTION orders_state_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, NEW.state) NOT IN (
        ('draft', 'submitted'), ('submitted', 'approved'), ('submitted', 'refused'), ('submitted', 'draft'), ('refused', 'draft'),
        ('approved', 'picking'), ('picking', 'shipped'), ('shipped', 'delivered'), ('shipped', 'returned'),
        ('delivered', 'returned'), ('draft', 'cancelled'), ('submitted', 'cancelled'), ('approved', 'cancelled'),
        ('picking', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'order %: from % to %', NEW.number, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_state_follows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_state_follows BEFORE UPDATE OF state ON orders_order FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION orders_state_follows();

-- as office_next_version; without its WHEN, which cannot compare rows that have a generated column
CREATE TRIGGER orders_order_version BEFORE UPDATE ON orders_order FOR EACH ROW EXECUTE FUNCTION office_next_version();
"""
NO_STATES = """
DROP TRIGGER orders_order_version ON orders_order;
DROP TRIGGER orders_state_follows ON orders_order;
DROP FUNCTION orders_state_follows();
"""

# At the end of a transaction, as an order and its lines cannot be written in one statement.
SUMS = """
CREATE FUNCTION orders_sums_are_true() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ident bigint;
    told record;
    lines numeric;
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
    SELECT number, subtotal, paid, returned_value, currency INTO told FROM orders_order WHERE id = ident;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO lines FROM orders_orderline WHERE order_id = ident;
    SELECT coalesce(sum(amount), 0), count(*) FILTER (WHERE currency <> told.currency) INTO money, strange
        FROM orders_payment WHERE order_id = ident;
    SELECT coalesce(sum(value), 0) INTO back FROM orders_return WHERE order_id = ident;
    IF (told.subtotal, told.paid, told.returned_value) <> (lines, money, back) OR strange > 0 THEN
        RAISE EXCEPTION 'order %: goods % paid % returned %, but its rows come to % % % (other currency: %)',
            told.number, told.subtotal, told.paid, told.returned_value, lines, money, back, strange
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'order_sums_are_true';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER order_sums_new AFTER INSERT ON orders_order DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.subtotal <> 0 OR NEW.paid <> 0 OR NEW.returned_value <> 0) EXECUTE FUNCTION orders_sums_are_true();
CREATE CONSTRAINT TRIGGER order_sums_changed AFTER UPDATE OF subtotal, paid, returned_value, currency ON orders_order
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN ((OLD.subtotal, OLD.paid, OLD.returned_value, OLD.currency)
        IS DISTINCT FROM (NEW.subtotal, NEW.paid, NEW.returned_value, NEW.currency))
    EXECUTE FUNCTION orders_sums_are_true();
CREATE CONSTRAINT TRIGGER order_sums_of_lines AFTER INSERT OR DELETE OR UPDATE OF amount, order_id ON orders_orderline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_sums_are_true();
CREATE CONSTRAINT TRIGGER order_sums_of_payments AFTER INSERT ON orders_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_sums_are_true();
CREATE CONSTRAINT TRIGGER order_sums_of_returns AFTER INSERT ON orders_return
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_sums_are_true();

-- what came back of a line is what its returns say
CREATE FUNCTION orders_returned_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ident bigint;
    told bigint;
    back bigint;
BEGIN
    IF TG_TABLE_NAME = 'orders_orderline' THEN
        ident := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        ident := OLD.line_id;
    ELSE
        ident := NEW.line_id;
    END IF;
    SELECT returned INTO told FROM orders_orderline WHERE id = ident;
    SELECT coalesce(sum(quantity), 0) INTO back FROM orders_returnline WHERE line_id = ident;
    IF told <> back THEN
        RAISE EXCEPTION 'order line %: % returned, but its returns come to %', ident, told, back
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'returned_is_the_sum_of_the_returns';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER returned_of_line AFTER UPDATE OF returned ON orders_orderline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_returned_adds_up();
CREATE CONSTRAINT TRIGGER returned_of_returns AFTER INSERT OR UPDATE OR DELETE ON orders_returnline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_returned_adds_up();
"""
NO_SUMS = """
DROP TRIGGER returned_of_returns ON orders_returnline;
DROP TRIGGER returned_of_line ON orders_orderline;
DROP TRIGGER order_sums_of_returns ON orders_return;
DROP TRIGGER order_sums_of_payments ON orders_payment;
DROP TRIGGER order_sums_of_lines ON orders_orderline;
DROP TRIGGER order_sums_changed ON orders_order;
DROP TRIGGER order_sums_new ON orders_order;
DROP FUNCTION orders_returned_adds_up();
DROP FUNCTION orders_sums_are_true();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_orders"), ("office", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """INSERT INTO orders_reviewrules (id, version, "limit", duplicate_days) VALUES (1, 1, 5000, 3)""",
            "DELETE FROM orders_reviewrules",
        ),
        migrations.RunSQL(NUMBERS, "DROP SEQUENCE orders_number, orders_invoice_number"),
        migrations.RunSQL(STATES, NO_STATES),
        migrations.RunSQL(SUMS, NO_SUMS),
        versioned("orders_carrier", "orders_deliverymethod", "orders_deliveryfee", "orders_invoice", "orders_reviewrules"),
        append_only("orders_payment"),
        append_only("orders_return"),
    ]

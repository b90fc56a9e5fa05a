"""What keeps the books of stock and points right, whoever writes: chains of foreign keys, sums, and rows that stay as they are."""

from django.db import migrations

from ccenter.office.schema import append_only, versioned

# Each move begins with the figures that the one before ended with, and the stock row holds the last one's.
CHAINS = """
ALTER TABLE orders_stockmove ADD CONSTRAINT stock_moves_are_a_chain
    FOREIGN KEY (stock_id, previous, on_hand_before, reserved_before)
    REFERENCES orders_stockmove (stock_id, seq, on_hand, reserved);
ALTER TABLE orders_stock ADD CONSTRAINT stock_is_what_the_last_move_left
    FOREIGN KEY (product_id, seq, on_hand, reserved)
    REFERENCES orders_stockmove (stock_id, seq, on_hand, reserved);
ALTER TABLE orders_pointentry ADD CONSTRAINT point_entries_are_a_chain
    FOREIGN KEY (account_id, previous, before)
    REFERENCES orders_pointentry (account_id, seq, balance);
ALTER TABLE orders_pointaccount ADD CONSTRAINT points_are_what_the_last_entry_left
    FOREIGN KEY (customer_id, seq, balance)
    REFERENCES orders_pointentry (account_id, seq, balance);
"""
NO_CHAINS = """
ALTER TABLE orders_pointaccount DROP CONSTRAINT points_are_what_the_last_entry_left;
ALTER TABLE orders_pointentry DROP CONSTRAINT point_entries_are_a_chain;
ALTER TABLE orders_stock DROP CONSTRAINT stock_is_what_the_last_move_left;
ALTER TABLE orders_stockmove DROP CONSTRAINT stock_moves_are_a_chain;
"""

# At the end of a transaction: what is reserved is the sum of the open reservations; a balance is the sum of the lots and is what
# the customer's row shows. Who changes them holds the lock on the stock row or the customer's, so nobody else's half-done work can
# be in the sums. (A foreign key to customer (id, points) would do too, but makes every change of points wait for every new row
# that refers to the customer.)
SUMS = """
CREATE FUNCTION orders_reserved_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    product bigint;
    promised bigint;
    told bigint;
BEGIN
    IF TG_TABLE_NAME = 'orders_stock' THEN
        product := NEW.product_id;
    ELSIF TG_OP = 'DELETE' THEN
        product := OLD.stock_id;
    ELSE
        product := NEW.stock_id;
    END IF;
    SELECT reserved INTO told FROM orders_stock WHERE product_id = product;
    SELECT coalesce(sum(quantity), 0) INTO promised FROM orders_reservation WHERE stock_id = product AND NOT issued;
    IF told IS NOT NULL AND told <> promised THEN
        RAISE EXCEPTION 'product %: % reserved, but the reservations are %', product, told, promised
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'reserved_is_the_sum_of_the_reservations';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_reserved_adds_up AFTER INSERT OR UPDATE OF reserved ON orders_stock
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_reserved_adds_up();
CREATE CONSTRAINT TRIGGER orders_reserved_adds_up
    AFTER INSERT OR DELETE OR UPDATE OF stock_id, quantity, issued ON orders_reservation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_reserved_adds_up();

CREATE FUNCTION orders_points_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account bigint;
    there bigint;
    told bigint;
    seen bigint;
BEGIN
    IF TG_TABLE_NAME = 'crm_customer' THEN
        account := NEW.id;
    ELSIF TG_TABLE_NAME = 'orders_pointaccount' THEN
        account := NEW.customer_id;
    ELSIF TG_OP = 'DELETE' THEN
        account := OLD.account_id;
    ELSE
        account := NEW.account_id;
    END IF;
    SELECT shown INTO told FROM orders_pointaccount WHERE customer_id = account;
    SELECT coalesce(sum("left"), 0) INTO there FROM orders_pointlot WHERE account_id = account AND "left" > 0;
    IF told IS NOT NULL AND told <> there THEN
        RAISE EXCEPTION 'customer %: % points, but the lots hold %', account, told, there
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'balance_is_the_sum_of_the_lots';
    END IF;
    SELECT points INTO seen FROM crm_customer WHERE id = account;
    IF told IS NOT NULL AND told <> seen THEN
        RAISE EXCEPTION 'customer %: % points, but the customer is shown %', account, told, seen
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'customer_shows_the_balance';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_points_add_up AFTER INSERT OR UPDATE OF balance ON orders_pointaccount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_points_add_up();
CREATE CONSTRAINT TRIGGER orders_points_add_up AFTER INSERT OR DELETE OR UPDATE OF account_id, "left" ON orders_pointlot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION orders_points_add_up();
CREATE CONSTRAINT TRIGGER orders_points_add_up AFTER UPDATE OF points ON crm_customer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.points IS DISTINCT FROM NEW.points)
    EXECUTE FUNCTION orders_points_add_up();
"""
NO_SUMS = """
DROP TRIGGER orders_points_add_up ON crm_customer;
DROP TRIGGER orders_points_add_up ON orders_pointlot;
DROP TRIGGER orders_points_add_up ON orders_pointaccount;
DROP FUNCTION orders_points_add_up();
DROP TRIGGER orders_reserved_adds_up ON orders_reservation;
DROP TRIGGER orders_reserved_adds_up ON orders_stock;
DROP FUNCTION orders_reserved_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_goods"), ("office", "0001_initial")]

    operations = [
        migrations.RunSQL(CHAINS, NO_CHAINS),
        migrations.RunSQL(SUMS, NO_SUMS),
        *(append_only(f"orders_{table}") for table in ("stockmove", "pointentry", "productprice")),
        versioned(
            *(
                f"orders_{table}"
                for table in (
                    "productcategory", "productattribute", "product", "giftrule", "earningrule", "pointterms", "pointlevel",
                    "pointexchange", "supplier", "supplierproduct", "purchase",
                )
            )
        ),
    ]  # fmt: skip

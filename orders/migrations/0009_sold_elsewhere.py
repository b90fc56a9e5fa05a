"""What another system sold, it sold at its own price: lines and fees that are not ours to count anew."""

from django.db import migrations, models

import orders.models.money


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_exchanges")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="sold_fee",
            field=orders.models.money.MoneyField(
                blank=True,
                decimal_places=2,
                default=None,
                editable=False,
                max_digits=12,
                null=True,
                verbose_name="delivery fee it was sold with elsewhere",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="sold",
            field=models.BooleanField(db_default=False, default=False, verbose_name="sold elsewhere at this price"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("sold", False), models.Q(("exchange", None), ("gift_rule", None)), _connector="OR"),
                name="order_line_sold",
            ),
        ),
    ]

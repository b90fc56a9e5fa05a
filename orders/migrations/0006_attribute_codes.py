"""The code of an attribute is its category's own: two kinds of products may both have a size."""

import ccenter.calls.models.fields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_order_guards")]

    operations = [
        migrations.AlterField(
            "productattribute",
            "code",
            ccenter.calls.models.fields.CodeField(max_length=40, unique=False, verbose_name="code"),
        ),
    ]

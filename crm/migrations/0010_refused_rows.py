"""Rows of other systems that were not taken, kept to be tried again; and words of own fields under a kind of their own each,
as not everybody may find by each."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# what is gone is indexed anew by beat (`index_missing`); until then these are found by number and beginning of the name
INDEX_ANEW = """
DELETE FROM crm_customerindex WHERE customer_id IN (
    SELECT id FROM crm_customer
    WHERE jsonb_exists_any(fields, ARRAY(SELECT code::text FROM crm_customfield WHERE searchable))
)
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0009_consent")]

    operations = [
        migrations.CreateModel(
            name="RefusedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=100, verbose_name="their key")),
                ("row", models.JSONField(default=dict)),
                ("reasons", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("dead", "given up")],
                        default="waiting",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("first_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="refused since")),
                ("tried_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="tried last")),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="next attempt")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refusals",
                        to="crm.source",
                        verbose_name="other system",
                    ),
                ),
            ],
            options={
                "verbose_name": "refused row",
                "verbose_name_plural": "refused rows",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(condition=models.Q(("state", "waiting")), fields=["next_at"], name="refused_rows_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "key"), name="one_refusal_a_source_and_key"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "dead"])), name="refused_row_state"
                    ),
                ],
            },
        ),
        migrations.RunSQL(INDEX_ANEW, INDEX_ANEW),
    ]

"""Whether customers agree to be called, instead of a tick that said so of all."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0008_outbound"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveField("outboundrule", "consent"),
        migrations.AlterField(
            "outboundtask", "consent", models.BooleanField(default=False, verbose_name="the customer has agreed to this call")
        ),
        migrations.AddField(
            "customer",
            "consent",
            models.CharField(
                blank=True,
                choices=[("", "not known"), ("yes", "yes"), ("no", "no")],
                default="",
                max_length=3,
                verbose_name="agrees to be called",
            ),
        ),
        migrations.AddField("customer", "consent_at", models.DateTimeField(blank=True, null=True, verbose_name="said so on")),
        migrations.AddField(
            "customer",
            "consent_how",
            models.CharField(
                blank=True,
                choices=[
                    ("", "-"),
                    ("call", "in a call"),
                    ("writing", "in writing"),
                    ("online", "online"),
                    ("other", "in another way"),
                ],
                default="",
                max_length=7,
                verbose_name="said so how",
            ),
        ),
        migrations.AddField(
            "customer",
            "consent_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="written down by",
            ),
        ),
        migrations.AddConstraint(
            "customer",
            models.CheckConstraint(
                condition=models.Q(
                    ("consent", ""), ("consent_at", None), ("consent_by", None), ("consent_how", "")
                )
                | models.Q(
                    models.Q(("consent", "no"), models.Q(("consent", "yes"), models.Q(("consent_how", ""), _negated=True)), _connector="OR"),
                    ("consent_at__isnull", False),
                ),
                name="customer_consent_since",
            ),
        ),
    ]

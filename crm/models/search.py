"""What customers are found by."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from crm.models.customers import Customer


class CustomerIndex(models.Model):
    """Derived from a customer's rows by `crm.services.indexing`; beside them, so that a change of points leaves it alone.

    `words`: lexemes of the name, its pinyin, the digits of all numbers, the addresses (see `crm.words`).
    `twins`: one figure for each address with this name; who shares one may be the same person.
    """

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="index")
    words = SearchVectorField()
    twins = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="customer_by_words"),
            GinIndex(fields=["twins"], name="customer_by_twins"),
        ]

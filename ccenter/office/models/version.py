"""Rows that several people change: each change counts, so that nobody overwrites what they have not seen."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Versioned(models.Model):
    """`version` is 1 for a new row and counts up with every UPDATE that changes something.

    The database counts (`ccenter.office.schema.versioned` puts the trigger on the table), so no writer can forget it;
    a row in memory still has the old figure: read it again.
    """

    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        abstract = True

"""Work of the desk off the path of a call."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ccenter.desktop.models import CardOpening


@shared_task
def keep_openings() -> None:
    """Deletes who looked at whom a year after the record of that time is deleted."""
    if days := settings.KEEP_RECORD_DAYS:
        CardOpening.objects.filter(at__lt=timezone.now() - timedelta(days=days + 365)).delete()

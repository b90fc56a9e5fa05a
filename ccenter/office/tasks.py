"""The office's work off the path of a page."""

from datetime import timedelta

from celery import shared_task
from django.db.models.functions import Now

from ccenter.office import jobs, webhooks
from ccenter.office.models import Job, StoredAnswer, WebhookDelivery

ANSWERS_KEPT = timedelta(days=2)


@shared_task
def run_job(key: int) -> None:
    jobs.run(key)


@shared_task
def sweep_jobs() -> None:
    """Jobs that no worker has: Valkey was away, or their worker died."""
    for key in Job.objects.filter(state__in=Job.OPEN).order_by("created_at").values_list("pk", flat=True)[:20]:
        jobs.hand_over(key)


@shared_task
def send_webhooks() -> None:
    while webhooks.send_due() == webhooks.AT_ONCE:
        pass


@shared_task
def tidy() -> None:
    """What nobody asks for any more: old jobs, answers kept for requests that come twice, what webhooks were told."""
    jobs.remove_old()
    StoredAnswer.objects.filter(at__lt=Now() - ANSWERS_KEPT).delete()
    told = WebhookDelivery.objects.exclude(state=WebhookDelivery.State.WAITING)
    told.filter(created_at__lt=Now() - webhooks.KEPT).delete()

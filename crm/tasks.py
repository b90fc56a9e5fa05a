"""What the workers do for customers: mails out, outbound calls to the core, late tickets up."""

import logging

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail as send_plain
from django.utils import timezone

from crm.models import Source
from crm.services import customer_sync, escalation, indexing, mailing, outbound, outbound_rules, syncing  # noqa: F401

log = logging.getLogger(__name__)


@shared_task
def send_mail(mail: int) -> None:
    mailing.send(mail)


@shared_task
def sweep_mails() -> None:
    """What was not handed over, or is to be tried again."""
    if settings.EMAIL_HOST:
        for mail in mailing.waiting(timezone.now()):
            mailing.send(mail)


@shared_task(autoretry_for=(OSError,), retry_backoff=60, max_retries=5)
def mail_to_staff(to: list[str], subject: str, text: str) -> None:
    """Each gets one of their own: nobody reads who else was told."""
    if settings.EMAIL_HOST:
        for address in to:
            send_plain(subject, text, settings.MAIL_FROM, [address])


@shared_task
def release_outbound() -> None:
    """Calls that are due go to the core, those that went are followed."""
    outbound.follow()
    outbound.ask_again()
    outbound.withdraw()
    outbound_rules.plan_for_calls(timezone.now())
    while outbound.release_due(timezone.now()) == outbound.BATCH:
        pass


@shared_task
def escalate_tickets() -> None:
    escalation.escalate(timezone.now())


@shared_task
def run_source(key: int) -> None:
    source = Source.objects.filter(pk=key, active=True).exclude(table="").first()
    if source is not None:
        syncing.run(source)


@shared_task
def run_sources() -> None:
    syncing.run_due(timezone.now())
    syncing.again_due(timezone.now())


@shared_task
def index_customers() -> None:
    """What came in past the services."""
    while indexing.index_missing() == indexing.AT_ONCE:
        pass


@shared_task
def index_all_customers() -> None:
    """After a change of what can be searched."""
    indexing.index_all()

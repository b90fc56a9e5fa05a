"""What the workers do for customers: mails out, follow-up calls to the callbacks, late tickets up."""

import logging

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail as send_plain
from django.utils import timezone

from crm.services import escalation, follow_ups, mailing

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
def release_follow_ups() -> None:
    while follow_ups.release_due(timezone.now()) == follow_ups.BATCH:
        pass


@shared_task
def escalate_tickets() -> None:
    escalation.escalate(timezone.now())

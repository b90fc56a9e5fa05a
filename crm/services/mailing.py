"""Mails on their way: sent, tried again, given up, come back.

A mail is claimed by its row, so two workers never send one twice; one whose worker died is tried again with the same Message-ID.
It leaves with an envelope address of its own ("bounce+<key>@…"): whatever comes back there names it.
"""

import email
import email.policy
import logging
import re
import smtplib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage as Message

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ccenter.calls.alarms import raise_alarm
from ccenter.office import webhooks
from crm.models import Mail

log = logging.getLogger(__name__)

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))  # before each further try
STUCK = timedelta(minutes=15)  # a worker that takes longer is dead
SWEEP = 200
KEY = re.compile(r"\+([0-9a-f]{32})@")
State = Mail.State


def waiting(now: datetime) -> list[int]:
    """Keys of mails that are to be tried now."""
    return list(Mail.objects.filter(_open(now)).order_by("next_try_at").values_list("pk", flat=True)[:SWEEP])


def _open(now: datetime) -> Q:
    return Q(state=State.QUEUED, next_try_at__lte=now) | Q(state=State.SENDING, tried_at__lt=now - STUCK, next_try_at__lte=now)


def send(key: int) -> str:
    """One try; the state it left the mail in, "" when it is not to be tried now. Not inside a transaction."""
    if not settings.EMAIL_HOST:
        return ""
    mail = _claimed(key)
    if mail is None:
        return ""
    mine = Mail.objects.filter(pk=key, state=State.SENDING)  # it may have come back already
    try:
        _message(mail).send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = error.recipients[mail.to] if mail.to in error.recipients else next(iter(error.recipients.values()))
        return _refused(mail, code, said, bounced=True)
    except smtplib.SMTPResponseException as error:
        return _refused(mail, error.smtp_code, error.smtp_error, bounced=isinstance(error, smtplib.SMTPDataError))
    except (OSError, smtplib.SMTPException) as error:
        return _later(mail, f"{type(error).__name__}: {error}")
    mine.update(state=State.SENT, sent_at=timezone.now(), error="")
    return State.SENT


@transaction.atomic
def _claimed(key: int) -> Mail | None:
    now = timezone.now()
    found = Mail.objects.filter(_open(now), pk=key).select_for_update(skip_locked=True).first()
    if found is not None:
        found.state, found.attempts, found.tried_at = State.SENDING, found.attempts + 1, now
        found.save(update_fields=["state", "attempts", "tried_at"])
    return found


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage(
        mail.subject,
        mail.body,
        from_email=return_path(mail),
        to=[mail.to],
        headers={"From": settings.MAIL_FROM, "Message-ID": f"<{mail.message}>", "Date": _date(mail.created_at)},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT),
    )
    if mail.author_id is None:
        message.extra_headers["Auto-Submitted"] = "auto-generated"
    for file in mail.files.order_by("pk"):
        with file.data.open("rb") as data:
            message.attach(file.name, data.read(), file.kind)
    return message


def _date(at: datetime) -> str:
    return email.utils.format_datetime(timezone.localtime(at))


def return_path(mail: Mail) -> str:
    """Where what cannot be delivered comes back to."""
    name, _at, domain = settings.MAIL_BOUNCES.partition("@")
    return f"{name}+{mail.bounce.hex}@{domain}"


def _refused(mail: Mail, code: int, said: bytes | str, *, bounced: bool) -> str:
    """A "no" of the other server: for now (4xx), or for good; of this address (`bounced`), or of all we send."""
    text = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    if code < 500:
        return _later(mail, text)
    if bounced:
        _came_back(mail.pk, text)
        return State.BOUNCED
    return _given_up(mail, text)


def _later(mail: Mail, text: str) -> str:
    if mail.attempts > len(PAUSES):
        return _given_up(mail, text)
    at = timezone.now() + PAUSES[mail.attempts - 1]
    Mail.objects.filter(pk=mail.pk, state=State.SENDING).update(state=State.QUEUED, next_try_at=at, error=text[:500])
    return State.QUEUED


def _given_up(mail: Mail, text: str) -> str:
    Mail.objects.filter(pk=mail.pk, state=State.SENDING).update(state=State.FAILED, error=text[:500])
    raise_alarm("mail", "server", text[:200])
    return State.FAILED


@transaction.atomic
def _came_back(key: int, text: str) -> None:
    if (
        Mail.objects.filter(pk=key)
        .exclude(state=State.BOUNCED)
        .update(state=State.BOUNCED, bounced_at=timezone.now(), error=text[:500])
    ):
        customer = Mail.objects.values_list("customer", flat=True).get(pk=key)
        webhooks.tell("mail.bounced", {"id": key, "customer": customer, "error": text[:500]})


# -- what comes back -------------------------------------------------------------------------------------------


def take_bounce(raw: bytes) -> Mail | None:
    """Reads a mail that came to the address for undeliverable ones, and notes which of ours it is about; None when of none.

    A report (RFC 3464) says whether it failed or is late; another text counts as a failure unless somebody's holidays wrote it.
    """
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found = next(filter(None, (_mail_of(address) for address in _addresses(message))), None)
    if found is None:
        return None
    reports = list(_reports(message))
    failed = next((one for one in reports if one.get("Action", "").strip().lower() == "failed"), None)
    if failed is not None:
        said = failed.get("Diagnostic-Code", "").partition(";")[2].strip() or failed.get("Status", "")
        _came_back(found.pk, " ".join(str(said).split()))
    elif not reports and message.get("Auto-Submitted", "no").lower() != "auto-replied":
        _came_back(found.pk, str(message.get("Subject", "")))
    elif reports:
        Mail.objects.filter(pk=found.pk).update(error=" ".join(str(reports[0].get("Action", "")).split())[:500])
    found.refresh_from_db()
    return found


def _addresses(message: Message) -> Iterator[str]:
    for header in ("Delivered-To", "X-Original-To", "Envelope-To", "To"):
        yield from map(str, message.get_all(header, []))


def _mail_of(address: str) -> Mail | None:
    key = KEY.search(address.lower())
    return Mail.objects.filter(bounce=uuid.UUID(key[1])).first() if key else None


def _reports(message: Message) -> Iterator[Message]:
    """The blocks of a delivery report that speak of a recipient."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            for block in payload if isinstance(payload, list) else ():
                if block.get("Action"):
                    yield block  # type: ignore[misc]

"""Mails to customers: written here, sent by `crm.services.mailing`."""

import hashlib
import logging
import mimetypes
import uuid
from collections.abc import Collection, Iterable, Mapping
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import CentreSettings
from ccenter.calls.rights import seat_of
from ccenter.office.audit import audit
from ccenter.office.errors import Conflict
from crm import scripts
from crm.models import Customer, Mail, MailFile, MailTemplate, Ticket

log = logging.getLogger(__name__)

MOST_BYTES = 10 * 2**20  # a file
MOST_IN_A_MAIL = 20 * 2**20
MOST_FILES = 10
SAFE_KIND = "application/octet-stream"


def add_file(user: Any, upload: File) -> MailFile:  # type: ignore[type-arg]
    """Keeps a file to attach. What it is follows from its name, never from what the sender says."""
    name = PurePosixPath(str(upload.name).replace("\\", "/")).name.strip()
    name = "".join(c for c in name if c.isprintable())[-120:]
    if not name:
        raise ValidationError({"file": _("The file has no name.")})
    if not 0 < upload.size <= MOST_BYTES:
        raise ValidationError({"file": _("A file may hold up to %(most)s MB.") % {"most": MOST_BYTES // 2**20}})
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    kind = mimetypes.guess_type(name)[0] or SAFE_KIND
    return MailFile.objects.create(name=name, kind=kind, size=upload.size, sha256=digest.hexdigest(), data=upload, author=user)


# -- templates -------------------------------------------------------------------------------------------------


def values_for(
    customer: Customer, language: str, *, agent: str = "", ticket: Ticket | None = None, order: str = ""
) -> dict[str, str]:
    """What the places of a template are filled with."""
    company = CentreSettings.objects.values_list("name", flat=True).first() or ""
    known = scripts.values_for(scripts.Situation(language=language, customer=customer), company=company, agent=agent)
    of_ticket = {"ticket": "", "state": "", "resolution": "", "due": ""}
    if ticket is not None:
        with translation.override("en" if language == "en" else "zh-hans"):
            due = f"{timezone.localtime(ticket.due_at):%Y-%m-%d %H:%M}" if ticket.due_at else ""
            of_ticket = {
                "ticket": ticket.number,
                "state": str(Ticket.State(ticket.state).label),
                "resolution": ticket.resolution,
                "due": due,
            }
    return {**known, **of_ticket, "order": order or (ticket.order if ticket else "")}


def filled(template: MailTemplate, values: Mapping[str, str]) -> tuple[str, str]:
    """Subject and text. Raises ValidationError naming the places that nothing is known for."""
    subject, body = scripts.fill(template.subject, values), scripts.fill(template.body, values)
    if subject is None or body is None:
        places = {*scripts.PLACE.findall(template.subject + template.body)}
        names = ", ".join(sorted(place for place in places if values.get(place) == ""))
        raise ValidationError({"template": _("Nothing is known for these places: %(names)s.") % {"names": names}})
    return " ".join(subject.split())[:200], body


def preview(
    user: Any, template: MailTemplate, customer: Customer, *, ticket: Ticket | None = None, order: str = ""
) -> tuple[str, str]:
    """Subject and text as they would go to this customer. Raises ValidationError."""
    if ticket is not None and ticket.customer_id != customer.pk:
        raise ValidationError({"ticket": _("This ticket is another customer's.")})
    seat = seat_of(user) if user else None
    agent = seat.number if seat else ""
    return filled(template, values_for(customer, template.language, agent=agent, ticket=ticket, order=order))


# -- writing ---------------------------------------------------------------------------------------------------


@transaction.atomic
def write(
    user: Any,
    customer: Customer,
    *,
    template: MailTemplate | None = None,
    subject: str = "",
    body: str = "",
    to: str = "",
    files: Collection[MailFile] = (),
    ticket: Ticket | None = None,
    order: str = "",
) -> Mail:
    """Keeps a mail, and hands it to a worker once it is kept. Without `to` it goes to the customer's address.

    With a template, `subject` and `body` are what the agent made of it, or empty: filled as it is, with its attachments.
    Raises ValidationError by field.
    """
    if template is not None:
        if not template.active:
            raise ValidationError({"template": _("This template is not used any more.")})
        if not subject or not body:
            made = preview(user, template, customer, ticket=ticket, order=order)
            subject, body = subject or made[0], body or made[1]
        files = list({one.pk: one for one in (*template.files.all(), *files)}.values())
    if ticket is not None and ticket.customer_id != customer.pk:
        raise ValidationError({"ticket": _("This ticket is another customer's.")})
    to = to or customer.email
    if not to:
        raise ValidationError({"to": _("This customer has no mail address.")})
    _sized(files)
    mail = Mail(
        customer=customer,
        ticket=ticket,
        order=order,
        template=template,
        to=to,
        subject=subject.strip(),
        body=body,
        author=user,
        message=f"{uuid.uuid4().hex}@{parseaddr(settings.MAIL_FROM)[1].rpartition('@')[2] or 'localhost'}",
    )
    mail.clean_fields(exclude=["customer", "ticket", "template", "author"])
    if "\n" in mail.subject or "\r" in mail.subject:
        raise ValidationError({"subject": _("A subject is one line.")})
    mail.save()
    mail.files.set(files)
    audit(user, "mails.add", mail, {"customer": (None, customer.pk), "template": (None, template.code if template else "")})
    transaction.on_commit(lambda: _hand_over(mail.pk))
    return mail


def _sized(files: Iterable[MailFile]) -> None:
    sizes = [one.size for one in files]
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_IN_A_MAIL:
        most = {"files": MOST_FILES, "size": MOST_IN_A_MAIL // 2**20}
        raise ValidationError({"files": _("At most %(files)s files with %(size)s MB in all.") % most})


@transaction.atomic
def again(user: Any, mail: Mail) -> Mail:
    """One that was given up or came back is tried anew. Raises Conflict for others."""
    mail = Mail.objects.select_for_update().get(pk=mail.pk)
    if mail.state not in (Mail.State.FAILED, Mail.State.BOUNCED):
        raise Conflict({"state": _("This mail is on its way or was sent.")})
    mail.state, mail.attempts, mail.next_try_at, mail.bounced_at = Mail.State.QUEUED, 0, timezone.now(), None
    mail.save(update_fields=["state", "attempts", "next_try_at", "bounced_at"])
    audit(user, "mails.again", mail)
    transaction.on_commit(lambda: _hand_over(mail.pk))
    return mail


def about(ticket: Ticket, situation: str) -> Mail | None:
    """The mail that tells a customer of a ticket; None without an address, or without a template that can be filled."""
    customer = ticket.customer
    if not customer.email:
        return None
    languages = [customer.language or "zh", "zh"]
    templates = MailTemplate.objects.filter(situation=situation, active=True, language__in=languages)
    template = min(templates, key=lambda one: languages.index(one.language), default=None)
    if template is None:
        return None
    try:
        return write(None, customer, template=template, ticket=ticket)
    except ValidationError as error:
        log.warning("no mail about ticket %s: %s", ticket.pk, error)  # no text of it: it names people
        return None


def _hand_over(mail: int) -> None:
    """To a worker at once; without a queue the sweep finds it within a minute."""
    from crm.tasks import send_mail

    try:
        send_mail.delay(mail)
    except Exception as error:
        log.warning("a mail waits for the sweep: %r", error)

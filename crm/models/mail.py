"""Mails to customers."""

import uuid

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models.centre import Language
from ccenter.calls.models.fields import CodeField, code_is_code
from ccenter.office.models import Versioned
from crm.models.customers import Customer
from crm.models.tickets import Ticket


def storage() -> FileSystemStorage:
    """Where attachments lie: no address of the web server leads there."""
    return FileSystemStorage(settings.STATE / "mail", file_permissions_mode=0o600, directory_permissions_mode=0o700)


def place(_file: "MailFile", _name: str) -> str:
    """A name of ours: what people call their files is not for the disk."""
    return f"{timezone.now():%Y/%m}/{uuid.uuid4().hex}"


class MailFile(models.Model):
    """A file to attach. `sha256` of what it holds, in hex."""

    name = models.CharField(_("file name"), max_length=120)
    kind = models.CharField(_("MIME type"), max_length=100)
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(max_length=64)
    data = models.FileField(_("file"), storage=storage, upload_to=place)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("added by"))
    created_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("file to attach")
        verbose_name_plural = _("files to attach")
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="mail_files_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(name__contains="/") & ~Q(name__contains="\\"), name="mail_file_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MailTemplate(Versioned):
    """A mail to fill in. Places as in `Script`, and {ticket} {state} {resolution} {due} {order}.

    `situation`: sent by itself when a ticket comes there; empty: chosen by an agent.
    """

    class Situation(models.TextChoices):
        NONE = "", _("chosen by an agent")
        TAKEN = "taken", _("a ticket was taken")
        SETTLED = "settled", _("a ticket is done")
        CLOSED = "closed", _("a ticket is closed")

    code = CodeField()
    name = models.CharField(_("name"), max_length=80)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.ZH)
    situation = models.CharField(_("sent when"), max_length=8, choices=Situation.choices, blank=True)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=20_000)
    files = models.ManyToManyField(MailFile, blank=True, related_name="+", verbose_name=_("attachments"))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("mail template")
        verbose_name_plural = _("mail templates")
        ordering = ["code"]
        constraints = [
            code_is_code("mail_template"),
            models.CheckConstraint(condition=~Q(subject="") & ~Q(body=""), name="mail_template_text"),
            models.CheckConstraint(condition=~Q(subject__regex=r"[\r\n]"), name="mail_template_subject_is_a_line"),
            models.UniqueConstraint(
                fields=["situation", "language"], condition=~Q(situation="") & Q(active=True), name="one_template_a_situation"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Mail(models.Model):
    """A mail to a customer, sent or to be sent; kept as it was written.

    `message` is its Message-ID without brackets; `bounce` names it in the address that undeliverable mail comes back to.
    `sending`: a worker has it since `tried_at`. `error`: what the other server said. Not tried before `next_try_at`.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("to be sent")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")
        BOUNCED = "bounced", _("came back")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="mails", verbose_name=_("customer"))
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, blank=True, related_name="mails", verbose_name=_("ticket"))
    order = models.CharField(_("order"), max_length=16, blank=True)
    template = models.ForeignKey(
        MailTemplate, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("template")
    )
    to = models.EmailField(_("to"), max_length=200)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"), max_length=20_000)
    files = models.ManyToManyField(MailFile, blank=True, related_name="+", verbose_name=_("attachments"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.QUEUED)
    message = models.CharField(max_length=120, unique=True)
    bounce = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    tried_at = models.DateTimeField(_("last try"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("came back"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="mails_of_a_customer"),
            models.Index(fields=["-created_at", "-id"], name="mails_by_time"),
            models.Index(fields=["next_try_at"], condition=Q(state__in=["queued", "sending"]), name="mails_to_send"),
            models.Index(fields=["to"], condition=Q(state="bounced"), name="mails_that_came_back"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(subject="") & ~Q(body="") & ~Q(to=""), name="mail_text"),
            models.CheckConstraint(condition=~Q(subject__regex=r"[\r\n]"), name="mail_subject_is_a_line"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_sent_has_a_time"),
            models.CheckConstraint(condition=~Q(state="bounced") | Q(bounced_at__isnull=False), name="mail_bounced_has_a_time"),
        ]

    def __str__(self) -> str:
        return self.subject

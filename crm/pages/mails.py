"""Mails to customers: sent, on their way, come back; and the templates they are made from."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import CentreSettings
from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage
from ccenter.office.pages.lists import Column, ListPage
from crm.models import Mail, MailFile, MailTemplate
from crm.pages import service_forms as forms
from crm.pages.service_fields import named
from crm.pages.service_filters import MailFilters
from crm.pages.setting_form import SettingForm
from crm.scripts import PLACE
from crm.selectors import service_lists
from crm.services import mail as services
from crm.services import rows, settings

State = Mail.State
TONES = {State.QUEUED: "accent", State.SENDING: "accent", State.SENT: "good", State.FAILED: "bad", State.BOUNCED: "bad"}
LATEST_FILES = 30  # to choose from for a template
# Whom a template is shown for before it is sent to anybody; what is not here is not known to every mail.
SAMPLE = {
    "zh": {"name": "王芳", "surname": "王", "title": "女士", "salutation": "王女士", "state": "已办结", "resolution": "已换新"},
    "en": {
        "name": "Jane Wang",
        "surname": "Wang",
        "title": "Ms",
        "salutation": "Ms Wang",
        "state": "done",
        "resolution": "replaced",
    },
}
PLACES = {"ticket": "T00000042", "due": "2026-12-01 18:00", "order": "60000012", "agent": "1001"}


def listed() -> QuerySet[Mail]:
    """With customer, author and template, for lists. One query; the files are another."""
    unread = ("customer__pin", "author__password", "author__seat__sip_password")
    rows = Mail.objects.select_related("customer", "author__seat", "template", "ticket")
    return rows.defer(*unread).prefetch_related("files")


def _dress(row: Any) -> None:
    row.tone, row.author_name = TONES[State(row.state)], named(row.author)


AGAIN = Act(
    "again",
    _("Send again"),
    services.again,
    icon="send",
    when=lambda row: row.state in (State.FAILED, State.BOUNCED),
    kind="main",
)


class Mails(ManyActs, ListPage):
    entity, title, icon = "mails", _("Mails"), "mail"
    template = "crm/service_list.html"
    filterset_class = MailFilters
    filters = ("state", "template", "author", "written_since", "written_before")
    search_hint = _("Customer, address, subject")
    ordering = "-created_at"
    row_template = "crm/mail_row.html"
    card = "crm:mail"
    acts = (AGAIN,)
    columns = (
        Column(_("written"), "created_at"), Column(_("state")), Column(_("customer")), Column(_("to")), Column(_("subject")),
        Column(_("ticket")), Column(_("written by")), Column(_("what the other server said")),
    )  # fmt: skip

    def rows(self) -> QuerySet[Mail]:
        return listed()

    def search(self, rows: QuerySet[Mail], text: str) -> QuerySet[Mail]:
        return service_lists.mails(rows, text, self.user)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            _dress(row)
        return {
            "shortcuts": [
                (_("All"), ""),
                (_("To be sent"), "state=queued"),
                (_("Came back"), "state=bounced"),
                (_("Given up"), "state=failed"),
            ]
        }


class MailCard(RowActs, CardPage):
    entity = "mails"
    template, part = "crm/sent_mail.html", "crm/sent_mail_card.html"
    acts = (AGAIN,)

    def rows(self) -> QuerySet[Mail]:
        return listed()

    def more(self, row: Any) -> dict[str, Any]:
        _dress(row)
        return {"files": row.files.all()}


# -- templates -------------------------------------------------------------------------------------------------


def _delete(user: Any, row: MailTemplate) -> None:
    rows.delete(user, "mail_templates", row)


class Templates(ManyActs, ListPage):
    entity, title, icon, side = "mail_templates", _("Mail templates"), "template", True
    template = "crm/wide_side_list.html"
    search_fields = ("name", "subject", "code")
    ordering, row_template = "code", "crm/template_row.html"
    card, new = "crm:mail_template", "crm:mail_template_new"
    columns = (
        Column(_("code"), "code"), Column(_("name")), Column(_("language")), Column(_("sent when")), Column(_("subject")),
        Column(_("attachments"), figures=True),
    )  # fmt: skip
    acts = (Act("delete", _("Delete"), _delete, icon="trash", kind="bad", sure=_("Delete it for good?")),)

    def rows(self) -> QuerySet[MailTemplate]:
        return MailTemplate.objects.prefetch_related("files")


class TemplateForm(SettingForm):
    """Seen by who writes mails, changed by who may; a file that is attached here is kept and chosen."""

    entity, title, form_class = "mail_templates", _("New mail template"), forms.TemplateForm
    part = "crm/template_form.html"
    queryset = MailTemplate.objects.prefetch_related("files")

    def initial(self, row: Any) -> dict[str, Any]:
        return super().initial(row) or {"active": True, "language": "zh"}

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        latest = rights.scoped(self.user, MailFile.objects.all(), "mail_files")[:LATEST_FILES]
        there = [one.pk for one in row.files.all()] if row is not None else []
        form.fields["files"].queryset = MailFile.objects.filter(Q(pk__in=there) | Q(pk__in=[one.pk for one in latest]))
        return form

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        return {"sample": self.sample(form)}

    def sample(self, form: Any) -> tuple[str, str]:
        """Subject and text as a customer would read them; places that are misspelt stay as they are, for all to see."""
        language = "en" if form["language"].value() == "en" else "zh"
        company = CentreSettings.objects.values_list("name", flat=True).first() or "家有好物"
        values = {**SAMPLE[language], **PLACES, "company": company}
        texts = (str(form[name].value() or "") for name in ("subject", "body"))
        subject, body = (PLACE.sub(lambda place: values.get(place[1], place[0]), text) for text in texts)
        return subject, body

    def save(self, row: Any, values: dict[str, Any]) -> MailTemplate:
        files, upload = list(values.pop("files")), values.pop("upload")
        if upload is not None:
            rights.require(self.user, "mail_files.add")
            files.append(services.add_file(self.user, upload))
        return settings.save_template(self.user, row, values, files)

"""A mail to a customer: from a template, or free, with files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages.acts import add_errors
from ccenter.office.pages.cards import RowPage
from ccenter.office.pages.frame import gone_to
from crm.models import Customer, Mail, MailTemplate, Ticket
from crm.services import mail


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list) else [data]
        return [super(FilesField, self).clean(one, initial) for one in files if one]


class MailForm(forms.Form):
    template = forms.ModelChoiceField(
        MailTemplate.objects.filter(active=True), label=_("Template"), required=False, empty_label=_("none: a free mail")
    )
    to = forms.EmailField(label=_("To"), max_length=200)
    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea({"rows": 14}))
    files = FilesField(label=_("Attachments"), required=False)


class WriteMail(RowPage):
    """GET `template`: subject and text as they would go to this customer; `ticket`: what it is about. POST sends it."""

    entity = "customers"
    queryset = Customer.objects.filter(merged_into=None).defer("pin")
    template, part = "crm/mail.html", "crm/mail_part.html"

    def heading(self) -> str:
        return f"{_('Write a mail')} · {self.row().name}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "mails.add")
        row = self.row()
        initial: dict[str, Any] = {"to": request.GET.get("to") or row.email}
        trouble: list[str] = []
        if template := self.template_of(request.GET.get("template", "")):
            initial["template"] = template.pk
            try:
                initial["subject"], initial["body"] = mail.preview(self.user, template, row, ticket=self.ticket())
            except ValidationError as error:
                trouble = error.messages
        else:
            initial |= {name: request.GET[name] for name in ("subject", "body") if name in request.GET}
        return self.drawn(MailForm(initial=initial), template, trouble)

    def drawn(self, form: MailForm, template: MailTemplate | None, trouble: Any = (), status: int = 200) -> HttpResponse:
        files = list(template.files.all()) if template else []
        ticket = self.ticket()
        more = {"form": form, "row": self.row(), "trouble": trouble, "attached": files, "ticket": ticket}
        return self.answer(self.context(**more), status=status)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "mails.add")
        form = MailForm(request.POST, request.FILES)
        template = self.template_of(request.POST.get("template", ""))
        if not form.is_valid():
            return self.drawn(form, template, status=422)
        try:
            with transaction.atomic():
                self.send(form.cleaned_data)
        except Exception as error:
            if not add_errors(form, error):
                raise
            return self.drawn(form, template, status=422)
        return gone_to(reverse("crm:customer", args=[self.row().pk]))

    def send(self, given: dict[str, Any]) -> Mail:
        files = [mail.add_file(self.user, upload) for upload in given.pop("files")]
        return mail.write(self.user, self.row(), files=files, ticket=self.ticket(), **given)

    def template_of(self, key: str) -> MailTemplate | None:
        if not key.isdecimal() or len(key) > 18:
            return None
        return MailTemplate.objects.filter(pk=key, active=True).prefetch_related("files").first()

    def ticket(self) -> Ticket | None:
        """What the mail is about, if the address says so."""
        asked = self.request.POST if self.request.method == "POST" else self.request.GET
        key = asked.get("ticket", "")
        if not key:
            return None
        rows = rights.scoped(self.user, Ticket.objects.filter(customer=self.row()), "tickets")
        found = rows.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
        if found is None:
            raise Http404
        return found

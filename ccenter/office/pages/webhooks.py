"""Webhooks: which programs are told of what, what they were sent, and what could not be."""

import json
from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights, webhooks
from ccenter.office.errors import Conflict
from ccenter.office.filters import Filters, From, Until
from ccenter.office.models import Webhook, WebhookDelivery
from ccenter.office.pages.acts import Act, ManyActs, RowActs
from ccenter.office.pages.cards import CardPage, entries_of
from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import telling
from ccenter.office.pages.lists import Column, ListPage

State = WebhookDelivery.State
STATES = {State.SENT: "good", State.DEAD: "bad"}


def events() -> list[tuple[str, str]]:
    """Each event, and all of a kind."""
    known = webhooks.events()
    kinds = sorted({event.partition(".")[0] for event in known})
    return [
        ("*", _("everything")),
        *((f"{kind}.*", f"{kind}.*") for kind in kinds),
        *((e, f"{e} – {t}") for e, t in known.items()),
    ]


class WebhookForm(forms.Form):
    name = forms.CharField(label=_("name"), max_length=80)
    url = forms.CharField(label=_("Address"), max_length=500, widget=forms.URLInput, help_text=_("Outside the house only https."))
    active = forms.BooleanField(label=_("Active"), required=False)
    events = forms.MultipleChoiceField(label=_("Events"), choices=events, widget=forms.CheckboxSelectMultiple)


def test(user: Any, row: Webhook) -> None:
    if not row.active:
        raise Conflict(_("It is switched off."))
    webhooks.test(row)


class Webhooks(ManyActs, ListPage):
    entity, title, icon = "webhooks", _("Webhooks"), "webhook"
    queryset = Webhook.objects.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=State.WAITING)),
        dead=Count("deliveries", filter=Q(deliveries__state=State.DEAD)),
    )
    search_fields = ("name", "url")
    ordering = "name"
    columns = (
        Column(_("name"), "name"), Column(_("Address")), Column(_("Events")), Column(_("Waiting"), figures=True),
        Column(_("Given up"), figures=True),
    )  # fmt: skip
    row_template = "office/webhook_row.html"
    card, new, side = "office:webhook", "office:webhook_new", True
    acts = (
        Act("test", _("Send a test"), test, "send", icon="send"),
        Act("delete", _("Delete"), webhooks.remove, icon="trash", kind="bad", sure=_("Delete the ticked webhooks?")),
    )


class NewWebhook(FormPage):
    entity, verb, title = "webhooks", "add", _("New webhook")
    form_class = WebhookForm

    def initial(self, row: Any) -> dict[str, Any]:
        return {"active": True}

    def save(self, row: Any, values: dict[str, Any]) -> Webhook:
        return webhooks.add(self.user, values)

    def done(self, row: Webhook) -> HttpResponse:
        return self.told_secret(row)

    def told_secret(self, row: Webhook) -> HttpResponse:
        """The secret, this once."""
        return telling(self.answer(self.context(row=row), template="office/webhook_secret.html"), _("Saved."), rows_changed=True)


class WebhookCard(NewWebhook):
    """What is told to whom. POST `act=new_secret` makes another secret. Who may only see reads the same form."""

    verb = "view"
    queryset = Webhook.objects.all()
    part = "office/webhook_form.html"

    def initial(self, row: Webhook) -> dict[str, Any]:
        return {"name": row.name, "url": row.url, "active": row.active, "events": row.events}

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        for field in form.fields.values():
            field.disabled = not self.may("change")
        return form

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rights.require(self.user, "webhooks.change")
        if request.POST.get("act") != "new_secret":
            return super().post(request, *args, **kwargs)
        row = self.locked()
        self.check_version(row)
        return self.told_secret(webhooks.new_key(self.user, row))

    def save(self, row: Webhook, values: dict[str, Any]) -> Webhook:
        return webhooks.change(self.user, row, values)

    def done(self, row: Webhook) -> HttpResponse:
        return FormPage.done(self, row)

    def more(self, form: Any, row: Webhook) -> dict[str, Any]:
        return {"entries": entries_of(self.user, row)}


class DeliveryFilters(Filters):
    webhook = django_filters.ModelChoiceFilter(label=_("Webhook"), queryset=Webhook.objects.all())
    event = django_filters.CharFilter(label=_("Event"), max_length=60)
    since = From("created_at", label=_("From"))
    until = Until("created_at", label=_("To"))

    class Meta:
        model = WebhookDelivery
        fields = ["state"]


def send_again(user: Any, row: WebhookDelivery) -> None:
    webhooks.send_again(WebhookDelivery.objects.filter(pk=row.pk))


SEND = Act("send", _("Send again"), send_again, icon="refresh", when=lambda row: row.state != State.WAITING)


class Deliveries(ManyActs, ListPage):
    entity, title, icon, saved_as = "webhooks", _("Webhook deliveries"), "send", "webhooks-deliveries"
    queryset = WebhookDelivery.objects.select_related("webhook").defer("body")
    filterset_class = DeliveryFilters
    filters = ("webhook", "state", "event", "since", "until")
    columns = (
        Column(_("Happened"), "id"), Column(_("Webhook")), Column(_("Event")), Column(_("State")),
        Column(_("Attempts"), figures=True), Column(_("Last answer")),
    )  # fmt: skip
    row_template = "office/delivery_row.html"
    card, side = "office:delivery", True
    acts = (SEND,)

    def more(self, rows: list[Any]) -> dict[str, Any]:
        return {"tags": STATES}


class DeliveryCard(RowActs, CardPage):
    entity, queryset = "webhooks", WebhookDelivery.objects.select_related("webhook")
    template, part, place = "office/side_card.html", "office/delivery_card.html", "#record"
    acts = (SEND,)

    def back(self) -> str:
        return reverse("office:deliveries")

    def more(self, row: WebhookDelivery) -> dict[str, Any]:
        return {"body": json.dumps(row.body, ensure_ascii=False, indent=2), "tags": STATES}

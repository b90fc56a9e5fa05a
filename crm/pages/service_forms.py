"""Forms about service. What they clean goes to services, which say whether it fits."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import Queue, SeatGroup
from ccenter.office.models import Branch
from ccenter.office.pages.forms import DayField, MomentField, RowForm
from crm.models import (
    Article,
    Category,
    DueRule,
    Escalation,
    MailFile,
    MailTemplate,
    News,
    Script,
    ServiceRecord,
    Ticket,
)
from crm.pages.service_fields import CategoryField, CustomerField, PersonField, WordsField


def long(rows: int = 4, **attributes: Any) -> forms.Textarea:
    return forms.Textarea({"rows": rows, **attributes})


# -- tickets ---------------------------------------------------------------------------------------------------


class ChangeTicketForm(RowForm):
    category = CategoryField()
    due_at = MomentField(label=_("due"), help_text=_("Empty: as the rules say."))

    class Meta:
        model = Ticket
        fields = ["kind", "severity", "category", "due_at", "order", "product", "text", "inform"]
        widgets = {"text": long(5, autofocus=True)}


class TicketForm(ChangeTicketForm):
    customer = CustomerField()
    owner = PersonField(label=_("owner"))
    branch = forms.ModelChoiceField(
        Branch.objects.filter(active=True),
        required=False,
        empty_label="–",
        label=_("branch"),
        help_text=_("Handed to it at once."),
    )
    call = forms.RegexField(r"^[A-Za-z0-9_-]{0,40}\Z", required=False, widget=forms.HiddenInput)
    field_order = ["customer", "kind", "severity", "category", "text"]


class SayForm(forms.Form):
    """A word with a step, when somebody has one."""

    text = forms.CharField(max_length=4000, required=False, widget=long(3), label=_("a word about it"))


class WhyForm(forms.Form):
    text = forms.CharField(max_length=4000, widget=long(3), label=_("why"))


class SettleForm(forms.Form):
    resolution = forms.CharField(max_length=4000, widget=long(4), label=_("how it was settled"))


class HandForm(forms.Form):
    branch = forms.ModelChoiceField(Branch.objects.filter(active=True), label=_("branch"))
    text = forms.CharField(max_length=4000, required=False, widget=long(3), label=_("a word about it"))


class AssignForm(forms.Form):
    """Empty leaves that side as it is."""

    owner = PersonField(label=_("owner"))
    team = forms.ModelChoiceField(SeatGroup.objects.all(), required=False, empty_label="–", label=_("team"))


class NoteForm(forms.Form):
    text = forms.CharField(max_length=4000, widget=long(3), label=_("note"))


class CallBackForm(forms.Form):
    """`phone`: the key of one of the customer's numbers; the page gives the choices."""

    reason = forms.CharField(max_length=200, label=_("reason"))
    due_at = MomentField(label=_("when"), help_text=_("Empty: at once."))
    phone = forms.ChoiceField(required=False, label=_("number"))
    queue = forms.ModelChoiceField(Queue.objects.only("code", "name"), required=False, empty_label="–", label=_("queue"))


class DueRuleForm(RowForm):
    category = CategoryField()

    class Meta:
        model = DueRule
        fields = ["kind", "category", "severity", "minutes", "calendar"]


class EscalationForm(RowForm):
    to = PersonField(label=_("told"), help_text=_("Nobody: the leads of its team."))

    class Meta:
        model = Escalation
        fields = ["level", "minutes", "least_severity", "raise_severity", "to", "take_over"]
        help_texts = {"minutes": _("Below 0: before it is due.")}


# -- records ---------------------------------------------------------------------------------------------------


class CategoryForm(RowForm):
    parent = CategoryField(label=_("part of"))

    class Meta:
        model = Category
        fields = ["code", "parent", "name_zh", "name_en", "position", "active"]


class RecordForm(RowForm):
    category = CategoryField()
    follow_up = DayField(label=_("follow up on"))
    followed_up = forms.BooleanField(required=False, label=_("followed up"))

    class Meta:
        model = ServiceRecord
        fields = ["category", "result", "summary", "order", "follow_up"]
        widgets = {"summary": long(5)}


# -- knowledge -------------------------------------------------------------------------------------------------


class ArticleForm(RowForm):
    category = CategoryField()
    products = WordsField(longest=16, most=200, label=_("products"), help_text=_("Their numbers, with commas between."))
    question = forms.CharField(max_length=200, label=_("question"))
    answer = forms.CharField(max_length=20_000, widget=long(14), label=_("answer"))
    keywords = WordsField(longest=40, most=50, label=_("key words"), help_text=_("What people call it, with commas between."))
    valid_from = DayField(label=_("valid from"))
    valid_until = DayField(label=_("valid until"))
    field_order = ["question", "answer", "keywords", "category", "products", "language", "valid_from", "valid_until"]

    class Meta:
        model = Article
        fields = ["category", "products", "language"]


class CommentForm(forms.Form):
    comment = forms.CharField(max_length=1000, required=False, widget=long(3), label=_("comment"))


class RefusalForm(forms.Form):
    comment = forms.CharField(max_length=1000, widget=long(3), label=_("why"))


# -- scripts, news, mails --------------------------------------------------------------------------------------


class ScriptForm(RowForm):
    class Meta:
        model = Script
        fields = ["title", "situation", "language", "text", "queue", "label", "audience", "level", "position", "active"]
        widgets = {"text": long(4)}
        help_texts = {"text": _("Places: {name} {surname} {title} {salutation} {company} {agent} {label} {product}")}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        queues = [(one.code, one.name or one.code) for one in Queue.objects.only("code", "name")]
        kept = self.initial.get("queue") or ""
        more = [(kept, kept)] if kept and kept not in dict(queues) else []
        self.fields["queue"] = forms.ChoiceField(choices=[("", _("any")), *queues, *more], required=False, label=_("queue"))


class NewsForm(RowForm):
    groups = forms.ModelMultipleChoiceField(
        SeatGroup.objects.all(), required=False, widget=forms.CheckboxSelectMultiple, label=_("for the groups"),
        help_text=_("None: for everybody."),
    )  # fmt: skip
    from_at = MomentField(label=_("from"), required=True)
    until = MomentField(label=_("until"))
    again = forms.BooleanField(required=False, label=_("has to be read anew"))

    class Meta:
        model = News
        fields = ["title", "text", "must_read", "groups", "from_at", "until"]
        widgets = {"text": long(8)}


class TemplateForm(RowForm):
    files = forms.ModelMultipleChoiceField(
        MailFile.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label=_("attachments")
    )
    upload = forms.FileField(required=False, label=_("attach a file"))

    class Meta:
        model = MailTemplate
        fields = ["code", "name", "language", "situation", "subject", "body", "files", "active"]
        widgets = {"body": long(12)}
        help_texts = {
            "body": _(
                "Places: {name} {surname} {title} {salutation} {company} {agent} {ticket} {state} {resolution} {due} {order}"
            )
        }

"""Tags, and the fields that the centre defines itself."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from ccenter.office import rights
from ccenter.office.pages.acts import Act, ManyActs
from ccenter.office.pages.cards import entries_of
from ccenter.office.pages.forms import FormPage, RowForm
from ccenter.office.pages.lists import Column, ListPage
from crm.models import CustomField, Tag
from crm.services import fields, tags

# -- tags ------------------------------------------------------------------------------------------------------


class TagForm(RowForm):
    colour = forms.CharField(label=_("Colour"), required=False, widget=forms.TextInput({"type": "color"}))
    plain = forms.BooleanField(label=_("Without a colour"), required=False)

    class Meta:
        model = Tag
        fields = ["name", "colour"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.pop("plain", False):
            given["colour"] = ""
        return given


class Tags(ManyActs, ListPage):
    entity, title, icon, side = "tags", _("Tags"), "tags", True
    ordering = "name"
    search_fields = ("name",)
    columns = (Column(_("Name"), "name"), Column(_("Customers"), figures=True))
    row_template = "crm/tags_row.html"
    card, new = "crm:tag", "crm:tag_new"
    acts = (
        Act(
            "delete",
            _("Delete"),
            tags.delete_tag,
            icon="trash",
            kind="bad",
            sure=_("Delete? Customers marked with it lose the mark."),
        ),
    )

    def address(self, row: Any) -> str:
        """Of its form, for who may change it."""
        return super().address(row) if self.may("change") else ""

    def rows(self) -> QuerySet[Tag]:
        return Tag.objects.annotate(many=Count("customers"))


class NewTag(FormPage):
    entity, verb, title, form_class = "tags", "add", _("New tag"), TagForm

    def initial(self, row: Any) -> dict[str, Any]:
        return {"plain": True}

    def save(self, row: Any, values: dict[str, Any]) -> Tag:
        return tags.add_tag(self.user, values)


class ChangeTag(FormPage):
    entity, queryset, form_class = "tags", Tag.objects.all(), TagForm

    def initial(self, row: Tag) -> dict[str, Any]:
        return {"name": row.name, "colour": row.colour, "plain": not row.colour}

    def save(self, row: Tag, values: dict[str, Any]) -> Tag:
        return tags.change_tag(self.user, row, values)


# -- own fields ------------------------------------------------------------------------------------------------


class FieldForm(RowForm):
    """`choices`: one on a line. `default` as one writes it: "yes", "2026-12-31"."""

    choices = forms.CharField(
        label=_("Choices"), help_text=_("One on each line."), required=False, widget=forms.Textarea({"rows": 5})
    )
    default = forms.CharField(label=_("Default"), help_text=_("yes, 12, 2026-12-31 …"), max_length=500, required=False)
    visible_to = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label=_("Visible to"),
        help_text=_("Nobody ticked: everybody."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = CustomField
        fields = [
            "name_zh", "name_en", "code", "kind", "group", "position", "choices", "default", "required", "searchable", "active",
            "visible_to",
        ]  # fmt: skip

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        labels = rights.ROLES
        self.fields["visible_to"].label_from_instance = lambda group: labels.get(group.name, group.name)  # type: ignore[attr-defined]

    def clean_choices(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "default" in given and "kind" in given and "choices" in given:
            field = CustomField(code=given.get("code", ""), kind=given["kind"], choices=given["choices"])
            try:
                given["default"] = fields.value_of(field, given["default"], written=True)
            except forms.ValidationError as error:
                self.add_error("default", error)
        if "visible_to" in given:
            given["visible_to"] = list(given["visible_to"])
        return given


class Fields(ManyActs, ListPage):
    entity, title, icon, side = "custom_fields", _("Own fields"), "forms", True
    queryset = CustomField.objects.prefetch_related("visible_to")
    ordering = "position"
    search_fields = ("code", "name_zh", "name_en")
    columns = (
        Column(_("Place"), "position", figures=True),
        Column(_("Name")),
        Column(_("Code")),
        Column(_("Kind")),
        Column(_("Group")),
        Column(_("Visible to")),
        Column(""),
    )
    row_template = "crm/fields_row.html"
    card, new = "crm:field", "crm:field_new"
    acts = (
        Act("on", _("Switch on"), lambda user, row: fields.change_field(user, row, {"active": True}), verb="change"),
        Act("off", _("Switch off"), lambda user, row: fields.change_field(user, row, {"active": False}), verb="change"),
        Act(
            "delete",
            _("Delete"),
            fields.delete_field,
            icon="trash",
            kind="bad",
            sure=_("Delete? Only fields that no customer has a value of can go."),
        ),
    )

    def address(self, row: Any) -> str:
        """Of its form, for who may change it."""
        return super().address(row) if self.may("change") else ""

    def more(self, rows: list[Any]) -> dict[str, Any]:
        for row in rows:
            row.readers = [rights.ROLES.get(group.name, group.name) for group in row.visible_to.all()]
        return {}


class NewField(FormPage):
    entity, verb, title, form_class = "custom_fields", "add", _("New field"), FieldForm

    def initial(self, row: Any) -> dict[str, Any]:
        return {"active": True, "kind": "text", "position": 0}

    def save(self, row: Any, values: dict[str, Any]) -> CustomField:
        return fields.add_field(self.user, values)


class ChangeField(FormPage):
    entity, queryset, form_class = "custom_fields", CustomField.objects.all(), FieldForm
    part = "crm/field_form.html"

    def form(self, row: Any, data: Any = None) -> Any:
        """Code and kind stay for ever."""
        form = super().form(row, data)
        form.fields["code"].disabled = form.fields["kind"].disabled = True
        return form

    def initial(self, row: CustomField) -> dict[str, Any]:
        written = {True: "yes", False: "no", None: ""}
        default = written[row.default] if row.default is None or isinstance(row.default, bool) else str(row.default)
        return {**super().initial(row), "choices": "\n".join(row.choices), "default": default}

    def save(self, row: CustomField, values: dict[str, Any]) -> CustomField:
        return fields.change_field(self.user, row, values)

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        return {"entries": entries_of(self.user, row)}

"""Forms: a new row, or one that is changed.

    class BranchForm(RowForm): ...                        # a ModelForm, or a forms.Form
    class ChangeBranch(FormPage):
        entity, verb, queryset, form_class = "branches", "change", Branch.objects.all(), BranchForm
        def save(self, row, values): return services.change_branch(self.user, row, values)
        def done(self, row): return gone_to(reverse("office:branch", args=[row.pk]))

Without `key` in the address, and with the verb "add", it is the form of a new row: `save(None, values)`. What a service
refuses stands at its field; what somebody else changed meanwhile is told, and what was written stays.
"""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ccenter.office import rights
from ccenter.office.pages.acts import add_errors
from ccenter.office.pages.cards import RowPage
from ccenter.office.pages.frame import said, stale_text
from ccenter.office.rest import shown


class MaskedField(forms.CharField):
    """A text that some roles read masked: left as it was shown, it stays as it is. `kind`: "number" or "address"."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        self.masked = ""  # as this user was shown it
        super().__init__(**options)

    def left(self, text: Any) -> bool:
        return bool(self.masked) and "****" in self.masked and text == self.masked

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if "****" in text and not self.left(text):
            raise ValidationError(_("This is masked: write it whole, or leave it as it is."))
        return text


class MomentField(forms.DateTimeField):
    """A time of the centre, to the minute."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(**{"required": False, "widget": widget, **options})


class DayField(forms.DateField):
    """A day of the centre."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "widget": forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options})


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of a model with their validators, and no row: a service writes it, the database says what is there already."""

    def _post_clean(self) -> None:
        columns = {one.name: one for one in self._meta.model._meta.concrete_fields}
        for name, value in list(self.cleaned_data.items()):
            column = columns.get(name)
            if column is None or column.is_relation or value in column.empty_values or isinstance(self.fields[name], MaskedField):
                continue
            try:
                column.clean(value, None)
            except ValidationError as error:
                self.add_error(name, error)


class FormPage(RowPage):
    verb = "change"
    template, part = "office/form.html", "office/form_part.html"
    form_class: ClassVar[type[forms.BaseForm]]
    button: ClassVar[Any] = gettext_lazy("Save")

    def initial(self, row: Any) -> dict[str, Any]:
        """What the form shows first; `row` None: of a new one."""
        return model_to_dict(row) if row is not None else {}

    def form(self, row: Any, data: Any = None) -> Any:
        """The form; here a page gives it its choices. Files come with the request."""
        initial = self.initial(row)
        form = self.form_class(data, self.request.FILES if data is not None else None, initial=initial)
        for name, field in form.fields.items():
            if isinstance(field, MaskedField) and initial.get(name):
                field.masked = form.initial[name] = shown(self.user, field.kind, initial[name])
        return form

    def save(self, row: Any, values: dict[str, Any]) -> Any:
        """Writes by a service, and gives the row."""
        raise NotImplementedError

    def done(self, row: Any) -> HttpResponse:
        """The answer when it is saved."""
        return said(_("Saved."), rows_changed=True, close_record=True)

    def values(self, form: Any) -> dict[str, Any]:
        """What was written; without masked texts that were left as they were."""
        left = {n for n, f in form.fields.items() if isinstance(f, MaskedField) and f.left(form.cleaned_data.get(n))}
        return {name: value for name, value in form.cleaned_data.items() if name not in left}

    def old_row(self) -> Any:
        return self.row() if "key" in self.kwargs else None

    def heading(self) -> str:
        row = self.old_row()
        return str(row) if row is not None else str(self.title)

    def show(self, form: Any, row: Any, *, told: str = "", status: int = 200) -> HttpResponse:
        context = self.context(
            form=form, row=row, version=self.version(row) if row is not None else "", told=told, **self.more(form, row)
        )
        return self.answer(context, status=status)

    def more(self, form: Any, row: Any) -> dict[str, Any]:
        """More for the templates."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.old_row()
        return self.show(self.form(row), row)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        row = self.locked() if "key" in self.kwargs else None
        if row is not None:
            rights.require(self.user, f"{self.entity}.{self.verb}", row)
        form = self.form(row, request.POST)
        if row is not None and self.stale(row):
            return self.show(form, row, told=stale_text(row), status=409)
        if not form.is_valid():
            return self.show(form, row, status=422)
        try:
            with transaction.atomic():
                saved = self.save(row, self.values(form))
        except Exception as error:
            if not add_errors(form, error):
                raise
            return self.show(form, row, status=422)
        return self.done(saved)

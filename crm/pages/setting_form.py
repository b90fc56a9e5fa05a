"""Forms of what a centre sets up: changed by who may, seen by the others."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ccenter.office.pages.forms import FormPage
from ccenter.office.pages.frame import SAFE


class SettingForm(FormPage):
    """`looks`: who opened it may see the row and not change it, so nothing can be written into the form. `shown`: whether it is
    for them at all."""

    part = "crm/setting_form.html"
    shown: ClassVar[bool] = True
    looks = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.shown and request.method in SAFE and "key" in kwargs:
            self.verb = "view"  # type: ignore[misc]
        return super().dispatch(request, *args, **kwargs)

    def form(self, row: Any, data: Any = None) -> Any:
        form = super().form(row, data)
        for name in ("category", "parent"):
            if name in form.fields and row is not None:
                form.fields[name].kept = getattr(row, f"{name}_id")  # one that was retired may stay where it is
        self.looks = row is not None and not self.may("change", row)
        if self.looks:
            for field in form.fields.values():
                field.disabled = True
        return form

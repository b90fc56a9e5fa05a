"""What templates of pages use: the menu, fields, masked texts."""

from typing import Any

from django import forms, template
from django.utils.safestring import SafeString

from ccenter.calls.tokens import spelt
from ccenter.office import rest, rights
from ccenter.office.pages import menu as all_pages

register = template.Library()


@register.inclusion_tag("office/menu.html", takes_context=True)
def menu(context: Any, shape: str = "bar") -> dict[str, Any]:
    """The pages this user may open. `shape`: "bar" one list a group, "button" all behind one button."""
    request = context["request"]
    return {"groups": all_pages.entries(request.user), "shape": shape, "path": request.path}


@register.filter
def dressed(field: Any) -> SafeString:
    """A form's field as our pages draw fields; days and times as the browser asks for them."""
    widget = field.field.widget
    if isinstance(widget, forms.DateTimeInput):
        widget.input_type, widget.format = "datetime-local", "%Y-%m-%dT%H:%M"
    elif isinstance(widget, forms.DateInput):
        widget.input_type, widget.format = "date", "%Y-%m-%d"
    elif isinstance(widget, forms.Textarea):
        widget.attrs.setdefault("rows", 3)
    plain = isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect)
    attrs = {} if plain else {"class": "in"}
    if field.errors:
        attrs["aria-invalid"] = "true"
    drawn: SafeString = field.as_widget(attrs=attrs)
    return drawn


@register.filter
def shape(field: Any) -> str:
    """How a field stands in a form: "check", "many" (boxes under each other), "text" (wide), or ""."""
    match field.field.widget:
        case forms.CheckboxInput():
            return "check"
        case forms.CheckboxSelectMultiple() | forms.RadioSelect():
            return "many"
        case forms.Textarea():
            return "text"
    return ""


@register.simple_tag(takes_context=True)
def shown(context: Any, kind: str, text: str) -> str:
    """A number as one dials it here, or an address, as this reader sees it: {% shown "number" row.phone %}."""
    return rest.shown(context["request"].user, kind, spelt(text) if kind == "number" else text)


@register.filter
def action_title(action: str) -> str:
    """What an action is called: "customers: import"."""
    return str(rights.title_of(action))

"""The forms of the rules for callbacks: how they are written. What of it is possible, `ruling` says."""

import re
from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ccenter.acd.config import OWED, CallbackRules
from ccenter.calls.models import Calendar, CentreSettings, Flow, Number, Queue, Surge, Trunk
from ccenter.calls.outcomes import SOURCES
from ccenter.desktop.callbacks.ruling import LIMITS, LONGEST_PROMPT, NEED_CONSENT, OF_CENTRE, RETRIED, check_pauses
from ccenter.desktop.callbacks.words import KINDS, RESULTS
from ccenter.office.pages.forms import RowForm

MODES = (
    ("pull", _("agents ask for the next")),
    ("preview", _("shown to an idle agent")),
    ("progressive", _("dialled by itself")),
)
FIRST = (("agent", _("the agent")), ("caller", _("the customer")))
AGAINST = (("callers_first", _("callers")), ("by_age", _("who asked earlier")), ("callbacks_first", _("callbacks")))


def _within(name: str, unit: int = 1) -> dict[str, Any]:
    """The limits of a rule, for its field; `unit` seconds."""
    low, high = LIMITS[name]
    return {"min_value": low / unit if unit > 1 else low, "max_value": high / unit if unit > 1 else high}


class MinutesField(forms.CharField):
    """Pauses in minutes, "2, 10, 30", as seconds; empty: not again."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{seconds / 60:g}" for seconds in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        words = [word for word in re.split(r"[,;，；、\s]+", str(value or "").strip()) if word]
        try:
            pauses = [float(word) * 60 for word in words]
        except ValueError:
            raise ValidationError(_("Minutes, with commas between: 2, 10, 30")) from None
        check_pauses(pauses)
        return pauses

    def validate(self, value: Any) -> None:
        """An empty list is one."""


class QueueRulesForm(forms.Form):
    mode = forms.ChoiceField(label=_("Worked off"), choices=MODES)
    in_turn = forms.BooleanField(label=_("who asked while waiting is called when it is their turn"), required=False)
    first = forms.ChoiceField(label=_("Rung first"), choices=FIRST)
    against_callers = forms.ChoiceField(label=_("A free agent serves first"), choices=AGAINST)
    calendar = forms.ChoiceField(label=_("Hours, on the customer's clock"), required=False)
    caller_id = forms.ChoiceField(label=_("Number shown"), required=False)
    most_attempts = forms.IntegerField(label=_("Attempts in all"), **_within("most_attempts"))
    expire_days = forms.FloatField(label=_("Given up after days"), **_within("expire_seconds", 86400))
    no_answer = MinutesField(label=_("After no answer, again in minutes"), required=False)
    busy = MinutesField(label=_("After busy"), required=False)
    machine = MinutesField(label=_("After an answering machine"), required=False)
    failed = MinutesField(label=_("After a failure"), required=False)
    ring_seconds = forms.FloatField(label=_("Rings for seconds"), **_within("ring_seconds"))
    preview_seconds = forms.FloatField(label=_("Shown for seconds"), **_within("preview_seconds"))
    skip_seconds = forms.FloatField(label=_("After a skip left alone, seconds"), **_within("skip_seconds"))
    result_seconds = forms.FloatField(label=_("Time for the result, seconds"), **_within("result_seconds"))
    own_agent_minutes = forms.FloatField(label=_("Own follow-ups kept for minutes"), **_within("own_agent_seconds", 60))
    detect = forms.BooleanField(label=_("find answering machines out"), required=False)
    detect_seconds = forms.FloatField(label=_("Longest for that, seconds"), **_within("detect_seconds"))
    on_machine = forms.CharField(label=_("Prompt for the machine"), required=False, max_length=LONGEST_PROMPT)
    greeting = forms.CharField(label=_("Prompt for who is rung first"), required=False, max_length=LONGEST_PROMPT)
    survey = forms.ModelChoiceField(Flow.objects.all(), label=_("Survey after the call"), required=False, to_field_name="code")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        calendars = [(code, name or code) for code, name in Calendar.objects.values_list("code", "name")]
        numbers = [(number, f"{number} {name}".strip()) for number, name in Number.objects.values_list("number", "name")]
        self._choices("calendar", ("", _("always")), calendars)
        self._choices("caller_id", ("", _("the number they called")), numbers)

    def _choices(self, name: str, empty: tuple[str, Any], choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        there = self.initial.get(name, "")
        known = {code for code, _name in choices}
        field.choices = [empty, *choices, *([(there, there)] if there and there not in known else [])]

    @staticmethod
    def first_values(queue: Queue) -> dict[str, Any]:
        rules = msgspec.convert(queue.callbacks, CallbackRules)
        told = {name: getattr(rules, name) for name in rules.__struct_fields__}
        told |= {name: list(rules.retries.get(name, ())) for name in RETRIED}
        told["expire_days"] = round(rules.expire_seconds / 86400, 2)
        told["own_agent_minutes"] = round(rules.own_agent_seconds / 60, 2)
        told["survey"] = queue.survey.code if queue.survey else ""
        return told

    @staticmethod
    def rules_of(given: dict[str, Any]) -> dict[str, Any]:
        """For `ruling.change_queue`."""
        rules = dict(given)
        rules["expire_seconds"] = rules.pop("expire_days") * 86400
        rules["own_agent_seconds"] = rules.pop("own_agent_minutes") * 60
        return {**rules, "retries": {name: rules.pop(name) for name in RETRIED}}


class KeptForm(RowForm):
    class Meta:
        model = Trunk
        fields = ["capacity", "kept"]


class CurveField(forms.CharField):
    """ "80:20, 90:60, 100:100": from a use of 80 % on 20 % of the calls are taken …; as shares of one."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return ", ".join(f"{use * 100:g}:{share * 100:g}" for use, share in value)

    def to_python(self, value: Any) -> Any:
        points = [word for word in re.split(r"[,;，；、\s]+", str(value or "").replace("：", ":").strip()) if word]
        try:
            return [[round(float(part.rstrip("%")) / 100, 4) for part in (*point.split(":"), "")[:2]] for point in points]
        except ValueError:
            raise ValidationError(_("Points like 80:20, 90:60, 100:100 — percent of use, and percent of calls taken.")) from None


class SurgeForm(RowForm):
    curve = CurveField(
        label=_("Curve"), help_text=_("Percent of lines in use : percent of calls taken. Nothing is taken below the first.")
    )
    exempt_priority = forms.IntegerField(
        label=_("Not callers of this priority or more"), required=False, help_text=_("VIP: 3"), **_within("exempt_priority")
    )

    class Meta:
        model = Surge
        fields = [
            "code", "name", "enabled", "position", "curve", "hysteresis", "every", "trunks", "numbers", "lines",
            "exempt_priority", "exempt_orders", "exempt_seconds", "flow",
        ]  # fmt: skip
        widgets = {"trunks": forms.CheckboxSelectMultiple, "numbers": forms.CheckboxSelectMultiple}


class CentreForm(RowForm):
    owes = forms.MultipleChoiceField(
        label=_("who is called back"),
        choices=[(code, SOURCES[code]) for code in OWED],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    needs_consent = forms.MultipleChoiceField(
        label=_("calls that need consent"),
        help_text=_("Only customers who agree to be called are. Who asked for a callback has agreed to that one call."),
        choices=[(code, KINDS[code]) for code in NEED_CONSENT],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = CentreSettings
        fields = OF_CENTRE


def pauses(rules: CallbackRules) -> str:
    """Retries in a line: "no answer 15, 60 · busy 2, 10, 30"."""
    field = MinutesField()
    return " · ".join(
        f"{RESULTS[name]} {field.prepare_value(list(rules.retries[name]))}" for name in RETRIED if rules.retries.get(name)
    )

"""What kinds, states, results and reasons of callbacks are called."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.calls import reasons

KINDS: dict[str, Promise] = {
    "callback": _("callback"),
    "follow_up": _("follow-up"),
    "visit": _("follow-up visit"),
    "survey": _("survey"),
    "reminder": _("reminder"),
    "campaign": _("campaign"),
}
RESULTS: dict[str, Promise] = {
    "done": _("done"),
    "no_answer": _("no answer"),
    "busy": _("busy"),
    "machine": _("answering machine"),
    "failed": _("did not get through"),
    "wrong_number": _("wrong number"),
    "refused": _("does not want it"),
    "do_not_call": _("never call again"),
    "later": _("call later"),
}
REASONS: dict[str, Promise] = {
    **RESULTS,
    "skipped": _("skipped"),
    "agent_gone": _("the agent was gone"),
    "no_trunk": _("no line was free"),
    "no_route": _("no line leads there"),
    "called_in": _("rang in again"),
    "attempts": _("tried often enough"),
    "expired": _("too old"),
    "moved": _("became part of another"),
    "cancelled": _("cancelled"),
    "reached": _("Reached"),
    "unreached": _("Not reached"),
    "not_wanted": _("Not wanted any more"),
    "duplicate": _("Already done"),
}
CLOSINGS = ("reached", "unreached", "not_wanted", "duplicate")  # what somebody says who closes one without a call
BY_AGENT = ("done", "no_answer", "busy", "machine", "wrong_number", "refused", "do_not_call")  # buttons; `later` has a time


def kind(code: str) -> str:
    return str(KINDS.get(code, code))


def result(code: str) -> str:
    return str(REASONS.get(code) or reasons.TEXTS.get(code) or code)


def ago(seconds: float) -> str:
    """How long something is ago, in one word: "12 min"."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 60:
        return gettext("%(count)s min") % {"count": minutes}
    if minutes < 48 * 60:
        return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}
    return gettext("%(count)s days") % {"count": minutes // 1440}

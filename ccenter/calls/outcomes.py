"""How calls end, and why we owe somebody one, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OUTCOMES: dict[str, Promise] = {
    "ANSWERED": _("answered"),
    "ABANDONED": _("gave up"),
    "CALLBACK": _("callback promised"),
    "OVERFLOWED": _("passed on"),
    "BLOCKED": _("blocked"),
    "VOICEMAIL": _("left a message"),
    "SELF_SERVED": _("self-service"),
    "NO_ANSWER": _("no answer"),
    "FAILED": _("failed"),
}
SOURCES: dict[str, Promise] = {
    "asked": _("asked for a call"),
    "surge": _("was promised a call by the machine"),
    "menu": _("hung up in the menu"),
    "failed": _("could not be connected"),
    "blocked": _("no line was free"),
    "task": _("task"),
    "voicemail": _("left a message"),
    "abandoned": _("gave up waiting"),
    "closed": _("called out of hours"),
    "last_resort": _("called during a failure"),
}


def outcome(code: str) -> str:
    return str(OUTCOMES.get(code, code))


def source(code: str) -> str:
    return str(SOURCES.get(code, code))

"""How calls end, in words."""

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


def outcome(code: str) -> str:
    return str(OUTCOMES.get(code, code))

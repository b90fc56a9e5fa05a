"""Codes of the record in the reader's words."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ccenter.calls.outcomes import outcome, source

__all__ = ["Words", "outcome", "source"]

LOOKUPS: dict[str, Promise] = {
    "member": _("member number"),
    "member_pin": _("member number and PIN"),
    "order_status": _("order state"),
    "points": _("points"),
}
TARGETS: dict[str, Promise] = {
    "voicemail": _("voicemail"),
    "callback": _("callback"),
    "menu": _("menu"),
    "end": _("end"),
}


class Words:
    """A call's steps in words. `queues`, `flows` and `agents` are names by code; `number` says a telephone number."""

    def __init__(self, queues: Mapping[str, str], flows: Mapping[str, str], agents: Mapping[str, str], number: Any) -> None:
        self.queues, self.flows, self.agents, self.number = queues, flows, agents, number
        self._flow = ""

    def of(self, step: Mapping[str, Any]) -> str:
        """What a step says; "" for what only a machine wants to know."""
        say = getattr(self, "_" + step["step"], None)
        return say(step) if say else ""

    def queue(self, code: str) -> str:
        return self.queues.get(code) or code

    def agent(self, number: str) -> str:
        return f"{number} {self.agents.get(number, '')}".rstrip()

    def target(self, written: str) -> str:
        """ "queue:service", "agent:1001", "number:138...", "flow:main"."""
        kind, _colon, name = written.partition(":")
        match kind:
            case "queue":
                return self.queue(name)
            case "agent":
                return self.agent(name)
            case "flow":
                return self.flows.get(name) or name
            case "number":
                return str(self.number(name))
        return str(TARGETS.get(kind, kind))

    def _node(self, step: Mapping[str, Any]) -> str:
        if step["flow"] == self._flow:
            return ""
        self._flow = step["flow"]
        return self.flows.get(self._flow) or self._flow

    def _key(self, step: Mapping[str, Any]) -> str:
        return gettext("key %(key)s") % {"key": step["key"]} if step["key"] else ""

    def _lookup(self, step: Mapping[str, Any]) -> str:
        if step["kind"] not in LOOKUPS:
            return ""
        what = {"what": LOOKUPS[step["kind"]]}
        return gettext("%(what)s: found") % what if step["result"] == "found" else gettext("%(what)s: not found") % what

    def _queue(self, step: Mapping[str, Any]) -> str:
        return gettext("waits: %(queue)s") % {"queue": self.queue(step["queue"])}

    def _requeue(self, step: Mapping[str, Any]) -> str:
        return gettext("waits again: %(queue)s") % {"queue": self.queue(step["queue"])}

    def _exit(self, step: Mapping[str, Any]) -> str:
        return gettext("left the queue: %(queue)s") % {"queue": self.queue(step["queue"])}

    def _overflow(self, step: Mapping[str, Any]) -> str:
        return gettext("passed on to %(target)s") % {"target": self.target(step["target"])}

    def _talk(self, step: Mapping[str, Any]) -> str:
        return gettext("talks with %(agent)s") % {"agent": self.agent(step["agent"])}

    def _reached(self, step: Mapping[str, Any]) -> str:
        return gettext("reached %(number)s") % {"number": self.number(step["number"])}

    def _transfer(self, step: Mapping[str, Any]) -> str:
        whom = {"agent": self.agent(step["agent"]), "target": self.target(step["target"])}
        return gettext("%(agent)s transfers to %(target)s") % whom

    def _transfer_failed(self, step: Mapping[str, Any]) -> str:
        return gettext("not taken by %(target)s") % {"target": self.target(step["target"])}

    def _consult(self, step: Mapping[str, Any]) -> str:
        return gettext("asks %(target)s") % {"target": self.target(step["target"])}

    def _conference(self, step: Mapping[str, Any]) -> str:
        return gettext("conference with %(target)s") % {"target": self.target(step["target"])}

    def _invited(self, step: Mapping[str, Any]) -> str:
        return gettext("invites %(target)s") % {"target": self.target(step["target"])}

    def _came(self, step: Mapping[str, Any]) -> str:
        return gettext("%(target)s joins") % {"target": self.target(step["party"])}

    def _not_come(self, step: Mapping[str, Any]) -> str:
        return gettext("%(target)s did not come") % {"target": self.target(step["party"])}

    def _away(self, step: Mapping[str, Any]) -> str:
        return gettext("the phone of %(agent)s was lost") % {"agent": self.agent(step["agent"])}

    def _callback(self, step: Mapping[str, Any]) -> str:
        return gettext("callback promised")

    def _voicemail(self, step: Mapping[str, Any]) -> str:
        return gettext("left a message")

    def _end(self, step: Mapping[str, Any]) -> str:
        return gettext("the call ended")

"""Names, categories and scripts: the same for everybody, changed now and then, needed by every pop.

Read once in a few seconds for the whole process: on a busy machine each question to the database costs a pop a millisecond.
"""

import time
from typing import NamedTuple

from ccenter.calls.models import Agent, CentreSettings, Flow, Queue
from crm.models import Script
from crm.selectors import Tree, tree

KEPT = 5.0  # seconds


class Guides(NamedTuple):
    """Names by code or number; `company` as it calls itself; all scripts in use."""

    queues: dict[str, str]
    flows: dict[str, str]
    agents: dict[str, str]
    company: str
    tree: Tree
    scripts: list[Script]


_last: tuple[float, Guides] | None = None


def guides() -> Guides:
    """As they were at most KEPT seconds ago."""
    global _last  # noqa: PLW0603  one value for the process; two threads that read it anew do no harm
    last, now = _last, time.monotonic()
    if last is not None and now - last[0] < KEPT:
        return last[1]
    fresh = Guides(
        queues=dict(Queue.objects.values_list("code", "name")),
        flows=dict(Flow.objects.values_list("code", "name")),
        agents=dict(Agent.objects.values_list("number", "name")),
        company=CentreSettings.objects.values_list("name", flat=True).first() or "",
        tree=tree(),
        scripts=list(Script.objects.filter(active=True)),
    )
    _last = (now, fresh)
    return fresh

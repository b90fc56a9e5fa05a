"""Is a flow fit to meet callers? Everything it names exists, every step can be reached, and no step is the last."""

import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from ccenter.acd import config as acd


class Problem(NamedTuple):
    """`node` is "" when the flow as a whole is meant; `code` is for programs, `text` for people."""

    node: str
    code: str
    text: str


class Known(NamedTuple):
    """What a flow may refer to."""

    queues: frozenset[str]
    flows: frozenset[str]
    agents: frozenset[str]
    calendars: frozenset[str]
    prompts: frozenset[str]
    lookups: frozenset[str]


# -- what a node names ------------------------------------------------------------------------------------------


def exits(node: acd.AnyNode) -> list[str]:
    """The nodes that may come next in the same flow."""
    match node:
        case acd.SayNode(next=following) | acd.RecordNode(next=following) | acd.SetNode(next=following):
            return [following]
        case acd.MenuNode():
            return [*node.choices.values(), *_given(node.failed)]
        case acd.CollectNode():
            return [node.next, *_given(node.failed)]
        case acd.HoursNode():
            return [node.open, node.closed, *_given(node.holiday)]
        case acd.LookUpNode():
            return [node.found, node.missing, *_given(node.failed)]
        case acd.BranchNode():
            return [*node.cases.values(), node.default]
        case acd.GoNode():
            return _given(node.back)
        case _:
            return []


def _given(name: str | None) -> list[str]:
    return [] if name is None else [name]


def _leaves(node: acd.AnyNode) -> bool:
    """Whether the caller can get out of the flow here."""
    if isinstance(node, acd.MenuNode | acd.CollectNode):
        return node.failed is None
    return isinstance(node, acd.GoNode | acd.HangUpNode)


def _waits(node: acd.AnyNode) -> bool:
    """Whether time passes here: a prompt, the caller's keys, an answer."""
    return isinstance(node, acd.MenuNode | acd.CollectNode | acd.LookUpNode) or bool(getattr(node, "prompts", ()))


def _spoken(node: acd.AnyNode) -> Iterator[str]:
    for name in ("prompts", "invalid", "silence"):
        for phrase in getattr(node, name, ()):
            prompt = phrase if isinstance(phrase, str) else phrase.value if phrase.kind == "prompt" else "$"
            if not prompt.startswith("$"):
                yield prompt


def target_problems(target: acd.AnyTarget | None, known: Known, node: str = "") -> list[Problem]:
    """What a target names that is not there."""
    match target:
        case acd.ToQueue(queue=code) if code not in known.queues:
            return [Problem(node, "no_queue", _("There is no queue “%s”.") % code)]
        case acd.ToFlow(flow=code) if code not in known.flows:
            return [Problem(node, "no_flow", _("There is no flow “%s”, or none of its versions is live.") % code)]
        case acd.ToAgent(agent=code) if code not in known.agents:
            return [Problem(node, "no_agent", _("There is no agent “%s”.") % code)]
        case acd.ToVoicemail(mailbox=code) if code.removeprefix("agent:") not in known.queues | known.agents:
            return [Problem(node, "no_mailbox", _("There is no queue or agent “%s” to leave a message for.") % code)]
        case acd.ToEnd(prompt=str(code)) if code not in known.prompts:
            return [Problem(node, "no_prompt", _("There is no prompt “%s”.") % code)]
        case _:
            return []


# -- the check --------------------------------------------------------------------------------------------------


def check(flow: acd.Flow, known: Known) -> list[Problem]:
    """What is wrong with a flow, in the order of its nodes; empty when it may go live."""
    if flow.start not in flow.nodes:
        return [Problem("", "no_start", _("The flow starts at “%s”, which is not there.") % flow.start)]
    known = known._replace(flows=known.flows | {flow.code})
    reached = _closure([flow.start, *_entered_from_itself(flow)], {name: exits(node) for name, node in flow.nodes.items()})
    problems = target_problems(flow.human, known)
    ways_out = [name for name, node in flow.nodes.items() if _leaves(node)]
    back: dict[str, list[str]] = {}
    for name, node in flow.nodes.items():
        for following in exits(node):
            back.setdefault(following, []).append(name)
    escape = _closure(ways_out, back)
    for name, node in flow.nodes.items():
        problems += [
            Problem(name, "no_node", _("Step “%(step)s” goes on to “%(next)s”, which is not there.") % {"step": name, "next": n})
            for n in exits(node)
            if n not in flow.nodes
        ]
        problems += _own_problems(name, node, known)
        if name not in reached:
            problems.append(Problem(name, "unreachable", _("Step “%s” is never reached.") % name))
        elif name not in escape:
            problems.append(Problem(name, "dead_end", _("From step “%s” no way leads out of the flow.") % name))
    return problems + _circles(flow)


def _own_problems(name: str, node: acd.AnyNode, known: Known) -> list[Problem]:
    found = [
        Problem(name, "no_prompt", _("There is no prompt “%s”.") % prompt)
        for prompt in _spoken(node)
        if prompt not in known.prompts
    ]
    match node:
        case acd.HoursNode(calendar=code) if code not in known.calendars:
            found.append(Problem(name, "no_calendar", _("There is no calendar “%s”.") % code))
        case acd.LookUpNode(kind=kind) if kind not in known.lookups:
            found.append(Problem(name, "no_lookup", _("Nothing answers look-ups of kind “%s”.") % kind))
        case acd.GoNode(target=target):
            found += target_problems(target, known, name)
        case acd.MenuNode(choices=choices, tries=tries):
            if bad := sorted(set(choices) - set("0123456789*#")):
                found.append(Problem(name, "no_key", _("“%s” is not a key of a telephone.") % ", ".join(bad)))
            if not choices or tries < 1:
                found.append(Problem(name, "no_choice", _("Menu “%s” leaves no choice.") % name))
        case acd.CollectNode() if not 1 <= node.min_digits <= node.max_digits or node.tries < 1:
            found.append(Problem(name, "no_length", _("Step “%s” asks for an impossible number of digits.") % name))
    return found


def _entered_from_itself(flow: acd.Flow) -> Iterator[str]:
    """Nodes a target of this very flow enters from outside the chain of exits."""
    for node in flow.nodes.values():
        if (
            isinstance(node, acd.GoNode)
            and isinstance(node.target, acd.ToFlow)
            and node.target.flow == flow.code
            and node.target.node
        ):
            yield node.target.node


def _closure(starts: Iterable[str], edges: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        if (name := todo.pop()) not in seen:
            seen.add(name)
            todo += edges.get(name, [])
    return seen


def _circles(flow: acd.Flow) -> list[Problem]:
    """Steps that follow each other in a circle with nothing to wait for would never end."""
    quick = {name: exits(node) for name, node in flow.nodes.items() if not _waits(node) and not isinstance(node, acd.GoNode)}
    return [
        Problem(name, "circle", _("Step “%s” comes back to itself without anything said or asked.") % name)
        for name in quick
        if name in _closure([n for n in quick[name] if n in quick], {k: [n for n in v if n in quick] for k, v in quick.items()})
    ]


# -- what there is ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _table(path: Path, changed: float) -> frozenset[str]:
    text = tomllib.loads(path.read_text())
    return frozenset(name for part in text.values() if isinstance(part, dict) for name in part)


def rendered_prompts() -> frozenset[str]:
    """Names in the tables of spoken texts."""
    folder = settings.BASE_DIR / "asterisk" / "sounds"
    return frozenset().union(*(_table(path, path.stat().st_mtime) for path in folder.glob("*.toml")))


def read(definition: object) -> acd.Flow:
    """A definition as kept, as the core's type. Raises msgspec.ValidationError."""
    return msgspec.convert(definition, acd.Flow)

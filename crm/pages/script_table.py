"""A script's steps as the table in which people write them, and back: `crm.script_trees` is what is kept.

A row holds what the browser sent, fit or not, so that a refusal loses nothing. Options of yes_no are two places to go on to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from crm import script_trees

MOST_STEPS = script_trees.MOST_STEPS
MOST_OPTIONS = 20
YES_NO = ("yes", "no")


@dataclass(frozen=True)
class OptionRow:
    label: str = ""
    next: str = ""
    value: str = ""


@dataclass(frozen=True)
class StepRow:
    """`was`: the name it had when it was drawn, by which others point to it."""

    name: str
    was: str = ""
    text: str = ""
    answer: str = "none"
    required: bool = True
    next: str = ""
    options: tuple[OptionRow, ...] = ()
    least: int = 1
    most: int = 5

    @property
    def branches(self) -> tuple[OptionRow, ...]:
        """Of yes_no: where yes and no lead."""
        there = {option.value: option for option in self.options}
        return tuple(there.get(value, OptionRow("", "", value)) for value in YES_NO)


@dataclass
class Table:
    rows: list[StepRow] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.rows]


def table_of(definition: Any) -> Table:
    """The table of what is kept; the start comes first. None: a table with one empty step."""
    if not definition:
        return Table([StepRow("1", "1")])
    tree = script_trees.read(definition)
    names = [tree.start, *(name for name in tree.steps if name != tree.start)]
    return Table([_row(name, tree.steps[name]) for name in names])


def _row(name: str, step: script_trees.Step) -> StepRow:
    options = tuple(OptionRow(one.label, one.next, one.value) for one in step.options)
    return StepRow(name, name, step.text, step.answer, step.required, step.next, options, step.least, step.most)


def read(form: Mapping[str, str]) -> Table:
    """The table as a browser sent it: s0-name, s0-was, s0-text, s0-answer, s0-required, s0-next, s0-o0-label …

    A step that was renamed takes those along that lead to it.
    """
    rows: list[StepRow] = []
    for place in range(MOST_STEPS + 1):
        at = f"s{place}-"
        if f"{at}name" not in form:
            break
        answer = form.get(f"{at}answer", "none")
        rows.append(
            StepRow(
                name=form[f"{at}name"].strip()[:40],
                was=form.get(f"{at}was", ""),
                text=form.get(f"{at}text", "").strip(),
                answer=answer,
                required=f"{at}required" in form,
                next=form.get(f"{at}next", ""),
                options=_options(form, at, answer),
                least=_point(form.get(f"{at}least", ""), 1),
                most=_point(form.get(f"{at}most", ""), 5),
            )
        )
    names = {row.was: row.name for row in rows if row.was}

    def renamed(option: OptionRow) -> OptionRow:
        return replace(option, next=names.get(option.next, option.next))

    return Table(
        [replace(row, was=row.name, next=names.get(row.next, row.next), options=tuple(map(renamed, row.options))) for row in rows]
    )


def _point(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 4 else usual


def _options(form: Mapping[str, str], at: str, answer: str) -> tuple[OptionRow, ...]:
    if answer == "yes_no":
        return tuple(
            OptionRow(form.get(f"{at}{one}-label", "").strip()[:200], form.get(f"{at}{one}-next", ""), one) for one in YES_NO
        )
    found = []
    for place in range(MOST_OPTIONS):
        name = f"{at}o{place}-"
        if f"{name}label" not in form:
            break
        label = form[f"{name}label"].strip()[:200]
        found.append(OptionRow(label, form.get(f"{name}next", ""), form.get(f"{name}value", "")))
    return tuple(found)


def tree_of(table: Table) -> dict[str, Any]:
    """What is to be kept, without a look at whether it fits. Empty options are left out; a new one's value is its label."""
    steps: dict[str, Any] = {}
    for row in table.rows:
        step: dict[str, Any] = {"text": row.text, "answer": row.answer}
        if row.answer == "yes_no":
            options = [_option(one.value, one.label or one.value, one.next) for one in row.branches if one.next or one.label]
        elif row.answer == "choice":
            options = [_option(one.value or one.label[:40], one.label, one.next) for one in row.options if one.label]
        else:
            options = []
        if options:
            step["options"] = options
        if row.answer == "scale":
            step |= {"least": row.least, "most": row.most}
        if not row.required:
            step["required"] = False
        if row.next:
            step["next"] = row.next
        steps[row.name] = step
    return {"start": table.rows[0].name if table.rows else "", "steps": steps}


def _option(value: str, label: str, then: str) -> dict[str, str]:
    return {"value": value, "label": label, **({"next": then} if then else {})}


def problems(table: Table) -> list[str]:
    """Names that are none, or that several steps have: all but one would be lost."""
    names = table.names
    found = [_("Two steps are called “%(name)s”.") % {"name": name} for name in sorted({*names}) if names.count(name) > 1]
    return [_("A step has no name."), *found] if "" in names else found


def edited(table: Table, command: str) -> Table:
    """After a button of the table: "add", "drop:2", "up:2", "down:2", "option:2", "less:2:0" (places of steps and options)."""
    verb, *places = command.split(":")
    rows = list(table.rows)
    at = [int(place) for place in places if place.isdecimal()]
    if verb == "add" and len(rows) < MOST_STEPS:
        name = next(str(n) for n in range(len(rows) + 1, len(rows) + MOST_STEPS + 2) if str(n) not in table.names)
        rows.append(StepRow(name, name))
        if len(rows) > 1 and not rows[-2].next and rows[-2].answer not in ("choice", "yes_no"):
            rows[-2] = replace(rows[-2], next=name)
    elif not at or at[0] >= len(rows):
        return table
    elif verb == "drop" and len(rows) > 1:
        gone = rows.pop(at[0])
        rows = [_without(row, gone.name, gone.next) for row in rows]
    elif verb in ("up", "down"):
        to = at[0] + (-1 if verb == "up" else 1)
        if 0 <= to < len(rows):
            rows[at[0]], rows[to] = rows[to], rows[at[0]]
    elif verb == "option" and len(rows[at[0]].options) < MOST_OPTIONS:
        rows[at[0]] = replace(rows[at[0]], options=(*rows[at[0]].options, OptionRow()))
    elif verb == "less" and len(at) > 1:
        options = tuple(one for place, one in enumerate(rows[at[0]].options) if place != at[1])
        rows[at[0]] = replace(rows[at[0]], options=options)
    return Table(rows)


def _without(row: StepRow, gone: str, then: str) -> StepRow:
    """Who led to a step that was taken out leads to the one after it."""
    options = tuple(replace(one, next=then) if one.next == gone else one for one in row.options)
    return replace(row, next=then if row.next == gone else row.next, options=options)


def outline(table: Table) -> list[dict[str, Any]]:
    """How a call goes through it, a line a step: {"depth", "label", "name", "text", "answer", "jump"}. `label`: the answer that
    leads there. `jump`: told elsewhere, where the branches meet again."""
    by_name = {row.name: row for row in table.rows}
    lines: list[dict[str, Any]] = []
    told: set[str] = set()

    def follow(name: str, depth: int, label: str, ahead: frozenset[str]) -> None:
        row = by_name.get(name)
        if row is None:
            return
        jump = name in told or name in ahead
        line = {"depth": min(depth, 8), "label": label, "name": name, "text": row.text, "answer": row.answer, "jump": jump}
        lines.append(line)
        if jump:
            return
        told.add(name)
        ways = row.branches if row.answer == "yes_no" else row.options if row.answer == "choice" else ()
        for way in ways:
            if way.next:
                follow(way.next, depth + 1, way.label or way.value, ahead | {row.next})
        if row.next:
            follow(row.next, depth, "", ahead)

    if table.rows:
        follow(table.rows[0].name, 0, "", frozenset())
    return lines

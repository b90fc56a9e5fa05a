"""A script's steps: what is said, what may be answered, and where that leads.

    {"start": "ask", "steps": {"ask": {"text": "{salutation}，…?", "answer": "choice", "options": [
        {"value": "yes", "label": "是", "next": "thanks"}, …]}, "thanks": {"text": "…", "answer": "none"}}}

An option without `next` goes on to the step's `next`; a step that leads nowhere is an end. Branches may meet again, circles are
refused: a script comes to its end.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MOST_STEPS = 100
MOST_POINTS = 10  # of a scale
LONGEST_ANSWER = 1000
NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?\Z")


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    value: str
    label: str
    next: str = ""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`answer`: none (it is only said), choice, yes_no, scale (a whole number from `least` to `most`), text, number (decimal),
    date (ISO)."""

    text: str
    answer: Literal["none", "choice", "yes_no", "scale", "text", "number", "date"] = "none"
    options: tuple[Option, ...] = ()
    required: bool = True
    next: str = ""
    least: int = 1
    most: int = 5

    def following(self, value: str) -> str:
        """The step after this answer; "" at the end."""
        return next((option.next for option in self.options if option.value == value and option.next), self.next)

    def exits(self) -> Iterator[str]:
        yield from (option.next for option in self.options if option.next)
        if self.next:
            yield self.next

    def label(self, value: str) -> str:
        return next((option.label for option in self.options if option.value == value), value)

    def points(self) -> list[str]:
        """Of a scale."""
        return [str(point) for point in range(self.least, self.most + 1)]

    def check(self, given: str) -> str:
        """The answer as it is kept. Raises ValidationError."""
        value = given.strip()
        if not value:
            if self.required and self.answer != "none":
                raise ValidationError({"value": _("This needs an answer.")})
            return ""
        if len(value) > LONGEST_ANSWER:
            raise ValidationError({"value": _("This answer is too long.")})
        match self.answer:
            case "none":
                raise ValidationError({"value": _("There is nothing to be answered here.")})
            case "choice" if value not in {option.value for option in self.options}:
                raise ValidationError({"value": _("This is none of the answers to choose from.")})
            case "yes_no" if value not in ("yes", "no"):
                raise ValidationError({"value": _("This is answered by yes or no.")})
            case "scale" if value not in self.points():
                text = _("This is answered by a number from %(least)s to %(most)s.")
                raise ValidationError({"value": text % {"least": self.least, "most": self.most}})
            case "number":
                return _number(value)
            case "date":
                return _date(value)
        return value


def _number(value: str) -> str:
    try:
        if not NUMBER.match(value):
            raise InvalidOperation
        return str(Decimal(value))
    except InvalidOperation:
        raise ValidationError({"value": _("This is not a number.")}) from None


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValidationError({"value": _("This is not a date.")}) from None


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: str
    steps: dict[str, Step]

    def path(self, answers: Mapping[str, str]) -> list[str]:
        """The steps from the start along the answers given, up to the first that has none."""
        way, name = [], self.start
        while name:
            way.append(name)
            if name not in answers:
                break
            name = self.steps[name].following(answers[name])
        return way


def read(definition: object) -> Tree:
    """The tree of a definition from the database or a person. Raises ValidationError for what is no fit tree."""
    try:
        tree = msgspec.convert(definition, Tree)
    except msgspec.ValidationError as error:
        raise ValidationError({"steps": _("Not understood: %(error)s") % {"error": error}}) from error
    if problems := [*_problems(tree)]:
        raise ValidationError({"steps": problems})
    return tree


def _problems(tree: Tree) -> Iterator[str]:
    if not 0 < len(tree.steps) <= MOST_STEPS:
        yield _("A script has one to %(most)s steps.") % {"most": MOST_STEPS}
        return
    if tree.start not in tree.steps:
        yield _("The script starts at “%(step)s”, which is not there.") % {"step": tree.start}
        return
    missing = False
    for name, step in tree.steps.items():
        for following in step.exits():
            if following not in tree.steps:
                missing = True
                yield _("Step “%(step)s” goes on to “%(next)s”, which is not there.") % {"step": name, "next": following}
        values = [option.value for option in step.options]
        if not step.text.strip():
            yield _("Step “%(step)s” says nothing.") % {"step": name}
        if step.answer == "choice" and not step.options:
            yield _("Step “%(step)s” has no answers to choose from.") % {"step": name}
        if step.answer not in ("choice", "yes_no") and step.options:
            yield _("Step “%(step)s” has answers to choose from, but is not a choice.") % {"step": name}
        if step.answer == "yes_no" and not {*values} <= {"yes", "no"}:
            yield _("Step “%(step)s” is answered by yes or no only.") % {"step": name}
        if step.answer == "scale" and not 0 <= step.least < step.most <= MOST_POINTS:
            yield _("The scale of step “%(step)s” goes from 0 or more to at most %(most)s.") % {"step": name, "most": MOST_POINTS}
        if len({*values}) < len(values) or any(not v or len(v) > 40 for v in values):
            yield _("The answers of step “%(step)s” need a value of their own each.") % {"step": name}
    if missing:
        return
    seen, circle = _walk(tree)
    if circle:
        yield _("From step “%(step)s” a way leads back to it.") % {"step": circle}
    for name in tree.steps:
        if name not in seen:
            yield _("Step “%s” is never reached.") % name


def _walk(tree: Tree) -> tuple[set[str], str]:
    """What is reached, and a step that lies on a circle or ""."""
    done: set[str] = set()
    under_way: set[str] = set()
    circle = ""

    def visit(name: str) -> None:
        nonlocal circle
        if name in under_way:
            circle = circle or name
            return
        if name in done:
            return
        under_way.add(name)
        for following in tree.steps[name].exits():
            visit(following)
        under_way.discard(name)
        done.add(name)

    visit(tree.start)
    return done, circle

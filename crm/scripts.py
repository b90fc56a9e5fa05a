"""Which script fits a call, and its places filled."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from crm.models import Customer, Script

PLACE = re.compile(r"\{(\w+)\}")
TITLES = {"zh": {"mr": "先生", "ms": "女士"}, "en": {"mr": "Mr", "ms": "Ms"}}
# Family names of two signs; all others have one.
DOUBLE = re.compile(
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|"
    "仲孙|钟离|长孙|宇文|司徒|鲜于|司空|令狐|呼延|东郭|南门|西门|第五"
)


class Situation(NamedTuple):
    """What is known of a call. `before`: the customer called before."""

    queue: str = ""
    label: str = ""
    language: str = "zh"
    customer: Customer | None = None
    before: bool = False


def surname(name: str) -> str:
    """ "欧阳娜娜" -> "欧阳", "John Smith" -> "Smith"."""
    if " " in name.strip():
        return name.rsplit(maxsplit=1)[-1]
    if not name.isascii():
        return name[:2] if len(name) > 2 and DOUBLE.match(name) else name[:1]
    return name


def salutation(customer: Customer, language: str) -> str:
    """How one speaks to them: "王女士", "Ms Wang"; the name where no title is known."""
    title = TITLES["en" if language == "en" else "zh"].get(customer.title, "")
    if not title:
        return customer.name
    return f"{title} {surname(customer.name)}" if language == "en" else f"{surname(customer.name)}{title}"


def fill(text: str, values: Mapping[str, str]) -> str | None:
    """The text with its places filled; None when a place has nothing to fill it. Unknown places stay as they are."""
    if any(name in values and not values[name] for name in PLACE.findall(text)):
        return None
    return PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def values_for(situation: Situation, **more: str) -> dict[str, str]:
    """What the places are filled with. `more`: company, agent, product."""
    who, language = situation.customer, situation.language
    person = {
        "name": who.name if who else "",
        "surname": surname(who.name) if who else "",
        "title": TITLES["en" if language == "en" else "zh"].get(who.title, "") if who else "",
        "salutation": salutation(who, language) if who else "",
    }
    return {**person, "label": situation.label, "company": "", "agent": "", "product": "", **more}


def fitting(scripts: Iterable[Script], situation: Situation, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those for this call, {"id", "situation", "title", "text"}: greetings first, the most special first."""
    filled = [
        (script, text) for script in scripts if _holds(script, situation) and (text := fill(script.text, values)) is not None
    ]
    return [
        {"id": script.pk, "situation": script.situation, "title": script.title, "text": text}
        for script, text in sorted(filled, key=lambda one: _rank(one[0]))
    ]


def _holds(script: Script, situation: Situation) -> bool:
    who = situation.customer
    audiences = ("", "new") if who is None else ("", "known", "returning") if situation.before else ("", "known")
    return (
        script.active
        and script.language == ("en" if situation.language == "en" else "zh")
        and script.queue in ("", situation.queue)
        and script.label in ("", situation.label)
        and script.audience in audiences
        and script.level in ("", who.level if who else "")
    )


def _rank(script: Script) -> tuple[bool, str, int, int, int]:
    conditions = sum(map(bool, (script.queue, script.label, script.audience, script.level))) + (script.audience == "returning")
    return script.situation != Script.Situation.GREETING, script.situation, -conditions, script.position, script.pk

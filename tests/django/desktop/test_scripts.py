"""Scripts: which one fits, and what is said in it."""

import pytest

from crm import scripts
from crm.models import Customer, Script
from crm.scripts import Situation


@pytest.mark.parametrize(
    ("name", "title", "zh", "en"),
    [
        ("王芳", "ms", "王女士", "Ms 王"),
        ("欧阳娜娜", "ms", "欧阳女士", "Ms 欧阳"),
        ("欧阳", "mr", "欧先生", "Mr 欧"),
        ("司马懿", "mr", "司马先生", "Mr 司马"),
        ("John Smith", "mr", "Smith先生", "Mr Smith"),
        ("王芳", "", "王芳", "王芳"),
    ],
)
def test_given_a_customer_then_they_are_spoken_to_as_one_does(name: str, title: str, zh: str, en: str) -> None:
    who = Customer(name=name, title=title)
    assert (scripts.salutation(who, "zh"), scripts.salutation(who, "en")) == (zh, en)


def test_given_a_text_then_known_places_are_filled_once_and_nothing_else_is_touched() -> None:
    values = {"name": "{company}", "company": "乐享", "agent": ""}
    assert scripts.fill("{name} {company} {other} { {0}", values) == "{company} 乐享 {other} { {0}"
    assert scripts.fill("{agent}", values) is None
    assert scripts.fill("{name.__class__}", values) == "{name.__class__}"


def fits(**fields: object) -> list[str]:
    situation = Situation(**fields)  # type: ignore[arg-type]
    values = scripts.values_for(situation, company="乐享", agent="1001")
    return [one["title"] for one in scripts.fitting(Script.objects.all(), situation, values)]


@pytest.mark.django_db
def test_given_scripts_with_conditions_then_the_most_special_that_holds_comes_first() -> None:
    rows: dict[str, dict[str, object]] = {
        "any": {},
        "queue": {"queue": "orders"},
        "label": {"label": "TV1"},
        "vip": {"level": "vip", "audience": "known"},
        "known": {"audience": "known"},
        "back": {"audience": "returning"},
        "new": {"audience": "new"},
        "off": {"active": False, "audience": "new", "queue": "orders"},
        "english": {"language": "en"},
        "closing": {"situation": "closing"},
        "named": {"text": "{salutation}", "queue": "orders", "label": "TV1"},
    }
    for place, (title, fields) in enumerate(rows.items()):
        Script.objects.create(**{"title": title, "text": "x", "position": place, **fields})
    who = Customer(name="王芳", title="ms", level="ordinary")
    assert fits() == ["new", "any", "closing"]
    assert fits(queue="orders") == ["queue", "new", "any", "closing"]
    assert fits(customer=who) == ["known", "any", "closing"]
    assert fits(customer=who, before=True) == ["back", "known", "any", "closing"]
    assert fits(customer=Customer(name="李", level="vip")) == ["vip", "known", "any", "closing"]
    assert fits(customer=who, queue="orders", label="TV1") == ["named", "queue", "label", "known", "any", "closing"]
    assert fits(language="en") == ["english"]

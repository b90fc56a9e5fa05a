"""Names and texts that are markup: on every page they are text, and no answer with them in it can be taken for a page."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.urls import reverse

from tests.django.rights_world import more, set_up
from tests.django.ways import ways

pytestmark = pytest.mark.django_db

EVIL = "</script></title></textarea>\"'><img src=x onerror=alert(1)>{{7*7}}"
PLACES = {"<str:call>": "c1", "<str:number>": "1001", "<str:pk>": "1"}


@pytest.fixture
def clients(db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everything that people or the network can name is EVIL. Who looks: an agent, a lead, an administrator."""
    from django.contrib.auth.models import User
    from django.test import Client

    from ccenter.calls import models
    from ccenter.desktop import guides
    from ccenter.desktop.models import Message
    from crm.models import Complaint, Customer, CustomerAddress, CustomerNote, Script, ServiceRecord

    monkeypatch.setattr(guides, "KEPT", -1.0)
    set_up()
    more()
    who = Customer.objects.get()
    CustomerNote.objects.create(customer=who, text=EVIL, author=User.objects.get(username="alice"))
    CustomerAddress.objects.create(customer=who, street="x", main=True)
    Script.objects.create(title=EVIL, text=EVIL)
    models.CentreSettings.objects.create(name=EVIL)
    everything = {
        models.Agent: ("name", "mobile"), models.Queue: ("name",), models.SeatGroup: ("name",), models.ReasonCode: ("name_zh", "name_en"),
        models.Call: ("name", "label", "dnis", "city", "province"), models.Alarm: ("subject", "text"), models.Trunk: ("name",),
        Customer: ("name",), CustomerAddress: ("province", "city", "district", "street", "receiver"), Complaint: ("text",), ServiceRecord: ("summary",), Message: ("text",),
    }  # fmt: skip
    for model, fields in everything.items():
        for field in fields:
            model._default_manager.update(**{field: EVIL[: model._meta.get_field(field).max_length]})
    User.objects.update(first_name=EVIL, last_name="x")
    found = {}
    for name in ("alice", "lena", "root"):
        found[name] = Client()
        found[name].force_login(User.objects.get(username=name))
    return found


class Page(HTMLParser):
    """What a browser would make of it: the elements, each with its attributes, and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def is_harmless(text: str) -> bool:
    injected = [
        tag for tag, attrs in Page(text).elements if attrs.get("src") == "x" or any(name.startswith("on") for name in attrs)
    ]
    return not injected and "onerror=alert(1)>" not in text


def test_given_hostile_names_when_any_page_or_answer_is_read_then_they_are_text_or_cannot_be_run(clients: dict[str, Any]) -> None:
    met = pages = 0
    for method, address in sorted(ways()):
        if method != "GET" or address in ("/api/feed/", "/logout/", "/api/schema/", "/api/docs/"):
            continue
        for place, value in PLACES.items():
            address = address.replace(place, value)
        address = address.replace("<int:ident>", "1").replace("<str:ident>", "c1").replace("<uuid:ident>", "0" * 32)
        for name, client in clients.items():
            answer = client.get(address, {"q": "</script>"} if "search" in address else {})
            body = answer.getvalue().decode()
            kind = answer["Content-Type"].partition(";")[0]
            if "onerror" in body or "&gt;" in body:
                met += 1
            if kind == "text/html":
                pages += 1
                assert is_harmless(body), (name, address)
                continue
            assert kind in ("application/json", "text/csv", "text/javascript"), (name, address, kind)
            assert answer["X-Content-Type-Options"] == "nosniff", (name, address)
    assert met > 20 and pages > 8


def test_given_hostile_names_when_the_administrator_reads_the_lists_then_they_are_text(clients: dict[str, Any]) -> None:
    from django.contrib import admin
    from django.contrib.auth.models import User

    User.objects.filter(username="root").update(is_staff=True, is_superuser=True)
    shown = 0
    for model in admin.site._registry:
        page = clients["root"].get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        body = page.content.decode()
        assert page.status_code == 200 and is_harmless(body), model
        shown += "onerror=alert(1)&gt;" in body
    assert shown > 5


def test_given_this_test_when_a_page_lets_a_name_be_markup_then_it_sees_it() -> None:
    assert not is_harmless(f"<p>{EVIL}</p>") and not is_harmless('<a onclick="x">')
    assert is_harmless("<p>&lt;img src=x onerror=alert(1)&gt;</p>")

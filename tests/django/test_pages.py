"""The pages: who gets them, what a browser may do on them, and that each text is there in Chinese."""

import gettext
import json
import os
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from ccenter.calls.models import Agent
from crm.models import ServiceRecord
from tests.django.people import person

ROOT = Path(__file__).resolve().parents[2]
DESK = ROOT / "ccenter" / "desktop"
APPS = (DESK, ROOT / "ccenter" / "office", ROOT / "crm", ROOT / "orders")
SCRIPTS = sorted(path for app in APPS for path in (app / "static").rglob("*.js"))
PAPERS = {"delivery_note.html", "invoice.html", "paper.html"}  # drawn to PDF, never sent to a browser
TEMPLATES = sorted(path for app in APPS for path in (app / "templates").rglob("*.html") if path.name not in PAPERS)
LOCALE = ROOT / "ccenter" / "locale" / "zh_Hans" / "LC_MESSAGES"
DANGEROUS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|\bhx-"
    r"|createContextualFragment|javascript:|setAttribute\(\"(?:on|href|src|style)|set(?:Timeout|Interval)\(\s*[\"`]"
)
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son(?!e=)[a-z]+=|javascript:|\|safe|autoescape off", re.IGNORECASE)


def chinese(domain: str) -> dict[str, str]:
    with (LOCALE / f"{domain}.mo").open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def test_given_the_scripts_when_searched_then_each_text_has_its_chinese_with_the_same_places() -> None:
    marked = {text for path in SCRIPTS for text in re.findall(r'\bgettext\(\s*"((?:[^"\\]|\\.)*)"', path.read_text())}
    texts = {json.loads(f'"{text}"') for text in marked}
    there = chinese("djangojs")
    assert len(texts) > 200
    assert sorted(text for text in texts if not there.get(text)) == []
    assert [text for text in texts if text.count("%s") != there[text].count("%s")] == []


def test_given_the_templates_when_searched_then_each_text_has_its_chinese() -> None:
    marked = re.compile(r"""\{% translate (["'])(.*?)\1(?: context "(.*?)")?""")
    found = [words for path in TEMPLATES for _quote, *words in marked.findall(path.read_text())]
    texts = {f"{context}\x04{text}" if context else text for text, context in found}
    there = chinese("django")
    assert len(texts) > 30
    assert sorted(text for text in texts if not there.get(text)) == []


def test_given_the_scripts_when_searched_then_no_text_can_become_markup_or_code() -> None:
    drawn = {("entry.js", "DOMParser")}  # what our own server drew, as htmx takes it
    found = [(path.name, bad) for path in SCRIPTS for bad in DANGEROUS.findall(path.read_text())]
    assert [one for one in found if one not in drawn] == []


def test_given_the_templates_when_searched_then_no_script_or_style_stands_in_a_page() -> None:
    assert [path.name for path in TEMPLATES if INLINE.search(path.read_text())] == []


def served(path: Path, address: str) -> str:
    """Where a module finds another, below /static/: each app serves its own folder there."""
    folder = path.parent.relative_to(next(one for one in path.parents if one.name == "static"))
    return os.path.normpath(folder / address)


def test_given_the_modules_when_they_import_then_what_they_import_is_there() -> None:
    for path in SCRIPTS:
        for wanted in re.findall(r'^import .*?from "([^"]+)";|^import "([^"]+)";', path.read_text(), re.MULTILINE | re.DOTALL):
            address = "".join(wanted)
            if "/vendor/" not in address:
                assert any((app / "static" / served(path, address)).is_file() for app in APPS), f"{path.name}: {address}"


@pytest.mark.django_db
def test_given_nobody_signed_in_when_the_console_is_asked_for_then_the_door_is_shown() -> None:
    answer = Client().get("/")
    assert answer.status_code == 302 and answer["Location"] == "/login/?next=/"


@pytest.mark.django_db
def test_given_an_agent_when_they_sign_in_then_they_get_the_console_and_a_new_session() -> None:
    person("mei", "agent", "1001", password="a long enough one")
    client = Client()
    client.get("/login/")
    client.cookies["sessionid"] = "0123456789abcdef0123456789abcdef"  # somebody else's choice
    answer = client.post("/login/", {"username": "mei", "password": "a long enough one", "next": "/"}, follow=True)
    assert answer.status_code == 200 and 'id="states"' in answer.content.decode()
    assert client.cookies["sessionid"].value != "0123456789abcdef0123456789abcdef" and client.cookies["sessionid"]["httponly"]


@pytest.mark.django_db
def test_given_a_console_when_answered_then_only_our_own_files_may_run_and_nothing_is_kept() -> None:
    client = Client()
    client.force_login(person("mei", "agent", "1001"))
    answer = client.get("/")
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert answer["Cache-Control"] == "no-store" or "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_given_a_name_with_markup_when_the_console_shows_it_then_it_is_text() -> None:
    client = Client()
    client.force_login(person("mei", "agent", "1001"))
    Agent.objects.update(name="</script><b>Mei")
    page = client.get("/").content.decode()
    assert "<b>Mei" not in page and "&lt;b&gt;Mei" in page


@pytest.mark.django_db
def test_given_no_seat_when_the_console_is_asked_for_then_a_lead_is_sent_on_and_others_are_told() -> None:
    lead, admin, nobody = Client(), Client(), Client()
    lead.force_login(person("lin", "lead"))
    admin.force_login(person("bo", "agent"))
    nobody.force_login(person("xu"))
    assert lead.get("/")["Location"] == "/lead/"
    assert admin.get("/").status_code == 403
    assert nobody.get("/").status_code == 403


@pytest.mark.django_db
def test_given_an_agent_when_a_target_is_chosen_then_colleagues_and_queues_are_told_but_not_oneself() -> None:
    client = Client()
    client.force_login(person("mei", "agent", "1001"))
    person("bo", "agent", "1002")
    told = client.get("/desk/targets/").json()
    assert [(seat["number"], seat["state"]) for seat in told["seats"]] == [("1002", "LOGGED_OUT")]
    assert {queue["code"] for queue in told["queues"]} == {"sales", "service"}
    assert Client().get("/desk/targets/").status_code == 302


@pytest.mark.django_db
def test_given_a_follow_up_when_it_is_ticked_off_then_it_is_gone_from_the_day_and_a_strangers_is_not_theirs_to_tick() -> None:
    mei, bo = person("mei", "agent", "1001"), person("bo", "agent", "1002")
    today = timezone.localdate()
    kept = {"call": "c1", "agent": "1001", "author": mei, "summary": "<b>call back</b>", "follow_up": today}
    record = ServiceRecord.objects.create(**kept)
    client, other = Client(), Client()
    client.force_login(mei)
    other.force_login(bo)
    page = client.get("/desk/day/").content.decode()
    assert page.count("&lt;b&gt;call back&lt;/b&gt;") == 2 and "<b>call" not in page  # due, and written today
    assert "call back" not in other.get("/desk/day/").content.decode()
    assert other.post("/desk/day/", {"done": record.pk}).status_code == 404
    for wrong in ("", "x", "9" * 30):
        assert client.post("/desk/day/", {"done": wrong}).status_code == 404
    assert client.post("/desk/day/", {"done": record.pk}).content.decode().count("call back") == 1
    assert Client(enforce_csrf_checks=True).post("/desk/day/", {"done": record.pk}).status_code in (302, 403)

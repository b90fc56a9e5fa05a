"""The team lead's pages: who may open them, what is written into them, and that every text is there in both languages."""

import ast
import gettext
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = ROOT / "ccenter" / "desktop"
SCRIPTS = DESKTOP / "static" / "desk" / "lead"
TEMPLATES = DESKTOP / "templates" / "desk"
LOCALE = ROOT / "ccenter" / "locale" / "zh_Hans" / "LC_MESSAGES"
PAGES = ["/lead/", "/lead/wallboard/", "/lead/recordings/", "/lead/seats/"]
NASTY = "</script><img src=x onerror=alert(1)>"


def browser(user: User | None, language: str = "en") -> Client:
    """A browser in which this user is signed in."""
    client = Client(headers={"Accept-Language": language})
    if user is not None:
        client.force_login(user)
    return client


class Tags(HTMLParser):
    """The names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _value in attrs}


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found.group(1)))


@pytest.fixture
def centre(db: None) -> dict[str, User]:
    """Two groups, each with a queue of its name: lea leads sales, alice works there; bob works in care. ada is the administrator."""
    from ccenter.calls.models import Agent, SeatGroup
    from tests.django.people import person

    people = {"lea": person("lea", "lead", team="sales"), "ada": person("ada", "admin"), "stranger": person("stranger")}
    people |= {"alice": person("alice", "agent", "1001", "sales"), "bob": person("bob", "agent", "1002", "care")}
    SeatGroup.objects.update(name=NASTY)
    Agent.objects.update(name=NASTY)
    return people


@pytest.mark.parametrize("path", PAGES)
def test_given_nobody_an_agent_or_a_stranger_when_a_leads_page_is_opened_then_there_is_none(path: str, centre: Any) -> None:
    answer = browser(None).get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/?next=")
    for who in ("alice", "stranger"):
        answer = browser(centre[who]).get(path)
        assert answer.status_code == 403
        assert "page-data" not in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_given_a_lead_when_a_page_is_opened_then_it_names_only_what_they_lead(path: str, centre: Any) -> None:
    answer = browser(centre["lea"]).get(path)
    assert answer.status_code == 200
    data = data_of(answer.content.decode())
    assert [group["code"] for group in data["groups"]] == ["sales"]
    assert [queue["code"] for queue in data["queues"]] == ["sales"]
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    assert "1002" not in text and "bob" not in text
    assert data["admin"] is False


def test_given_an_administrator_when_pages_are_opened_then_all_groups_are_there(centre: Any) -> None:
    data = data_of(browser(centre["ada"]).get("/lead/recordings/").content.decode())
    assert {group["code"] for group in data["groups"]} == {"sales", "care"}
    assert {seat["number"] for seat in data["seats"]} == {"1001", "1002"}
    assert data["admin"] is True


def test_given_a_lead_of_two_groups_that_share_a_queue_when_a_page_is_opened_then_it_is_there_once(centre: Any) -> None:
    from ccenter.calls.models import Queue, SeatGroup

    care = SeatGroup.objects.get(code="care")
    care.leads.add(centre["lea"])
    care.queues.add(Queue.objects.get(code="sales"))
    data = data_of(browser(centre["lea"]).get("/lead/").content.decode())
    assert [queue["code"] for queue in data["queues"]] == ["care", "sales"]
    assert [group["code"] for group in data["groups"]] == ["care", "sales"]


@pytest.mark.parametrize("path", PAGES)
def test_given_names_with_markup_when_a_page_is_made_then_nothing_of_them_is_markup(path: str, centre: Any) -> None:
    text = browser(centre["lea"]).get(path).content.decode()
    assert "<img src=x" not in text
    assert NASTY in json.dumps(data_of(text)["groups"], ensure_ascii=False)  # it is there, as a text


@pytest.mark.parametrize("path", PAGES)
def test_given_a_page_when_it_is_sent_then_the_browser_may_run_only_our_files(path: str, centre: Any) -> None:
    answer = browser(centre["lea"]).get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.content.decode()
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, tag
    assert "<style" not in text
    tags = Tags()
    tags.feed(text)
    assert not [name for name in tags.attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_given_a_post_without_the_token_when_a_page_gets_it_then_it_is_refused(path: str, centre: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(centre["lea"])
    assert client.post(path, {"x": "1"}).status_code in (403, 405)


def test_given_reasons_when_read_in_both_languages_then_they_have_their_names(centre: Any) -> None:
    assert data_of(browser(centre["lea"], "en").get("/lead/").content.decode())["reasons"] == [{"code": "break", "name": "Break"}]
    chinese = browser(centre["lea"], "zh-hans").get("/lead/").content.decode()
    assert data_of(chinese)["reasons"] == [{"code": "break", "name": "休息"}]
    assert "坐席" in chinese


# -- parts of pages, as htmx asks for them ---------------------------------------------------------------------


def part(user: User | None, path: str, **form: Any) -> Any:
    """The answer to htmx; `form` is posted."""
    client = browser(user)
    return client.post(path, form, headers={"HX-Request": "true"}) if form else client.get(path, headers={"HX-Request": "true"})


SEAT = {"name": "Ann", "login": "alice", "level": "4", "group": "sales", "active": "on", "browser_phone": "on", "mobile": ""}


def test_given_a_search_when_a_part_is_asked_for_then_there_is_no_frame_and_the_address_keeps_what_was_asked(centre: Any) -> None:
    answer = part(centre["lea"], "/lead/recordings/?q=&number=138&page=1")
    assert answer.status_code == 200 and b"<html" not in answer.content and b"<table" in answer.content
    assert answer.headers["HX-Replace-Url"] == "/lead/recordings/?number=138"
    assert 'role="alert"' in part(centre["lea"], "/lead/recordings/?from=2026-13-40").content.decode()


def test_given_a_session_that_is_over_when_a_part_is_asked_for_then_the_page_is_loaded_anew_and_no_door_stands_in_a_list(
    centre: Any,
) -> None:
    for path in ("/lead/recordings/", "/lead/seats/", "/lead/seats/1001/"):
        answer = part(None, path)
        assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (401, "true", b"")


def test_given_a_seat_of_another_group_when_its_form_is_asked_for_then_there_is_none(centre: Any) -> None:
    assert part(centre["lea"], "/lead/seats/1001/").status_code == 200
    for path, form in (("/lead/seats/1002/", {}), ("/lead/seats/1002/", SEAT), ("/lead/recordings/r1/listeners/", {})):
        assert part(centre["lea"], path, **form).status_code == 404
    assert part(centre["lea"], "/lead/seats/new/", **SEAT).status_code == 403
    assert part(centre["alice"], "/lead/seats/1001/").status_code == 403


def test_given_a_form_that_is_right_when_it_is_posted_then_it_is_kept_and_what_is_not_ones_own_to_give_stays(centre: Any) -> None:
    from ccenter.calls import seat_records
    from ccenter.calls.models import Agent, Queue

    alice = Agent.objects.get(number="1001")
    alice.queues.add(Queue.objects.get(code="care"))  # of another group
    answer = part(centre["lea"], "/lead/seats/1001/", **SEAT, permissions="admin")
    assert answer.headers["HX-Trigger"] == "seat-saved", answer.content.decode()
    (kept,) = seat_records.records(Agent.objects.filter(number="1001"))
    assert (kept["name"], kept["level"], kept["browser_phone"], kept["desk_phone"]) == ("Ann", 4, True, False)
    assert (kept["queues"], kept["permissions"]) == (["care"], ["agent"])


def test_given_a_form_that_is_wrong_when_it_is_posted_then_it_says_why_and_keeps_what_was_written(centre: Any) -> None:
    answer = part(centre["lea"], "/lead/seats/1001/", **{**SEAT, "name": "Ann the Great", "level": "eleven", "mobile": "12"})
    text = answer.content.decode()
    assert "HX-Trigger" not in answer.headers
    assert "Level: " in text and 'value="Ann the Great"' in text
    answer = part(centre["lea"], "/lead/seats/1001/", **{**SEAT, "mobile": "12"})
    assert "Telephone over the trunk: " in answer.content.decode()


def test_given_an_administrator_when_a_new_seat_is_kept_then_its_first_password_is_told_once(centre: Any, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    answer = part(centre["ada"], "/lead/seats/new/", **{**SEAT, "number": "1077", "login": "eve"}, permissions="agent")
    found = re.search(r"eve  (\S+)</div>", answer.content.decode())
    assert found and User.objects.get(username="eve").check_password(found[1])
    assert found[1] not in part(centre["ada"], "/lead/seats/1077/").content.decode()


# -- texts and files -------------------------------------------------------------------------------------------


def chinese_of(domain: str) -> dict[str, str]:
    with (LOCALE / f"{domain}.mo").open("rb") as file:
        return dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]


def test_given_the_templates_when_searched_then_each_text_has_its_chinese() -> None:
    marked = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
    texts = {"".join(found) for path in TEMPLATES.glob("lead*.html") for found in marked.findall(path.read_text())}
    chinese = chinese_of("django")
    assert len(texts) > 80
    assert sorted(text for text in texts if not chinese.get(text)) == []


def test_given_the_scripts_when_searched_then_each_text_has_its_chinese_with_the_same_places() -> None:
    marked = re.compile(r'gettext\(\s*("(?:[^"\\]|\\.)*")')
    texts = {ast.literal_eval(found) for path in SCRIPTS.glob("*.js") for found in marked.findall(path.read_text())}
    chinese = chinese_of("djangojs")
    assert len(texts) > 100
    assert sorted(text for text in texts if not chinese.get(text)) == []
    for text in texts:
        assert text.count("%s") == chinese[text].count("%s"), text


def test_given_the_scripts_when_searched_then_no_text_becomes_html() -> None:
    for path in SCRIPTS.glob("*.js"):
        found = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b", path.read_text())
        assert not found, path


# -- the model of the floor, in the browser's language -----------------------------------------------------------

MODEL = """
globalThis.document = { hidden: false, getElementById: () => null };
globalThis.requestAnimationFrame = (paint) => setTimeout(paint, 0);
const { Model } = await import(process.argv[1]);
const told = JSON.parse(process.argv[2]);
const model = new Model();
let paintings = 0;
model.addEventListener("change", () => (paintings += 1));
for (const one of told) one.seats ? model.load(one) : model.take(one);
await new Promise((done) => setTimeout(done, 20));
console.log(JSON.stringify({
  seats: Object.fromEntries(model.seats), calls: Object.fromEntries(model.calls), waiting: model.waiting().map((call) => call.id),
  monitors: Object.fromEntries(model.monitors), away: [...model.away.keys()], seq: model.seq, unknown: model.unknown, paintings,
}));
"""


def fold(*told: Any) -> dict[str, Any]:
    """What the page's model makes of snapshots (objects) and batches of facts (arrays)."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine")
    command = [node, "--input-type=module", "-e", MODEL, (SCRIPTS / "model.js").as_uri(), json.dumps(told)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout))


def floor(seq: int = 10, **more: Any) -> dict[str, Any]:
    seat = {"number": "1001", "name": "Alice", "group": "sales", "state": "READY", "reason": "", "since": 100.0, "call": ""}
    return {
        "seq": seq,
        "at": 100.0,
        "seats": [{**seat, "online": True, "away": None, "allows": [], "today": {"answered": 3, "talk": 60}}],
        "queues": [{"code": "orders", "name": "Orders"}],
        "calls": [],
        "trunks": [],
        "monitors": [],
        "callbacks_open": 0,
        "alarms": [],
        **more,
    }


def fact(seq: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"seq": seq, "at": 100.0 + seq, "type": kind, **fields}


CALL = [
    fact(11, "CallQueued", call="c1", queue="orders", position=1),
    fact(12, "CallOfferedTo", call="c1", agent="1001", queue="orders"),
    fact(13, "AgentChanged", agent="1001", state="RESERVED", call="c1", was="READY", lasted=5.0),
    fact(14, "CallConnected", call="c1", agent="1001", queue="orders", waited=3.0),
    fact(15, "AgentChanged", agent="1001", state="TALKING", call="c1", was="RESERVED", lasted=3.0),
]


def test_given_a_snapshot_when_a_call_is_told_then_seat_and_call_follow_in_one_painting() -> None:
    found = fold(floor(), CALL)
    seat, call = found["seats"]["1001"], found["calls"]["c1"]
    assert (seat["state"], seat["call"], seat["since"], seat["today"]["answered"]) == ("TALKING", "c1", 115.0, 4)
    assert (call["state"], call["agent"], [step["step"] for step in call["path"]]) == ("CONNECTED", "1001", ["queue", "talk"])
    assert found["waiting"] == []
    assert found["paintings"] == 1
    assert found["unknown"] is True  # who calls is told by the next snapshot


def test_given_a_snapshot_older_than_the_facts_when_it_comes_then_nothing_goes_back() -> None:
    found = fold(floor(), CALL, floor(seq=12))
    assert found["seats"]["1001"]["state"] == "TALKING"
    assert found["seats"]["1001"]["today"]["answered"] == 4  # folded once
    assert found["seq"] == 15


def test_given_facts_told_twice_when_taken_then_they_count_once() -> None:
    assert fold(floor(), CALL, CALL)["seats"]["1001"]["today"]["answered"] == 4


def test_given_a_caller_whom_another_group_took_when_told_so_then_they_wait_no_more() -> None:
    found = fold(floor(), CALL[:1], [fact(12, "CallConnected", call="c1", queue="orders")])
    assert found["calls"] == {}


def test_given_a_lead_who_listens_when_the_mode_changes_and_the_call_ends_then_the_page_knows() -> None:
    listens = fact(16, "MonitorStarted", call="c1", agent="1001", supervisor="9001", mode="listen", by="lea")
    whispers = fact(17, "MonitorChanged", call="c1", agent="1001", supervisor="9001", mode="whisper", by="lea")
    found = fold(floor(), CALL, [listens, whispers])
    assert (found["monitors"]["9001"]["mode"], found["monitors"]["9001"]["since"]) == ("whisper", 116.0)
    assert fold(floor(), CALL, [listens, fact(17, "CallEnded", call="c1", outcome="ANSWERED")])["monitors"] == {}


def test_given_two_leads_at_one_seat_when_the_second_stops_then_the_first_is_still_told_as_listening() -> None:
    first, second = (
        fact(16 + n, "MonitorStarted", call="c1", agent="1001", supervisor=lead, mode="listen", by=lead)
        for n, lead in enumerate(("9001", "9002"))
    )
    assert list(fold(floor(), CALL, [first, second])["monitors"]) == ["9001", "9002"]
    stopped = fact(18, "MonitorEnded", call="c1", agent="1001", supervisor="9002", reason="stopped")
    assert list(fold(floor(), CALL, [first, second, stopped])["monitors"]) == ["9001"]


def test_given_a_phone_lost_in_a_call_when_it_is_back_then_the_alarm_is_over() -> None:
    away = fact(16, "AgentAway", call="c1", agent="1001")
    assert fold(floor(), CALL, [away])["away"] == ["1001"]
    assert (
        fold(floor(), CALL, [away, fact(17, "AgentBack", call="c1", agent="1001", leg="x", held=False, away=1.0)])["away"] == []
    )


def test_given_facts_about_seats_of_others_when_taken_then_they_change_nothing() -> None:
    found = fold(floor(), [fact(11, "AgentChanged", agent="7777", state="READY", was="LOGGED_OUT")])
    assert list(found["seats"]) == ["1001"]

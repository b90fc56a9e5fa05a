"""Seat records: who may change what, and files of them: what would change is said first, and an export reads as it was written."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def centre(db: None) -> None:
    """Two groups: "floor" with alice, whom lead leads, and "other" with bob."""
    from ccenter.calls.models import Skill
    from tests.django.people import person

    for name, seat, team in (("alice", "1001", "floor"), ("bob", "1002", "other")):
        person(name, "agent", seat, team)
    person("lead", "lead")
    person("boss", "admin")
    Skill.objects.create(code="order")
    Skill.objects.create(code="vip")


@pytest.fixture
def lead(centre: None) -> Any:
    return who("lead")


@pytest.fixture
def boss(centre: None) -> Any:
    return who("boss")


def who(name: str) -> Any:
    from django.contrib.auth.models import User

    from tests.django.people import client

    return client(User.objects.get(username=name))


ALICE = {
    "number": "1001", "name": "Alice", "login": "alice", "level": 1, "group": "floor", "queues": [], "skills": {},
    "permissions": ["agent"], "active": True, "desk_phone": True, "browser_phone": True, "mobile": "",
}  # fmt: skip


def test_given_two_teams_when_records_are_read_then_a_lead_has_their_own_and_no_password_is_told(lead: Any, boss: Any) -> None:
    assert lead.get("/api/seat-records/").json() == {"seats": [ALICE]}
    assert [row["number"] for row in boss.get("/api/seat-records/").json()["seats"]] == ["1001", "1002"]
    assert "a-password-of-it" not in boss.get("/api/seat-records/").content.decode()
    assert who("alice").get("/api/seat-records/").status_code == 403


def test_given_a_seat_when_its_lead_changes_it_then_what_is_not_given_stays(lead: Any) -> None:
    from ccenter.calls.models import Agent

    change = {"name": "Alice Wang", "level": 3, "skills": {"vip": 8, "order": 2}, "queues": ["sales"], "mobile": "138 0013 8000"}
    answer = lead.put("/api/seat-records/1001/", change)
    assert answer.status_code == 200, answer.json()
    wanted = {**ALICE, **change, "mobile": "+8613800138000"}
    assert answer.json() == {"seat": wanted, "password": ""}
    assert lead.put("/api/seat-records/1001/", {"desk_phone": False}).json()["seat"] == {**wanted, "desk_phone": False}
    assert Agent.objects.get(number="1001").sip_password == "a-password-of-it"


@pytest.mark.parametrize(
    ("number", "body", "status", "field"),
    [
        ("1002", {"name": "Bob Li"}, 404, "detail"),
        ("1009", {"name": "Nobody"}, 404, "detail"),
        ("1001", {"permissions": ["agent", "admin"]}, 400, "permissions"),
        ("1001", {"group": "other"}, 400, "group"),
        ("1001", {"queues": ["other"]}, 400, "queues"),
        ("1001", {"login": "mallory"}, 400, "login"),
        ("1001", {"skills": {"sorcery": 3}}, 400, "skills"),
        ("1001", {"skills": {"vip": 11}}, 400, "skills"),
        ("1001", {"level": 0}, 400, "level"),
        ("1001", {"mobile": "12"}, 400, "mobile"),
        ("1001", {"sip_password": "x"}, 400, "sip_password"),
        ("1001", {"name": " "}, 400, "name"),
    ],
)
def test_given_what_a_lead_may_not_or_nobody_can_when_written_then_it_is_refused_and_nothing_changes(
    lead: Any, boss: Any, number: str, body: Any, status: int, field: str
) -> None:
    before = boss.get("/api/seat-records/").json()
    answer = lead.put(f"/api/seat-records/{number}/", body)
    assert (answer.status_code, list(answer.json())) == (status, [field]), answer.json()
    assert boss.get("/api/seat-records/").json() == before


def test_given_a_new_person_when_an_admin_makes_their_seat_then_they_can_log_in_and_a_lead_may_not(
    boss: Any, lead: Any, client: Any
) -> None:
    from django.core.cache import cache

    cache.clear()
    new = {**ALICE, "number": "1003", "name": "Carol", "login": "carol", "permissions": ["lead", "agent", "see_numbers"]}
    assert lead.post("/api/seat-records/", new).status_code == 403
    made = boss.post("/api/seat-records/", new)
    assert (made.status_code, made.json()["seat"]["permissions"]) == (201, ["agent", "lead", "see_numbers"])
    login = {"username": "carol", "password": made.json()["password"]}
    assert client.post("/api/token/", login, content_type="application/json").status_code == 200
    assert list(boss.post("/api/seat-records/", new).json()) == ["number"]
    assert list(boss.post("/api/seat-records/", {**new, "number": "1004"}).json()) == ["login"]
    fewer = boss.put("/api/seat-records/1003/", {"permissions": ["agent"]}).json()
    assert fewer["seat"]["permissions"] == ["agent"] and not fewer["password"]
    assert who("carol").get("/api/seats/").status_code == 403


CSV = "\ufeff工号,姓名,登录名,级别,组,技能,权限,启用,座机,网页电话,手机\r\n1001,Alice,alice,4,floor,order:5 vip:8,agent,是,1,0,\r\n1003,王芳,carol,2,other,,agent lead,1,1,1,13800138000\r\n"


def load(by: Any, text: str, apply: bool = False) -> Any:
    return by.post("/api/seat-records/import/", {"csv": text, "apply": apply})


def test_given_a_file_when_imported_then_it_says_first_what_it_would_change_and_then_does_just_that(boss: Any) -> None:
    from ccenter.calls.models import Agent

    before = boss.get("/api/seat-records/").json()
    said = load(boss, CSV).json()
    assert boss.get("/api/seat-records/").json() == before
    assert said["errors"] == [] and said["passwords"] == {}
    first, second = said["changes"]
    assert (first["line"], first["number"], first["action"]) == (2, "1001", "change")
    assert first["fields"] == {"level": [1, 4], "skills": [{}, {"order": 5, "vip": 8}], "browser_phone": [True, False]}
    assert (second["line"], second["name"], second["action"], second["fields"]["mobile"]) == (
        3,
        "王芳",
        "new",
        [None, "+8613800138000"],
    )
    done = load(boss, CSV, apply=True)
    assert done.status_code == 200 and done.json()["changes"] == said["changes"] and list(done.json()["passwords"]) == ["carol"]
    assert len(Agent.objects.get(number="1003").sip_password) >= 8
    assert {change["action"] for change in load(boss, CSV).json()["changes"]} == {"same"}


def test_given_an_export_when_read_again_then_nothing_changes_and_no_cell_is_a_formula(boss: Any) -> None:
    load(boss, CSV, apply=True)
    boss.put("/api/seat-records/1002/", {"name": "=cmd|' /C calc'!A0"})
    text = boss.get("/api/seat-records/export/").content.decode()
    assert ",'=cmd" in text and ",'+8613800138000" in text and text.startswith("\ufeffnumber,name,")
    assert [change["action"] for change in load(boss, text).json()["changes"]] == ["same"] * 3
    assert who("lead").get("/api/seat-records/export/").content.decode().count("\n") == 2


WRONG = [
    ("number,nmae\n1001,x\n", [(1, "")]),
    ("name\nx\n", [(1, "")]),
    ("number,name\n1001,x,y\n1001,z\n", [(2, "")]),
    ("number,level\n1001,high\n", [(2, "level")]),
    ("number,active\n1001,perhaps\n", [(2, "active")]),
    ("number,skills\n1001,vip:x\n", [(2, "skills")]),
    ("number,level\n1001,1\n\n1001,2\n", [(2, "number"), (4, "number")]),
    ("number,name,login,group\n1003,C,bob,floor\n1004,D,dora,none\n", [(2, "login"), (3, "group")]),
    ('number,name\n1001,"two\nlines"\n', [(3, "name")]),
    ("number,permissions\n1001,king\n", [(2, "permissions")]),
]


@pytest.mark.parametrize(("text", "errors"), WRONG)
def test_given_wrong_lines_when_imported_then_each_error_names_line_and_field_and_nothing_is_written(
    boss: Any, text: str, errors: list[tuple[int, str]]
) -> None:
    before = boss.get("/api/seat-records/").json()
    said = load(boss, text, apply=True)
    assert said.status_code == 400
    assert [(error["line"], error["field"]) for error in said.json()["errors"]] == errors
    assert all(error["error"] for error in said.json()["errors"])
    assert boss.get("/api/seat-records/").json() == before


def test_given_a_lead_when_importing_then_only_their_own_seats_can_change(lead: Any, boss: Any) -> None:
    said = load(lead, "number,name,level\n1001,Alice,2\n1002,Bob,2\n", apply=True)
    assert [(error["line"], error["field"]) for error in said.json()["errors"]] == [(3, "number")]
    assert boss.get("/api/seat-records/").json()["seats"][0]["level"] == 1
    assert load(lead, "number;level\n1001;2\n", apply=True).status_code == 200
    assert boss.get("/api/seat-records/").json()["seats"][0]["level"] == 2
    assert load(who("alice"), "number,level\n1001,9\n", apply=True).status_code == 403


def test_given_many_lines_when_imported_then_the_queries_do_not_grow(boss: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for first, size in ((2000, 10), (3000, 300)):
        lines = "".join(f"{n},Agent {n},a{n},1,floor,order:3,agent,sales\n" for n in range(first, first + size))
        with CaptureQueriesContext(connection) as counted:
            answer = load(boss, "number,name,login,level,group,skills,permissions,queues\n" + lines, apply=True)
            assert (answer.status_code, len(answer.json()["changes"])) == (200, size)
        counts.append(len(counted))
    assert counts[0] == counts[1] < 45

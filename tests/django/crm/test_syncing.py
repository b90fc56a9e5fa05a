"""Customers kept equal with another database, and with a program that sends its rows signed."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from ccenter.office.webhooks import sign
from crm.models import Customer, CustomField, RefusedRow, Source, SourceRow, SourceRun
from crm.services import sources, syncing
from crm.services.customers import add_customer, change_customer
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
MAPPING = {"name": "xm", "phones": "dh", "city": "cs", "fields.size": "xiema", "level": "dj"}
TABLE = """
CREATE SCHEMA erp;
CREATE TABLE erp.kehu (
    id integer PRIMARY KEY, xm varchar(40) NOT NULL, dh varchar(60), cs varchar(40), xiema numeric(6, 1), dj varchar(10), gx timestamptz
)
"""


@pytest.fixture
def theirs(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Their database: a real one beside ours."""
    own = connection.settings_dict
    where = {"host": own["HOST"], "port": own["PORT"], "user": own["USER"], "password": own["PASSWORD"]}
    name = f"{own['NAME']}_theirs"
    main = psycopg2.connect(dbname="postgres", **where)
    main.autocommit = True
    with main.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')
    base = psycopg2.connect(dbname=name, **where)
    base.autocommit = True
    with base.cursor() as cursor:
        cursor.execute(TABLE)
        secret = f":{own['PASSWORD']}" if own["PASSWORD"] else ""
        monkeypatch.setenv("CC_SOURCE_ERP", f"postgresql+psycopg2://{own['USER']}{secret}@{own['HOST']}:{own['PORT']}/{name}")
        yield cursor
    base.close()
    with main.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    main.close()


@pytest.fixture
def source(db: None) -> Source:
    CustomField.objects.create(code="size", name_zh="鞋码", kind="number")
    return made()


def made(**values: Any) -> Source:
    first = {"code": "erp", "name": "ERP", "table": "erp.kehu", "key": "id", "changed": "gx", "mapping": MAPPING}
    return sources.add_source(None, {**first, **values})


def put(theirs: Any, key: int, name: str, phone: str | None = None, ago: float = 60, **more: Any) -> None:
    columns = {"id": key, "xm": name, "dh": phone, "gx": timezone.now() - timedelta(seconds=ago), **more}
    names = ", ".join(columns)
    sets = ", ".join(f"{column} = excluded.{column}" for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    theirs.execute(
        f"INSERT INTO erp.kehu ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {sets}", list(columns.values())
    )


def ran(source: Source) -> dict[str, int]:
    run = syncing.run(source)
    assert run.error == "", run.error
    return {name: count for name, count in run.counts.items() if count}


def names() -> list[str]:
    return sorted(Customer.objects.values_list("name", flat=True))


def test_given_their_table_when_read_then_new_rows_come_known_ones_are_linked_and_bad_ones_are_told(
    theirs: Any, source: Source
) -> None:
    there = add_customer({"name": "王芳", "city": "宁波市"}, ["13800138000"])
    put(theirs, 1, "王小芳", "138-0013-8000", cs="杭州市", xiema=38.5, dj="贵宾")
    put(theirs, 2, "李强", "13911112222; 0571-88880000", xiema=40)
    put(theirs, 3, "赵一", "12")
    assert ran(source) == {"read": 3, "added": 1, "changed": 1, "refused": 1}
    there.refresh_from_db()
    assert (there.name, there.level, there.fields, there.addresses.get().city) == ("王小芳", "vip", {"size": 38.5}, "杭州市")
    assert Customer.objects.get(name="李强").fields == {"size": 40}
    (refused,) = SourceRun.objects.latest("id").refused
    assert refused["key"] == "3"
    assert "12" in refused["reasons"]
    assert SourceRow.objects.count() == 2


def test_given_nothing_new_when_read_again_then_nothing_is_written_and_only_the_last_is_looked_at(
    theirs: Any, source: Source
) -> None:
    put(theirs, 1, "王芳", ago=7200)
    put(theirs, 2, "李强", ago=60)
    assert ran(source) == {"read": 2, "added": 2}
    versions = dict(Customer.objects.values_list("name", "version"))
    assert ran(source) == {"read": 1, "same": 1}
    put(theirs, 1, "王小芳", ago=1)
    assert ran(source) == {"read": 2, "changed": 1, "same": 1}
    assert names() == ["李强", "王小芳"]
    assert Customer.objects.get(name="李强").version == versions["李强"]


def test_given_more_rows_than_a_batch_when_many_have_the_same_time_then_none_is_left_out(
    theirs: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "BATCH", 3)
    at = timezone.now()
    for key in range(1, 9):
        put(theirs, key, f"王{key}")
    theirs.execute("UPDATE erp.kehu SET gx = %s", [at])
    assert ran(source) == {"read": 8, "added": 8}
    assert sorted(SourceRow.objects.values_list("key", flat=True)) == [str(key) for key in range(1, 9)]


@pytest.mark.parametrize(
    ("conflict", "ours_first", "kept"),
    [("theirs", True, "他们的"), ("ours", False, "我们的"), ("newest", True, "他们的"), ("newest", False, "我们的")],
)
def test_given_both_sides_changed_then_the_rule_decides(
    conflict: str, ours_first: bool, kept: str, theirs: Any, source: Source
) -> None:
    sources.change_source(None, source, {"conflict": conflict})
    put(theirs, 1, "王芳", ago=600)
    ran(source)
    who = Customer.objects.get()
    change_customer(who, {"name": "我们的"})
    put(theirs, 1, "他们的", ago=-30 if ours_first else 30)
    told = ran(source)
    assert names() == [kept]
    assert told.get("kept", 0) == (1 if kept == "我们的" else 0)
    assert ran(source).keys() <= {"read", "same"}


def test_given_a_source_that_takes_our_changes_then_they_are_there_and_come_back_as_nothing_new(
    theirs: Any, source: Source
) -> None:
    sources.change_source(None, source, {"write": True})
    put(theirs, 1, "王芳", "13800138000", xiema=38)
    put(theirs, 2, "李强")
    ran(source)
    ran(source)
    who = Customer.objects.get(name="王芳")
    change_customer(who, {"name": "王小芳", "fields": {"size": 39.5}}, ["13911112222"])
    assert ran(source)["written"] == 1
    theirs.execute("SELECT xm, dh, xiema FROM erp.kehu WHERE id = 1")
    assert [str(cell) for cell in theirs.fetchone()] == ["王小芳", "13800138000; 13911112222", "39.5"]
    theirs.execute("SELECT xm FROM erp.kehu WHERE id = 2")
    assert theirs.fetchone() == ("李强",)
    assert "written" not in ran(source)
    assert names() == ["李强", "王小芳"]


def test_given_their_database_is_not_there_or_not_as_was_said_then_the_run_says_so_without_the_password(
    theirs: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.change_source(None, source, {"mapping": {"name": "nothing"}})
    assert "nothing" in syncing.run(source).error
    sources.change_source(None, source, {"mapping": {"name": "xm"}, "table": "erp.nobody"})
    assert "erp.nobody" in syncing.run(source).error
    monkeypatch.setenv("CC_SOURCE_ERP", "postgresql+psycopg2://me:geheim@127.0.0.1:9/x")
    error = syncing.run(source).error
    assert error
    assert "geheim" not in error
    monkeypatch.delenv("CC_SOURCE_ERP")
    assert "CC_SOURCE_ERP" in syncing.run(source).error


def test_given_a_schedule_then_a_source_is_due_once_and_again_after_its_minutes(theirs: Any, source: Source) -> None:
    sources.change_source(None, source, {"every": 15})
    put(theirs, 1, "王芳")
    now = timezone.now()
    assert (syncing.run_due(now), syncing.run_due(now), names()) == (1, 0, ["王芳"])
    assert syncing.run_due(now + timedelta(minutes=16)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"mapping": {}},
        {"mapping": {"nonsense": "xm"}},
        {"mapping": {"name": "x; DROP TABLE"}},
        {"table": "a.b.c"},
        {"table": "", "every": 5},
        {"key": 'a"b'},
        {"entity": "invoice"},
        {"write": True, "mapping": {"name": "xm", "number": "id"}},
    ],
)
def test_given_settings_that_cannot_be_then_they_are_refused(wrong: dict[str, Any], db: None) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises((ValidationError, IntegrityError)), transaction.atomic():
        made(**{"mapping": {"name": "xm"}, **wrong})


def test_given_a_refused_row_of_their_table_then_the_next_runs_try_it_though_nothing_changed_there(
    theirs: Any, source: Source
) -> None:
    there = add_customer({"name": "王芳"}, ["13800138000"])
    add_customer({"name": "李强"}, ["13911112222"])
    put(theirs, 1, "王小芳", "13800138000; 13911112222", ago=7200)
    put(theirs, 2, "赵一", ago=60)
    assert ran(source) == {"read": 2, "added": 1, "refused": 1}
    RefusedRow.objects.update(next_at=timezone.now())
    assert ran(source) == {"read": 1, "again": 1, "same": 1, "refused": 1}
    there.phones.all().delete()
    RefusedRow.objects.update(next_at=timezone.now())
    assert ran(source) == {"read": 1, "again": 1, "same": 1, "changed": 1}
    assert (RefusedRow.objects.count(), names()) == (0, ["王小芳", "王芳", "赵一"])


# -- over REST -------------------------------------------------------------------------------------------------


def send(source: Source, body: Any, message: str = "m1", at: float = 0.0, secret: str = "", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int(timezone.now().timestamp() + at)
    told = {
        "webhook-id": message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret or source.secret, message, stamp, raw),
    }
    return Client().post("/api/crm/sources/erp/rows/", raw, content_type="application/json", headers={**told, **headers})


ROW = {"id": 7, "xm": "王芳", "dh": "13800138000"}


def test_given_a_program_that_signs_when_it_sends_rows_then_they_are_taken_once(source: Source) -> None:
    told = send(source, {"rows": [ROW, {"id": 8, "xm": ""}]})
    assert told.status_code == 200, told.content
    assert (told.json()["counts"]["added"], told.json()["counts"]["refused"], [one["key"] for one in told.json()["refused"]]) == (
        1,
        1,
        ["8"],
    )
    assert send(source, {"rows": [ROW, {"id": 8, "xm": ""}]}).json() == told.json()
    assert send(source, {"rows": [{**ROW, "xm": "王小芳"}]}, "m2").json()["counts"]["changed"] == 1
    assert names() == ["王小芳"]


def test_given_no_right_signature_then_nothing_is_taken_or_told(source: Source) -> None:
    other = sources.new_secret()
    for answer in (
        send(source, {"rows": [ROW]}, secret=other),
        send(source, {"rows": [ROW]}, at=-3600),
        send(source, {"rows": [ROW]}, **{"webhook-id": "m9"}),
        send(source, {"rows": [ROW]}, **{"webhook-signature": ""}),
        Client().post("/api/crm/sources/nobody/rows/", b"{}", content_type="application/json"),
    ):
        assert (answer.status_code in (401, 403), list(answer.json())) == (True, ["code", "detail", "fields"])
    sources.change_source(None, source, {"active": False})
    assert send(source, {"rows": [ROW]}).status_code in (401, 403)
    assert not Customer.objects.exists()


def test_given_a_body_that_is_no_list_of_rows_then_it_is_refused(source: Source) -> None:
    for wrong in (b"", b"[]", b"{}", {"rows": 1}, {"rows": [1]}, {"rows": [ROW] * 501}, b"[" * 5000):
        assert send(source, wrong).status_code == 400, wrong


def test_given_an_administrator_then_sources_are_set_up_and_the_secret_is_shown_once(source: Source) -> None:
    admin = client(person("root", "admin"))
    sent = {"code": "shop", "name": "Shop", "key": "id", "mapping": {"name": "n"}}
    made = admin.post("/api/crm/sources/", sent)
    assert (made.status_code, made.json()["secret"].startswith("whsec_")) == (201, True), made.json()
    where = f"/api/crm/sources/{made.json()['id']}/"
    assert "secret" not in admin.get(where).json()
    fresh = admin.post(f"{where}secret/").json()["secret"]
    assert fresh != made.json()["secret"]
    assert admin.patch(where, {"mapping": {"nonsense": "x"}}, headers={"If-Match": "*"}).status_code == 400
    syncing.run(source)
    assert admin.get("/api/crm/source-runs/", {"source": source.pk}).json()["results"][0]["error"]
    assert client(person("lena", "lead")).get("/api/crm/sources/").status_code == 403
    assert settings.DEBUG is False

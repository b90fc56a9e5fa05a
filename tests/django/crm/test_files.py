"""Customers from files and into files."""

import csv
import io
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import xlsxwriter
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from ccenter.office import jobs
from ccenter.office.models import Branch, Job
from crm import tables
from crm.models import Customer, CustomerPhone, CustomField, Tag
from crm.selectors import finding
from crm.services.customers import add_customer
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
HEAD = ["姓名", "手机", "固话", "等级", "城市", "地址", "标签", "鞋码"]
IMPORTS = "/api/crm/customer-imports/"


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    CustomField.objects.create(code="size", name_zh="鞋码", kind="number")


@pytest.fixture
def root() -> User:
    return person("root", "admin")


def table(*rows: list[Any], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEAD, *rows])
    return text.getvalue().encode(encoding)


def imported(user: User, data: bytes, name: str = "customers.csv", **params: Any) -> Job:
    """A job done here and now, as the worker does it."""
    params.setdefault("mapping", {"固话": "phones"})
    job = jobs.start(user, "customers.import", params, upload=SimpleUploadedFile(name, data))
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def refused(job: Job) -> dict[str, str]:
    """{row: why}."""
    path = jobs.folder(job) / "refused.csv"
    if not path.exists():
        return {}
    return {row[0]: row[-1] for row in list(csv.reader(path.read_text("utf-8-sig").splitlines()))[1:]}


GOOD = ["王芳", "138 0013 8000", "0571-88880000", "贵宾", "杭州市", "文三路158号", "老客户", "40.5"]


def test_given_a_file_when_imported_then_the_right_rows_are_customers_and_the_wrong_come_back_with_reasons(root: User) -> None:
    Tag.objects.create(name="老客户")
    data = table(
        GOOD,
        ["", "13911112222", "", "", "", "", "", ""],
        ["李强", "1391", "", "国王", "", "", "", "large"],
        ["赵一", "13911113333", "", "", "", "", "没有的标签", ""],
        [],
        ["钱二", "13800138000", "", "", "", "", "", ""],
        ["孙三", "", "", "", "", "", "", ""],
    )
    job = imported(root, data)
    assert (job.state, job.total, job.done, job.refused, job.report) == ("done", 6, 6, 4, {"added": 2}), job.message
    reasons = refused(job)
    assert sorted(reasons) == ["3", "4", "5", "7"]
    assert all(word in reasons["4"] for word in ("phones", "level", "fields.size"))
    who = Customer.objects.get(name="王芳")
    assert (who.level, who.fields, who.main_address.text if who.main_address else "") == (
        "vip",
        {"size": 40.5},
        "杭州市文三路158号",
    )
    assert [phone.number for phone in who.phones.all()] == ["+8613800138000", "+8657188880000"]
    assert [tag.name for tag in who.tags.all()] == ["老客户"]
    assert finding.customers("wf 8000") == [who]


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("gb18030", "\t"), ("utf-8", ";")])
def test_given_what_spreadsheets_write_then_it_is_read(encoding: str, delimiter: str, root: User) -> None:
    job = imported(root, table(GOOD, encoding=encoding, delimiter=delimiter), tags=True)
    assert (job.state, job.report) == ("done", {"added": 1}), job.message


def test_given_a_workbook_then_numbers_and_dates_are_what_they_look_like(root: User) -> None:
    CustomField.objects.create(code="born", name_zh="生日", kind="date")
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["姓名", "手机", "生日", "鞋码"])
    sheet.write_row(1, 0, ["王芳", 13800138000])
    sheet.write_datetime(1, 2, __import__("datetime").datetime(1980, 5, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write(1, 3, 40)
    book.close()
    job = imported(root, data.getvalue(), "customers.xlsx", mapping={})
    assert (job.state, job.report) == ("done", {"added": 1}), (job.message, refused(job))
    assert Customer.objects.get().fields == {"born": "1980-05-01", "size": 40}
    assert CustomerPhone.objects.get().number == "+8613800138000"


def test_given_a_dry_run_then_nothing_is_kept_and_the_real_one_does_what_it_said(root: User) -> None:
    data = table(GOOD, ["钱二", "13800138000"], ["孙三"], ["李", "1"])
    told = imported(root, data, tags=True, dry=True)
    assert (told.report, told.refused, Customer.objects.count(), Tag.objects.count()) == ({"added": 2}, 2, 0, 0)
    done = imported(root, data, tags=True)
    assert (done.report, done.refused, Customer.objects.count()) == ({"added": 2}, 2, 2)
    assert refused(told) == refused(done)


def test_given_customers_who_are_there_then_they_are_refused_skipped_or_changed_as_was_asked(root: User) -> None:
    who = add_customer(
        {
            "name": "王芳",
            "email": "w@example.com",
            "addresses": [{"city": "宁波市", "district": "海曙区"}],
            "fields": {"size": 38},
        },
        ["13800138000"],
    )
    data = table(["王小芳", "13800138000", "13911112222", "", "杭州市", "", "新", ""])
    job = imported(root, data, tags=True)
    assert (job.refused, job.report) == (1, {"added": 0})
    assert imported(root, data, tags=True, known="skip").report == {"added": 0, "skipped": 1}
    job = imported(root, data, tags=True, known="update")
    assert job.report == {"added": 0, "changed": 1}, refused(job)
    who.refresh_from_db()
    assert (who.name, who.email, who.fields, who.level) == ("王小芳", "w@example.com", {"size": 38}, "ordinary")
    assert [one.text for one in who.addresses.all()] == ["杭州市海曙区"]
    assert (who.phones.count(), [tag.name for tag in who.tags.all()]) == (2, ["新"])


@pytest.mark.parametrize("batch", [1, 500])
def test_given_somebody_new_twice_in_a_file_that_changes_then_the_second_row_is_written_too(
    batch: int, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.services.importing.BATCH", batch)
    data = table(["王芳", "13800138000"], ["王小芳", "13800138000", "13911112222", "", "宁波市"])
    assert imported(root, data, known="update", dry=True).report == {"added": 1, "changed": 1}
    assert imported(root, data, known="update").report == {"added": 1, "changed": 1}
    who = Customer.objects.get()
    assert (who.name, who.phones.count(), [one.text for one in who.addresses.all()]) == ("王小芳", 2, ["宁波市"])


@pytest.mark.parametrize("known", ["skip", "update"])
def test_given_a_member_nobody_knows_with_the_number_of_another_then_the_row_is_refused_and_the_other_left_alone(
    known: str, root: User
) -> None:
    add_customer({"name": "王芳", "number": "5001"}, ["13800138000"])
    data = "会员号,姓名,手机\n5002,李强,13800138000\n5003,赵一,13911112222\n5004,钱二,13911112222\n5003,赵二,13911112222\n"
    for dry in (True, False):
        job = imported(root, data.encode(), mapping={}, known=known, dry=dry)
        assert sorted(refused(job)) == ["2", "4"], dry
        assert job.report == {"added": 1, "skipped" if known == "skip" else "changed": 1}, dry
    told = {"5001": "王芳", "5003": "赵一" if known == "skip" else "赵二"}
    assert dict(Customer.objects.values_list("number", "name")) == told


def test_given_a_worker_that_died_then_the_next_goes_on_and_nothing_is_there_twice(
    root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.services import importing

    monkeypatch.setattr(importing, "BATCH", 2)
    data = table(*[[f"王{n}", f"138000000{n:02}"] for n in range(7)])
    job = jobs.start(root, "customers.import", {}, upload=SimpleUploadedFile("c.csv", data))
    real, calls = importing.Import._add, []

    def dies(self: Any, lines: Any) -> None:
        real(self, lines)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(importing.Import, "_add", dies)
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    assert Customer.objects.count() == 4
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.report, Customer.objects.count()) == ("done", 7, {"added": 7}, 7)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.csv", "name"),
        ("电话\n1".encode(), "a.csv", "name"),
        ("姓名,name\n1,2".encode(), "a.csv", "name"),
        (b"\xff\xfe\x00\x81", "a.csv", "UTF-8"),
        (b"PK\x03\x04nonsense", "a.xlsx", ""),
    ],
)
def test_given_a_file_that_is_no_table_of_customers_then_it_is_said_before_anything_begins(
    data: bytes, name: str, said: str, root: User
) -> None:
    answer = client(root).post(IMPORTS, {"file": SimpleUploadedFile(name, data)}, format="multipart")
    assert answer.status_code == 400, answer.json()
    assert said in str(answer.json())
    assert not Job.objects.exists()


def test_given_an_import_over_rest_then_it_is_a_job_and_only_who_may_begins_one(
    root: User, django_capture_on_commit_callbacks: Any
) -> None:
    admin = client(root)
    sent = {"file": SimpleUploadedFile("c.csv", table(GOOD)), "mapping": '{"固话": "phones"}', "known": "skip", "tags": "true"}
    answer = admin.post(IMPORTS, sent, format="multipart")
    assert answer.status_code == 202, answer.json()
    job = Job.objects.get()
    assert job.params == {"mapping": {"固话": "phones"}, "known": "skip", "tags": True, "dry": False}
    jobs.run(job.pk)
    assert admin.get(f"/api/office/jobs/{job.pk}/").json()["report"] == {"added": 1}
    sent["file"] = SimpleUploadedFile("c.csv", table(GOOD))
    shown = admin.post(
        "/api/crm/customer-import-previews/", {"file": SimpleUploadedFile("c.csv", table(GOOD))}, format="multipart"
    ).json()
    assert [one["target"] for one in shown["columns"]] == ["name", "phones", "", "level", "city", "street", "tags", "fields.size"]
    assert shown["columns"][0]["examples"] == ["王芳"]
    agent = client(person("alice", "agent", "1001"))
    assert agent.post(IMPORTS, sent, format="multipart").status_code == 403


def test_given_a_list_when_exported_then_the_file_has_what_the_owner_may_see_and_can_be_imported_again(root: User) -> None:
    add_customer(
        {
            "name": "=cmd()",
            "level": "vip",
            "tags": [Tag.objects.create(name="老客户")],
            "addresses": [{"city": "杭州市", "street": "文三路158号"}],
            "fields": {"size": 40},
        },
        ["13800138000"],
    )
    add_customer({"name": "李强"}, ["+1 415 555 2671"])
    for kind in ("csv", "xlsx"):
        answer = client(root).post("/api/crm/customer-exports/", {"kind": kind, "filters": "level=vip"})
        assert answer.status_code == 202, answer.json()
        job = Job.objects.get(pk=answer.json()["id"])
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.result, job.report) == ("done", f"customers.{kind}", {"rows": 1}), job.message
        path = jobs.folder(job) / "result"
        rows = [[tables.text_of(cell) for cell in row] for row in tables.rows(path)]
        assert len(rows) == 2
        assert {"=cmd()", "13800138000", "文三路158号", "老客户", "40", "VIP"} <= set(rows[1])
        if kind == "csv":
            assert "'=cmd()" in path.read_text("utf-8-sig")
            kept = path.read_bytes()
    Customer.objects.all().delete()
    assert imported(root, kept, mapping={}).report == {"added": 1}
    assert Customer.objects.get().name == "=cmd()"


def test_given_an_exporter_who_reads_masked_or_only_a_team_then_so_is_the_file(root: User) -> None:
    from ccenter.office.models import Right

    lead = person("lena", "lead")
    from django.contrib.auth.models import Group

    masked = person("max", "agent", "1002")
    Right.objects.create(group=Group.objects.get(name="agent"), action="customers.export", scope="all")
    mine = add_customer(
        {"name": "王芳", "team": lead.led_groups.first() if hasattr(lead, "led_groups") else None}, ["13800138000"]
    )
    job = jobs.start(masked, "customers.export", {"kind": "csv"})
    jobs.run(job.pk)
    text = (jobs.folder(job) / "result").read_text("utf-8-sig")
    assert "138****8000" in text
    assert "13800138000" not in text
    assert mine.name in text


def test_given_filters_that_are_not_understood_then_no_export_begins(root: User) -> None:
    for wrong in ("town=x", "own=size:from:big", "made_since=yesterday"):
        assert client(root).post("/api/crm/customer-exports/", {"filters": wrong}).status_code == 400, wrong
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_given_somebody_who_enters_a_customer_of_the_file_at_that_moment_then_only_that_row_is_refused(
    root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm.services import importing

    real, met = importing._ids, []

    def clerk() -> None:
        add_customer({"name": "李强"}, ["13911112222"])
        connection.close()

    def ids(numbers: list[str]) -> Any:
        if not met:
            met.append(Thread(target=clerk))
            met[0].start()
            met[0].join()
        return real(numbers)

    monkeypatch.setattr(importing, "_ids", ids)
    job = imported(root, table(GOOD, ["李强", "13911112222"], ["孙三", "13911113333"]), tags=True)
    assert (job.state, job.report, list(refused(job))) == ("done", {"added": 2}, ["3"])
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["孙三", "李强", "王芳"]


def test_given_many_customers_when_changed_at_once_then_all_of_the_list_are_and_only_those_one_may(root: User) -> None:
    Tag.objects.bulk_create([Tag(name="旧"), Tag(name="新")])
    shop = Branch.objects.create(code="shop", name="Shop")
    bella = person("bella", "branch")
    shop.logins.add(bella)
    rows = [
        add_customer(
            {"name": f"王{n}", "tags": [Tag.objects.get(name="旧")], "city": "杭州市", "branch": shop if n < 2 else None}
        )
        for n in range(4)
    ]
    add_customer({"name": "李强", "city": "宁波市"})
    sent = {"filters": "city=杭州市", "add_tags": ["新"], "remove_tags": ["旧"]}
    for user, changed in ((bella, 2), (root, 2)):
        answer = client(user).post("/api/crm/customer-changes/", sent)
        assert answer.status_code == 202, answer.json()
        job = Job.objects.get(pk=answer.json()["id"])
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.report) == ("done", {"changed": changed}), job.message
    assert [[tag.name for tag in one.tags.all()] for one in Customer.objects.order_by("pk")] == [["新"]] * 4 + [[]]
    lead = client(person("lena", "lead"))
    job = lead.post(
        "/api/crm/customer-changes/", {"ids": [rows[0].pk], "set": {"owner": "lena", "level": "vip", "branch": None}}
    ).json()
    jobs.run(job["id"])
    rows[0].refresh_from_db()
    assert (rows[0].owner and rows[0].owner.username, rows[0].level, rows[0].branch) == ("lena", "vip", None)
    for wrong in (
        {"ids": [1]},
        {"set": {"level": "vip"}},
        {"ids": [1], "set": {"name": "x"}},
        {"ids": [1], "set": {"owner": "nobody"}},
        {"ids": [1], "add_tags": ["没有"]},
    ):
        assert lead.post("/api/crm/customer-changes/", wrong).status_code == 400, wrong
    agent = client(person("alice", "agent", "1001"))
    assert agent.post("/api/crm/customer-changes/", {"ids": [1], "set": {"level": "vip"}}).status_code == 403


def test_given_an_update_of_customers_the_importer_may_not_change_then_those_rows_are_refused_with_that_reason(
    root: User,
) -> None:
    from django.contrib.auth.models import Group

    from ccenter.office.models import Right

    lena = person("lena", "lead")
    leads = Group.objects.get(name="lead")
    mine = add_customer({"name": "王芳", "owner": lena}, ["13800138000"])
    theirs = add_customer({"name": "李强", "level": "vip"}, ["13911112222"])
    CustomField.objects.create(code="secret", name_zh="备忘", kind="text").visible_to.set([Group.objects.get(name="finance")])

    def set_right(verb: str, scope: str) -> None:
        Right.objects.update_or_create(group=leads, action=f"customers.{verb}", defaults={"scope": scope})

    def updated(*rows: list[str], **params: Any) -> tuple[dict[str, int], dict[str, str]]:
        job = imported(User.objects.get(pk=lena.pk), table(*rows), known="update", **params)
        assert job.state == "done", job.message
        return {what: many for what, many in job.report.items() if many}, refused(job)

    both = (["王小芳", "13800138000"], ["李小强", "13911112222"])
    for scopes in ({"change": "own"}, {"view": "own", "change": "all"}):
        for verb, scope in scopes.items():
            set_right(verb, scope)
        for dry in (True, False):
            report, why = updated(*both, dry=dry)
            assert (report, list(why)) == ({"changed": 1}, ["3"]), (scopes, dry)
            assert "You have no right to change this customer." in why["3"]
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.name, theirs.name) == ("王小芳", "李强")
    set_right("view", "all")
    set_right("level", "none")
    report, why = updated(
        ["王芳", "13800138000", "", "贵宾"], ["李小强", "13911112222", "", "贵宾"], ["钱二", "13911113333", "", "会员"]
    )
    assert (report.get("changed"), sorted(why), "level" in why["2"]) == (1, ["2", "4"], True)
    assert sorted(Customer.objects.values_list("name", "level")) == [("李小强", "vip"), ("王小芳", "ordinary")]
    # a column of a field that they do not see is no column of theirs
    data = "姓名,手机,备忘\n王芳,13800138000,x\n".encode()
    job = imported(User.objects.get(pk=lena.pk), data, known="update", mapping={})
    mine.refresh_from_db()
    assert (job.report["changed"], mine.fields) == (1, {})

"""Consent to be called: kept with the customer, read and written wherever customers are, asked before anybody is dialled."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from ccenter.calls import models as calls
from ccenter.office import jobs
from ccenter.office.models import AuditEntry
from crm import tasks
from crm.models import Customer, OutboundTask, Script
from crm.services import customer_sync, merging, outbound, save_record
from crm.services.customers import add_customer, change_customer
from tests.django.crm import service
from tests.django.crm.core import QUESTIONS, Core, core_is_late, planned, state_of
from tests.django.office.pages import browser, send
from tests.django.people import client, person

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/crm/customers/"
YES = {"consent": "yes", "consent_how": "writing"}
ONE, TWO = "13800138000", "13911112222"


@pytest.fixture
def alice() -> Any:
    return service.agent("alice", "1001")


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def sheet() -> Script:
    return Script.objects.create(title="满意度", situation="survey", steps=QUESTIONS)


def said(who: Customer) -> tuple[Any, ...]:
    who.refresh_from_db()
    return who.consent, who.consent_how, who.consent_by and who.consent_by.username


# -- kept with the customer ----------------------------------------------------------------------------------------


def test_given_a_consent_when_written_down_then_since_when_how_and_by_whom_are_kept_and_in_the_log(alice: Any) -> None:
    who = add_customer({"name": "王芳"}, [ONE])
    assert (said(who), who.consent_at) == (("", "", None), None)
    change_customer(who, YES, by=alice)
    assert said(who) == ("yes", "writing", "alice")
    since = who.consent_at
    assert since is not None and timedelta(0) <= timezone.now() - since < timedelta(minutes=2) and since.second == 0
    entry = AuditEntry.objects.filter(action="customers.change").get()
    assert set(entry.changes) == {"consent", "consent_how", "consent_at", "consent_by_id"} and entry.changes["consent"] == [
        "",
        "yes",
    ]
    other = service.agent("bob", "1002")
    change_customer(who, {"name": "王方", **YES, "consent_at": since}, by=other)
    assert said(who) == ("yes", "writing", "alice")  # nothing new was said
    change_customer(who, {"consent": "no"}, by=other)
    assert said(who) == ("no", "", "bob")  # how they agreed is not how they refused
    change_customer(who, {"consent": ""}, by=other)
    assert (said(who), who.consent_at) == (("", "", None), None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"consent": "yes"}, "consent_how"),
        ({"consent": "maybe"}, "consent"),
        ({**YES, "consent_how": "dream"}, "consent_how"),
        ({**YES, "consent_at": timezone.now() + timedelta(days=1)}, "consent_at"),
        ({**YES, "consent_at": timezone.now() - timedelta(days=200 * 365)}, "consent_at"),
    ],
)
def test_given_a_consent_that_cannot_be_when_written_then_the_field_says_so(given: dict[str, Any], field: str) -> None:
    who = add_customer({"name": "王芳"}, [ONE])
    for write in (lambda: add_customer({"name": "李强", **given}), lambda: change_customer(who, given)):
        with pytest.raises(ValidationError) as refused:
            write()
        assert list(refused.value.message_dict) == [field]
    assert said(who) == ("", "", None)


def test_given_the_table_when_a_consent_has_no_day_or_a_yes_no_way_then_the_database_refuses_it() -> None:
    who = service.customer()
    for wrong in (
        {"consent": "yes", "consent_how": "call"}, {"consent": "yes", "consent_at": timezone.now()}, {"consent_at": timezone.now()},
        {"consent": "no"}, {"consent_how": "call"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Customer.objects.filter(pk=who.pk).update(**wrong)


# -- read and written wherever customers are -----------------------------------------------------------------------


def test_given_a_consent_over_rest_then_it_is_written_read_filtered_and_refused_where_it_makes_no_sense(alice: Any) -> None:
    agent, auditor = client(alice), client(person("finn", "finance"))
    made = agent.post(CUSTOMERS, {"name": "王芳", "phones": [{"number": ONE}], **YES, "consent_at": "2026-01-31T10:30:00+08:00"})
    assert made.status_code == 201, made.json()
    told = made.json()
    assert (told["consent"], told["consent_how"], told["consent_by"]) == ("yes", "writing", "alice")
    assert told["consent_at"].startswith("2026-01-31T10:30:00")
    address = f"{CUSTOMERS}{told['id']}/"
    add_customer({"name": "李强"}, [TWO])
    for asked, names in (("yes", ["王芳"]), ("unknown", ["李强"]), ("no", [])):
        assert [row["name"] for row in agent.get(CUSTOMERS, {"consent": asked}).json()["results"]] == names
    assert agent.get(CUSTOMERS, {"consent": "perhaps"}).status_code == 400
    version = {"If-Match": made["ETag"]}
    for wrong, field in (
        ({"consent": "maybe"}, "consent"),
        ({"consent_how": ""}, "consent_how"),
        ({"consent_at": "soon"}, "consent_at"),
    ):
        answer = agent.patch(address, wrong, headers=version)
        assert answer.status_code == 400 and field in answer.json()["fields"], wrong
    assert agent.patch(address, {"consent_by": "root", "consent": "no"}, headers=version).json()["consent_by"] == "alice"
    assert agent.patch(address, YES, headers=version).status_code == 412
    assert auditor.get(address).json()["consent"] == "no"
    assert auditor.patch(address, YES, headers={"If-Match": "*"}).status_code == 403


def test_given_the_form_of_a_customer_then_consent_is_written_there_and_shown_on_the_card(alice: Any) -> None:
    who, desk = add_customer({"name": "王芳"}, [ONE]), browser(alice)
    address = f"/crm/customers/{who.pk}/"
    lines = {f"{prefix}-{name}_FORMS": 0 for prefix in ("phones", "addresses") for name in ("TOTAL", "INITIAL")}
    phone = {"phones-TOTAL_FORMS": 1, "phones-0-id": who.phones.get().pk}

    def sent(**more: str) -> Any:
        version = Customer.objects.get(pk=who.pk).version
        return send(desk, f"{address}change/", **{**lines, **phone}, name="王芳", level="ordinary", version=version, **more)

    refused = sent(consent="yes")
    assert refused.status_code == 422 and "consent_how" in refused.context["form"].columns.errors
    assert sent(consent="yes", consent_how="call", consent_at="2026-01-31T10:30").status_code == 204
    assert said(who) == ("yes", "call", "alice")
    page = desk.get(address).content.decode()
    assert "Agrees to be called" in page and "2026-01-31 10:30" in page and "in a call" in page
    shown = desk.get(f"{address}change/").context["form"].columns
    assert {name: shown[name].value() for name in ("consent", "consent_how")} == {"consent": "yes", "consent_how": "call"}
    before = AuditEntry.objects.count()
    assert sent(consent="yes", consent_how="call", consent_at="2026-01-31T10:30").status_code == 204
    assert AuditEntry.objects.count() == before  # sent as it was


def test_given_a_file_with_consents_when_imported_then_they_are_kept_and_the_export_can_be_imported_again(
    settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT, root = tmp_path, person("root", "admin")
    rows = [
        ["姓名", "手机", "同意呼叫", "同意时间", "同意方式"],
        ["王芳", ONE, "是", "2026-01-31 10:30", "书面"], ["李强", TWO, "不同意", "2026-02-01", ""], ["赵敏", "13700000001", "", "", ""],
        ["甲", "13700000002", "是", "", ""], ["乙", "13700000003", "maybe", "", ""], ["丙", "13700000004", "是", "昨天", "书面"],
        ["丁", "13700000005", "是", "2099-01-01", "书面"],
    ]  # fmt: skip

    def imported(data: bytes, **params: Any) -> Any:
        job = jobs.start(root, "customers.import", params, upload=SimpleUploadedFile("customers.csv", data))
        jobs.run(job.pk)
        job.refresh_from_db()
        return job

    def written() -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    job = imported(written())
    assert job.report["added"] == 3 and job.state == "done", (job.report, job.message)
    refused = list(csv.reader((jobs.folder(job) / "refused.csv").read_text("utf-8-sig").splitlines()))[1:]
    assert [row[0] for row in refused] == ["5", "6", "7", "8"]
    one = Customer.objects.get(name="王芳")
    assert said(one) == ("yes", "writing", "root") and f"{timezone.localtime(one.consent_at):%F %T}" == "2026-01-31 10:30:00"
    assert [*map(said, Customer.objects.filter(name__in=["李强", "赵敏"]).order_by("id"))] == [("no", "", "root"), ("", "", None)]
    export = jobs.start(root, "customers.export", {"kind": "csv", "filters": ""})
    jobs.run(export.pk)
    export.refresh_from_db()
    data = (jobs.folder(export) / "result").read_bytes()
    Customer.objects.all().delete()
    assert imported(data).report == {"added": 3}
    again = Customer.objects.get(name="王芳")
    assert said(again) == ("yes", "writing", "root") and again.consent_at == one.consent_at
    assert imported(data.replace(b"in writing", b"online"), known="update").report["changed"] == 3
    assert said(again) == ("yes", "online", "root")


def test_given_another_system_when_it_sends_and_fetches_customers_then_consent_goes_along() -> None:
    key = customer_sync.save(None, {"name": "王芳", "phones": ONE, "consent": "yes", "consent_how": "online", "consent_at": ""})
    assert said(Customer.objects.get(pk=key)) == ("yes", "online", None)
    texts = customer_sync.load([key])[key]
    assert (texts["consent"], texts["consent_how"], len(texts["consent_at"])) == ("yes", "online", 16)
    assert (
        customer_sync.save(key, {"name": "王芳", **{name: texts[name] for name in ("consent", "consent_at", "consent_how")}})
        == key
    )
    assert said(Customer.objects.get(pk=key)) == ("yes", "online", None)


@pytest.mark.parametrize(
    ("kept", "gone", "left"),
    [("", "yes", "yes"), ("", "no", "no"), ("yes", "no", "no"), ("no", "yes", "no"), ("yes", "", "yes"), ("yes", "yes", "yes")],
)
def test_given_two_who_are_one_when_merged_then_who_has_once_said_no_has_not_agreed_and_undone_each_has_their_own(
    alice: Any, kept: str, gone: str, left: str
) -> None:
    how = {"yes": "call", "no": "", "": ""}
    one, two = (
        add_customer({"name": name, "consent": word, "consent_how": how[word]}, [number], by=alice)
        for name, number, word in (("王芳", ONE, kept), ("王小芳", TWO, gone))
    )
    before = [(*said(row), row.consent_at) for row in (one, two)]
    done = merging.merge(one, two, alice)
    assert said(one)[0] == left
    merging.undo(done, alice)
    assert [(*said(row), row.consent_at) for row in (one, two)] == before


# -- asked before anybody is dialled -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consent", "own", "state"),
    [("yes", False, "open"), ("", False, "refused"), ("no", False, "refused"), ("", True, "open"), ("no", True, "open")],
)
def test_given_a_call_that_needs_consent_when_it_is_due_then_only_who_gave_it_is_called_or_agreed_to_this_one(
    alice: Any, core: Core, sheet: Script, consent: str, own: bool, state: str
) -> None:
    who = add_customer({"name": "王芳", "consent": consent, "consent_how": "call" if consent == "yes" else ""}, [ONE])
    task = planned(alice, customer=who, kind="survey", script=sheet, consent=own)
    free = planned(alice, customer=who, kind="follow_up")
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    assert (state_of(task), state_of(free)) == (state, "open")
    assert task.result == ("no_consent" if state == "refused" else "")
    assert (str(task.callback) in core.owed) == (state == "open")


def test_given_calls_that_wait_when_the_consent_is_withdrawn_then_the_core_is_told_at_once_and_keeps_what_was_agreed(
    alice: Any, core: Core, sheet: Script
) -> None:
    who = add_customer({"name": "王芳", **YES}, [ONE])
    other = add_customer({"name": "李强", **YES}, [TWO])
    task, agreed, others = (
        planned(alice, customer=one, kind="survey", script=sheet, consent=own)
        for one, own in ((who, False), (who, True), (other, False))
    )
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    assert len(core.owed) == 3
    change_customer(who, {"consent": "no"}, by=alice)
    assert [event.callback for event in core.takes_up()] == [str(task.callback)]
    tasks.release_outbound()
    assert core.takes_up() == []  # said once
    assert (state_of(task), task.result, state_of(agreed), state_of(others)) == ("refused", "no_consent", "open", "open")
    assert core.owed == [str(agreed.callback), str(others.callback)]


def test_given_the_core_away_when_a_consent_is_withdrawn_then_it_is_told_again_till_it_is_so(
    alice: Any, core: Core, sheet: Script
) -> None:
    who = add_customer({"name": "王芳", **YES}, [ONE])
    task = planned(alice, customer=who, kind="survey", script=sheet)
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    change_customer(who, {"consent": ""}, by=alice)
    core_is_late()
    assert core.takes_up() == [] and core.owed == [str(task.callback)]  # too old for a click
    calls.Request.objects.filter(action="WithdrawConsent").update(created_at=timezone.now() - timedelta(minutes=2))
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    assert (core.owed, state_of(task)) == ([], "refused")
    assert outbound.withdraw() == 0


def test_given_a_kind_that_needs_consent_from_now_on_then_those_that_wait_are_given_up(alice: Any, core: Core) -> None:
    task = planned(alice, customer=add_customer({"name": "王芳"}, [ONE]), kind="visit")
    tasks.release_outbound()
    core.takes_up()
    tasks.release_outbound()
    assert state_of(task) == "open" and outbound.withdraw() == 0
    calls.CentreSettings.objects.create(id=1, needs_consent=["visit"])
    assert outbound.withdraw() == 1


def test_given_a_call_that_an_agent_promised_then_the_customer_has_agreed_to_that_one(alice: Any) -> None:
    who = service.customer()
    day = timezone.localdate() + timedelta(days=1)
    save_record("c1", alice, "1001", {"customer": who, "follow_up": day, "summary": "问尺码"})
    assert OutboundTask.objects.get().consent

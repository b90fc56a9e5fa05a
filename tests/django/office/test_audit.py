"""What was done is written down, and nobody rewrites it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

pytestmark = pytest.mark.django_db
URL = "/api/office/branches/"


def test_given_changes_when_made_then_the_log_says_who_what_from_and_to(login: Callable[..., Any]) -> None:
    root = login("root", "admin")
    made = root.post(URL, {"code": "one", "name": "One"}).json()
    root.patch(f"{URL}{made['id']}/", {"city": "Wuhan", "logins": ["root"]}, headers={"If-Match": '"1"'})
    root.delete(f"{URL}{made['id']}/", headers={"If-Match": '"2"'})
    log = root.get("/api/office/audit/", {"entity": "office.branch", "key": made["id"], "ordering": "id"}).json()["results"]
    assert [(entry["user"], entry["action"], entry["label"]) for entry in log] == [
        ("root", "branches.add", "One"), ("root", "branches.change", "One"), ("root", "branches.delete", "One"),
    ]  # fmt: skip
    assert log[1]["changes"] == {"city": ["", "Wuhan"], "logins": [[], ["root"]]}


def test_given_numbers_and_addresses_in_the_log_when_the_auditor_reads_then_they_are_masked(login: Callable[..., Any]) -> None:
    root, ada = login("root", "admin"), login("ada", "auditor")
    made = root.post(URL, {"code": "one", "name": "One +8613800138000", "phone": "+8613800138000", "address": "文三路9号"}).json()
    root.patch(f"{URL}{made['id']}/", {"address": "解放路1号", "city": "Wuhan"}, headers={"If-Match": '"1"'})
    whole, masked = (asker.get("/api/office/audit/", {"ordering": "id"}) for asker in (root, ada))
    assert all(text in whole.text for text in ("13800138000", "文三路9号", "解放路1号"))
    assert not any(text in masked.text for text in ("13800138000", "文三路9号", "解放路1号"))
    assert masked.json()["results"][1]["changes"] == {"city": ["", "Wuhan"], "address": ["文三****", "解放****"]}


def test_given_the_log_when_filtered_then_by_who_and_when(login: Callable[..., Any]) -> None:
    root, eve = login("root", "admin"), login("eve", "office_admin")
    root.post(URL, {"code": "one", "name": "One"})
    eve.post(URL, {"code": "two", "name": "Two"})

    def found(**query: Any) -> list[str]:
        return [entry["label"] for entry in root.get("/api/office/audit/", query).json()["results"]]

    assert found(user="eve") == ["Two"]
    assert found(action="branches.add", ordering="id") == ["One", "Two"]
    assert found(until=(timezone.now() - timedelta(hours=1)).isoformat()) == []
    assert eve.get("/api/office/audit/").status_code == 403
    assert login("ada", "auditor").get("/api/office/audit/").status_code == 200
    assert root.post("/api/office/audit/", {}).status_code == 405


@pytest.mark.parametrize("statement", ["UPDATE office_auditentry SET action = 'x.y'", "DELETE FROM office_auditentry"])
def test_given_an_entry_when_somebody_rewrites_it_then_the_database_refuses(statement: str, login: Callable[..., Any]) -> None:
    login("root", "admin").post(URL, {"code": "one", "name": "One"})
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_given_an_entry_older_than_three_years_when_deleted_then_it_goes(login: Callable[..., Any]) -> None:
    from ccenter.office.models import AuditEntry

    now = timezone.now()
    for days in (365 * 3 + 3, 365 * 3 - 3):
        AuditEntry.objects.create(action="a.b", entity="x", key=str(days), at=now - timedelta(days=days))
    old = AuditEntry.objects.order_by("at")
    old[0].delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry.objects.get().delete()


def test_given_values_of_all_kinds_when_written_down_then_they_can_be_read(login: Callable[..., Any]) -> None:
    from ccenter.office.audit import audit
    from ccenter.office.models import Branch

    branch = Branch.objects.create(code="one", name="One")
    day = timezone.now().date()
    values = {"a": (None, Decimal("1.50")), "b": (day, branch), "c": ("x" * 600, b"123"), "d": ([branch], {1})}
    entry = audit(None, "branches.change", branch, values)
    entry.refresh_from_db()
    assert entry.user is None
    assert entry.changes == {
        "a": [None, "1.50"], "b": [day.isoformat(), branch.pk], "c": ["x" * 500 + "…", "(3 bytes)"], "d": [[branch.pk], [1]],
    }  # fmt: skip


def test_given_a_log_when_filtered_by_a_name_then_only_their_entries_come_and_none_of_nobody(login: Callable[..., Any]) -> None:
    root = login("root", "admin")
    made = root.post("/api/office/branches/", {"code": "sh1", "name": "上海一店"})
    assert made.status_code == 201

    def found(name: str) -> set[str]:
        return {row["user"] for row in root.get("/api/office/audit/", {"user": name}).json()["results"]}

    assert (found("root"), found("nobody")) == ({"root"}, set())

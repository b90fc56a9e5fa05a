"""Complaints and work orders into a file, as whoever asks may see them."""

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ccenter.calls.models import Agent, SeatGroup
from ccenter.office import jobs
from ccenter.office.models import Job, Right
from crm.models import Ticket
from tests.django.crm.service import agent, branch, customer, ticket
from tests.django.office.pages import browser
from tests.django.people import client, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena(settings: Any, tmp_path: Any) -> Any:
    """A lead of a group with alice in it, who took two complaints of 王芳; one is bob's, of another group."""
    settings.MEDIA_ROOT = tmp_path
    lena, alice, bob = person("lena", "lead"), agent(), agent("bob", "1002")
    Agent.objects.filter(user=bob).update(group=SeatGroup.objects.create(code="others"))
    wang = customer()
    wang.addresses.create(city="杭州市", street="文三路1号", main=True)
    ticket(alice, wang, "空气炸锅不加热", order="70001")
    ticket(alice, wang, "按摩椅左边不动")
    ticket(bob, wang, "空气炸锅有异味")
    return lena


def table(user: Any) -> list[dict[str, Any]]:
    """The rows of the XLSX file that the last job made."""
    job = Job.objects.latest("pk")
    jobs.run(job.pk)
    assert job.owner == user
    book = CalamineWorkbook.from_filelike(io.BytesIO((jobs.folder(job) / "result").read_bytes()))
    head, *rows = book.get_sheet_by_index(0).to_python()
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_given_a_list_of_tickets_when_a_lead_exports_it_then_the_file_has_those_of_the_team(lena: Any) -> None:
    answer = browser(lena).post("/crm/tickets/export/?search=空气炸锅&open=true&ordering=due_at")
    assert answer.status_code == 200, answer.text
    rows = table(lena)
    assert [row["what happened"] for row in rows] == ["空气炸锅不加热"]
    assert (rows[0]["telephone"], rows[0]["order"], rows[0]["taken by"]) == ("13800138000", "70001", "alice")
    assert rows[0]["number"] == Ticket.objects.get(order="70001").number
    assert "文三路1号" in rows[0]["address"]


def test_given_who_reads_numbers_and_addresses_masked_then_they_are_masked_in_the_file(lena: Any) -> None:
    alice = Ticket.objects.get(order="70001").author
    Right.objects.filter(group__name="agent", action="calls.see_addresses").delete()
    Right.objects.create(group=alice.groups.get(), action="tickets.export", scope="all")
    browser(alice).post("/crm/tickets/export/", {"kind": "xlsx"})
    rows = table(alice)
    assert len(rows) == 3
    assert {row["telephone"] for row in rows} == {"138****8000"}
    assert not any("文三路1号" in row["address"] for row in rows)


def test_given_a_branch_with_the_right_then_only_what_was_handed_to_it_is_in_the_file(lena: Any) -> None:
    shop = person("shop", "branch")
    west = branch("west", shop)
    Ticket.objects.filter(order="70001").update(branch=west)
    Right.objects.create(group=shop.groups.get(), action="tickets.export", scope="branch")
    assert client(shop).post("/api/crm/ticket-exports/", {"kind": "xlsx"}).status_code == 202
    jobs.run(Job.objects.latest("pk").pk)
    assert Job.objects.latest("pk").done == 1


def test_given_a_filter_nobody_knows_or_no_right_when_asked_then_nothing_is_begun(lena: Any) -> None:
    assert client(lena).post("/api/crm/ticket-exports/", {"filters": "colour=red"}).status_code == 400
    assert client(agent("carl", "1003")).post("/api/crm/ticket-exports/", {}).status_code == 403
    assert not Job.objects.exists()
